//! How waiting looks: a block that is redrawn on a terminal, a line per change elsewhere.

use std::collections::{HashMap, VecDeque};
use std::io::Write;
use std::time::Instant;

use super::block::Block;
use super::frame::{Frame, Row, Size};
use super::style::Style;
use super::table::age;
use crate::safe::{name, one_line};

/// The subject of the row that stands for all others before there are any.
const WAITING: &str = "waiting";

/// Reasons that were told of late. Two that alternate, as those of a failing image pull do, are no
/// news; one that comes back after others is.
#[derive(Debug, Default)]
pub struct Recent {
    reasons: VecDeque<String>,
}

impl Recent {
    const REMEMBERED: usize = 2;

    /// Whether `reason` is to be told.
    pub fn is_news(&mut self, reason: &str) -> bool {
        if self.reasons.iter().any(|known| known == reason) {
            return false;
        }
        if self.reasons.len() == Self::REMEMBERED {
            self.reasons.pop_front();
        }
        self.reasons.push_back(reason.to_owned());
        true
    }

    /// The state has changed: what is told next is news.
    pub fn forget(&mut self) {
        self.reasons.clear();
    }

    pub fn is_empty(&self) -> bool {
        self.reasons.is_empty()
    }
}

pub struct Progress {
    live: bool,
    style: Style,
    block: Block,
    seen: HashMap<String, String>,
    away: Recent,
    since: Instant,
    last: Vec<Row>,
}

impl Progress {
    pub(super) fn new(live: bool, style: Style) -> Self {
        Self {
            live,
            style,
            block: Block::default(),
            seen: HashMap::new(),
            away: Recent::default(),
            since: Instant::now(),
            last: Vec::new(),
        }
    }

    /// Shows the state of everything that is waited for.
    pub fn show(&mut self, rows: &[Row]) {
        if !self.away.is_empty() {
            // What was told before nobody answered is not what stands there last.
            self.seen.clear();
            self.away.forget();
        }
        self.print(rows);
    }

    fn print(&mut self, rows: &[Row]) {
        let text = if self.live {
            self.last = rows.to_vec();
            self.redrawn(rows, Size::of_terminal())
        } else {
            self.changes(rows)
        };
        print(&text);
    }

    /// Shows where things stood before anything changed: no news where only changes are printed.
    pub fn start(&mut self, rows: &[Row]) {
        if self.live {
            self.show(rows);
        }
    }

    /// Shows the same again with more time gone, where there is a clock to be seen.
    pub fn tick(&mut self) {
        if self.live {
            let text = self.redrawn(&self.last.clone(), Size::of_terminal());
            print(&text);
        }
    }

    /// Shows what is waited for where somebody answers.
    pub fn waiting(&mut self, why: &str) {
        self.show(&[Row::new(WAITING, why)]);
    }

    /// Shows why nobody answers.
    pub fn away(&mut self, why: &str) {
        if self.live || self.away.is_news(why) {
            self.seen.remove(WAITING);
            self.print(&[Row::new(WAITING, why)]);
        }
    }

    /// Shows what is of no interest once it is over, where it can be redrawn.
    pub fn passing(&mut self, subject: &str, state: String) {
        self.start(&[Row::new(subject, state)]);
    }

    /// Takes a redrawn block away: what came of it is said elsewhere.
    pub fn clear(&mut self) {
        print(&self.block.erased());
    }

    fn redrawn(&mut self, rows: &[Row], size: Size) -> String {
        let frame = Frame {
            style: self.style,
            elapsed: &age(self.since.elapsed()),
            size,
        };
        self.block.over(&frame.lines(rows))
    }

    fn changes(&mut self, rows: &[Row]) -> String {
        let mut text = String::new();
        for row in rows {
            self.change(&row.subject, &row.state, &mut text);
            for part in &row.parts {
                if let Some(trouble) = &part.trouble {
                    let subject = format!("{} {}", row.subject, part.subject);
                    let state = format!("{}: {trouble}", part.state);
                    self.change(&subject, &state, &mut text);
                }
            }
        }
        text
    }

    fn change(&mut self, subject: &str, state: &str, text: &mut String) {
        if self.seen.get(subject).is_none_or(|seen| seen != state) {
            text.push_str(&format!("{}: {}", name(subject), one_line(state)));
            text.push('\n');
            self.seen.insert(subject.to_owned(), state.to_owned());
        }
    }
}

fn print(text: &str) {
    let mut stderr = std::io::stderr().lock();
    // Nobody to tell when stderr is gone.
    let _ = stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Part;

    fn row(state: &str, trouble: Option<&str>) -> Row {
        Row {
            parts: vec![Part {
                subject: "deployment/D".into(),
                state: "UPDATING".into(),
                trouble: trouble.map(str::to_owned),
            }],
            ..Row::new("application/a", state)
        }
    }

    #[test]
    fn elsewhere_only_changes_are_printed() {
        let mut progress = Progress::new(false, Style::PLAIN);
        let mut printed = |row: Row| progress.changes(&[row]);
        assert_eq!(printed(row("X", None)), "application/a: X\n");
        assert_eq!(printed(row("X", None)), "");
        assert_eq!(
            printed(row("Y", Some("no\nnode"))),
            "application/a: Y\napplication/a deployment/D: UPDATING: no node\n"
        );
        assert_eq!(printed(row("Y", Some("no\nnode"))), "");
    }

    #[test]
    fn a_reason_that_comes_back_is_told_again_and_two_that_alternate_are_not() {
        let told = |reasons: &[&'static str]| {
            let mut recent = Recent::default();
            let news = reasons.iter().copied();
            news.filter(|reason| recent.is_news(reason))
                .collect::<Vec<_>>()
        };
        assert_eq!(told(&["a", "b", "a", "b", "b", "a"]), ["a", "b"]);
        assert_eq!(told(&["a", "b", "c", "a"]), ["a", "b", "c", "a"]);
        let mut recent = Recent::default();
        assert!(recent.is_news("a") && !recent.is_news("a"));
        recent.forget();
        assert!(recent.is_news("a"));
    }

    #[test]
    fn a_block_is_drawn_over_the_last_one_and_never_blank_in_between() {
        let mut progress = Progress::new(true, Style::PLAIN);
        let size = Size {
            width: 40,
            height: 10,
        };
        let first = progress.redrawn(&[row("X", None)], size);
        assert!(!first.contains("A\r") && first.matches('\n').count() == 2);
        let second = progress.redrawn(&[Row::new("application/a", "Y")], size);
        assert_eq!(
            second,
            "\u{1b}[2A\r\u{1b}[?7lapplication/a   Y (0s)\u{1b}[K\n\u{1b}[J\u{1b}[?7h"
        );
    }
}
