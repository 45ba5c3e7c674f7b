//! One picture of what is waited for, cut to fit the terminal.

use terminal_size::{Height, Width, terminal_size_of};

use super::style::{Style, Tone};
use crate::safe::{name, one_line};

const GAP: &str = "   ";
const INDENT: &str = "  ";

/// Something that is waited for, and the parts it is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// "application/fruit_app"
    pub subject: String,
    pub state: String,
    pub done: bool,
    pub parts: Vec<Part>,
}

/// Shown under its row on a terminal; elsewhere only its trouble is worth a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// "deployment/MangoStand"
    pub subject: String,
    pub state: String,
    pub trouble: Option<String>,
}

impl Row {
    pub fn new(subject: impl Into<String>, state: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            state: state.into(),
            ..Self::default()
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Size {
    /// Asked for anew with each picture: windows change.
    pub(super) fn of_terminal() -> Self {
        match terminal_size_of(std::io::stderr()) {
            Some((Width(width), Height(height))) if width > 0 && height > 0 => Self {
                width: width.into(),
                height: height.into(),
            },
            _ => Self {
                width: 80,
                height: 24,
            },
        }
    }
}

pub(super) struct Frame<'a> {
    pub(super) style: Style,
    pub(super) elapsed: &'a str,
    pub(super) size: Size,
}

/// Which parts are shown.
type Choice = dyn Fn(&Row, &Part) -> bool;

impl Frame<'_> {
    /// At most one line less than the terminal has: the cursor stands below.
    pub(super) fn lines(&self, rows: &[Row]) -> Vec<String> {
        let room = self.size.height.saturating_sub(1).max(1);
        let all = |_: &Row, _: &Part| true;
        let unfinished = |row: &Row, _: &Part| !row.done;
        let in_trouble = |_: &Row, part: &Part| part.trouble.is_some();
        let levels: [&Choice; 3] = [&all, &unfinished, &in_trouble];
        let mut lines = Vec::new();
        for shown in levels {
            lines = self.with_parts(rows, shown);
            if lines.len() <= room {
                return lines;
            }
        }
        let hidden = lines.len() - (room - 1);
        lines.truncate(room - 1);
        let more = format!("{} and {hidden} more", self.style.glyphs.ellipsis());
        lines.push(self.cut(&more, self.size.width));
        lines
    }

    fn with_parts(&self, rows: &[Row], shown: &Choice) -> Vec<String> {
        let parts = |row: &Row| -> Vec<Part> {
            let parts = row.parts.iter().filter(|part| shown(row, part));
            parts.cloned().collect()
        };
        let names = rows.iter().flat_map(|row| {
            let parts = parts(row);
            let parts = parts
                .into_iter()
                .map(|part| INDENT.len() + name(&part.subject).chars().count());
            parts.chain([name(&row.subject).chars().count()])
        });
        let column = names.max().unwrap_or(0);
        let mut lines = Vec::new();
        for row in rows {
            let state = if row.done {
                row.state.clone()
            } else {
                format!("{} ({})", row.state, self.elapsed)
            };
            lines.push(self.line("", &row.subject, &state, column));
            for part in parts(row) {
                let state = match &part.trouble {
                    Some(trouble) => format!("{}: {trouble}", part.state),
                    None => part.state.clone(),
                };
                lines.push(self.line(INDENT, &part.subject, &state, column));
            }
        }
        lines
    }

    fn line(&self, indent: &str, subject: &str, state: &str, column: usize) -> String {
        let left = format!("{indent}{}", name(subject));
        let left = self.cut(&format!("{left:<column$}{GAP}"), self.size.width);
        let room = self.size.width.saturating_sub(left.chars().count());
        let state = one_line(state);
        // Words of Ray's are all capitals; the rest of a sentence has no colour.
        let word = state.find(|letter: char| !(letter.is_ascii_uppercase() || letter == '_'));
        let word = Some(word.unwrap_or(state.len())).filter(|word| *word > 1);
        let tone = Tone::of_state(&state[..word.unwrap_or(0)]);
        let cut = self.cut(&state, room);
        // What was cut off is marked, and the mark has no colour.
        let kept = if cut == state {
            cut.len()
        } else {
            cut.len().saturating_sub(self.style.glyphs.ellipsis().len())
        };
        let (status, rest) = cut.split_at(word.unwrap_or(0).min(kept));
        let status = self.style.paint(tone, status);
        format!("{left}{status}{rest}").trim_end().to_owned()
    }

    fn cut(&self, text: &str, width: usize) -> String {
        if text.chars().count() <= width {
            return text.to_owned();
        }
        let mark = self.style.glyphs.ellipsis();
        let kept = width.saturating_sub(mark.chars().count());
        let kept = text.chars().take(kept).chain(mark.chars());
        // A terminal may be narrower than the mark.
        kept.take(width).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, trouble: Option<&str>) -> Part {
        Part {
            subject: name.into(),
            state: "UPDATING, 0/1".into(),
            trouble: trouble.map(str::to_owned),
        }
    }

    fn rows() -> Vec<Row> {
        let done = Row {
            done: true,
            parts: vec![part("Fine", None)],
            ..Row::new("application/done", "RUNNING")
        };
        let going = Row {
            parts: vec![part("Slow", None), part("Stuck", Some("needs 100 CPU"))],
            ..Row::new("application/going", "DEPLOYING, 0/2 deployments healthy")
        };
        vec![done, going]
    }

    fn lines(width: usize, height: usize) -> Vec<String> {
        let frame = Frame {
            style: Style::PLAIN,
            elapsed: "5s",
            size: Size { width, height },
        };
        frame.lines(&rows())
    }

    #[test]
    fn names_and_states_line_up() {
        assert_eq!(
            lines(80, 24),
            [
                "application/done    RUNNING",
                "  Fine              UPDATING, 0/1",
                "application/going   DEPLOYING, 0/2 deployments healthy (5s)",
                "  Slow              UPDATING, 0/1",
                "  Stuck             UPDATING, 0/1: needs 100 CPU",
            ]
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in 1..60 {
            for line in lines(width, 24) {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
        }
        assert_eq!(lines(30, 24)[4], "  Stuck             UPDATING,…");
    }

    #[test]
    fn a_low_terminal_shows_what_matters() {
        assert_eq!(lines(80, 5).len(), 4, "finished applications in one line");
        assert_eq!(
            lines(80, 4)[2],
            "  Stuck             UPDATING, 0/1: needs 100 CPU"
        );
        assert_eq!(
            lines(80, 3),
            ["application/done    RUNNING", "… and 2 more"]
        );
        assert_eq!(lines(80, 1), ["… and 3 more"]);
    }

    #[test]
    fn states_have_their_colour_and_cutting_counts_what_is_seen() {
        let frame = Frame {
            style: Style::COLOURED,
            elapsed: "5s",
            size: Size {
                width: 24,
                height: 24,
            },
        };
        let row = Row::new("application/a", "DEPLOY_FAILED, \u{1b}[31mno");
        assert_eq!(
            frame.lines(&[row]),
            ["application/a   \u{1b}[31mDEPLOY_\u{1b}[0m…"]
        );
    }
}
