//! kubectl's tables: upper-case headings, three spaces between columns, nothing cut off.

use std::time::Duration;

use crate::serve::ray_error::clean;

const GAP: &str = "   ";

pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(headings: &[&str]) -> Self {
        Self {
            rows: vec![
                headings
                    .iter()
                    .map(|heading| (*heading).to_owned())
                    .collect(),
            ],
        }
    }

    pub fn row(&mut self, cells: &[String]) {
        self.rows.push(
            cells
                .iter()
                .map(|cell| clean(cell).replace('\n', " "))
                .collect(),
        );
    }

    pub fn render(&self) -> String {
        let columns = self.rows.first().map_or(0, Vec::len);
        let width = |column: usize| {
            self.rows
                .iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let line: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            text.push_str(line.join(GAP).trim_end());
            text.push('\n');
        }
        text
    }
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
        table.row(&["größer".into(), "ok".into()]);
        table.row(&["a".into(), String::new()]);
        assert_eq!(table.render(), "NAME     STATUS\ngrößer   ok\na\n");
    }

    #[test]
    fn what_ray_reports_cannot_steer_the_terminal() {
        let mut table = Table::new(&["X"]);
        table.row(&["\u{1b}]0;title\u{7}\u{1b}[31mred\u{1b}[0m\rline\nnext".into()]);
        assert_eq!(table.render(), "X\nredline next\n");
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
