//! kubectl's tables: upper-case headings, three spaces between columns, nothing cut off.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::style::{Style, Tone};
use crate::safe::{name, one_line};

const GAP: &str = "   ";

/// What stands where there is nothing to show, in kubectl's words.
pub const NONE: &str = "<none>";
pub const UNKNOWN: &str = "<unknown>";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    text: String,
    tone: Tone,
    ages: bool,
}

impl Cell {
    /// A message; what only names something is made from its text alone.
    pub fn new(text: &str, tone: Tone) -> Self {
        Self {
            text: one_line(text),
            tone,
            ages: false,
        }
    }

    /// A state in Ray's words, coloured by what it means.
    pub fn state(state: &str) -> Self {
        if state.is_empty() {
            return Self::new(UNKNOWN, Tone::Moving);
        }
        Self::new(state, Tone::of_state(state))
    }

    /// Some text, or that there is none.
    pub fn or_none(text: Option<&str>) -> Self {
        text.unwrap_or(NONE).into()
    }

    /// Changes by itself as time goes by, which is no news to somebody who watches.
    pub fn aging(text: &str) -> Self {
        Self {
            ages: true,
            ..text.into()
        }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        self.ages && other.ages || self.text == other.text
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self {
            text: name(text),
            ..Self::default()
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

/// How a table is shown: its colours, and whether its columns are named.
#[derive(Debug, Clone, Copy, Default)]
pub struct Look {
    pub style: Style,
    pub no_headers: bool,
}

pub struct Table {
    headings: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub fn new(headings: &[&str]) -> Self {
        Self {
            headings: headings.iter().map(|heading| (*heading).into()).collect(),
            rows: Vec::new(),
        }
    }

    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    pub fn rows(&self) -> &[Vec<Cell>] {
        &self.rows
    }

    pub(super) fn headings(&self) -> &[Cell] {
        &self.headings
    }

    pub fn render(&self, look: Look) -> String {
        let mut text = String::new();
        let widths = self.widths(look.no_headers);
        if !look.no_headers {
            text.push_str(&line(&self.headings, &widths, look.style));
        }
        for row in &self.rows {
            text.push_str(&line(row, &widths, look.style));
        }
        text
    }

    pub(super) fn widths(&self, no_headers: bool) -> Vec<usize> {
        let width = |column: usize| {
            let heading = if no_headers {
                0
            } else {
                self.headings[column].width()
            };
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(Cell::width).max().unwrap_or(0).max(heading)
        };
        (0..self.headings.len()).map(width).collect()
    }
}

pub(super) fn line(cells: &[Cell], widths: &[usize], style: Style) -> String {
    let last = cells.iter().rposition(|cell| !cell.text.is_empty());
    let mut text = String::new();
    for (column, cell) in cells
        .iter()
        .enumerate()
        .take(last.map_or(0, |last| last + 1))
    {
        if column > 0 {
            text.push_str(GAP);
        }
        text.push_str(&style.paint(cell.tone, &cell.text));
        if Some(column) != last {
            // After the colours, which have no width.
            let width = widths.get(column).copied().unwrap_or(0);
            text.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width())));
        }
    }
    text.push('\n');
    text
}

/// How long ago a time was that Ray gives, in seconds since 1970; 0 is never. A head whose clock is
/// ahead of ours did it just now.
pub fn since(seconds: f64, now: SystemTime) -> Option<Duration> {
    let seconds = Some(seconds).filter(|seconds| *seconds > 0.0)?;
    let at = UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)?;
    Some(now.duration_since(at).unwrap_or_default())
}

/// A duration as kubectl shows ages: two units while they matter, then one.
pub fn age(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    let two = |large: u64, large_unit: &str, small: u64, small_unit: &str| {
        if small == 0 {
            format!("{large}{large_unit}")
        } else {
            format!("{large}{large_unit}{small}{small_unit}")
        }
    };
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, "d", hours % 24, "h"),
        _ => format!("{days}d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_do_not_trail() {
        let mut table = Table::new(&["NAME", "STATUS"]);
        table.row(vec!["größer".into(), Cell::state("RUNNING")]);
        table.row(vec!["a".into(), "".into()]);
        assert_eq!(
            table.render(Look::default()),
            "NAME     STATUS\ngrößer   RUNNING\na\n"
        );
        let look = Look {
            style: Style::COLOURED,
            no_headers: true,
        };
        assert_eq!(
            table.render(look),
            "größer   \u{1b}[32mRUNNING\u{1b}[0m\na\n"
        );
    }

    #[test]
    fn what_ray_reports_cannot_steer_the_terminal() {
        let mut table = Table::new(&["X"]);
        let hostile = "\u{1b}]0;title\u{7}\u{1b}[31mred\u{1b}[0m\rline\nnext";
        table.row(vec![Cell::new(hostile, Tone::Bad)]);
        assert_eq!(table.render(Look::default()), "X\nredline next\n");
        let mut table = Table::new(&["X"]);
        table.row(vec!["pay\u{1b}[0m\u{200b}roll".into()]);
        assert_eq!(table.render(Look::default()), "X\npay\\x1b[0m\\u200broll\n");
    }

    #[test]
    fn ages_are_kubectl_s() {
        for (seconds, shown) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (3599, "59m"),
            (10_800, "3h"),
            (86_400, "24h"),
            (180_000, "2d2h"),
            (864_000, "10d"),
        ] {
            assert_eq!(age(Duration::from_secs(seconds)), shown);
        }
    }
}
