//! How waiting looks: a block that is redrawn on a terminal, a line per change elsewhere.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::time::Instant;

use super::one_line;
use super::table::age;

const NO_WRAP: &str = "\u{1b}[?7l";
const WRAP: &str = "\u{1b}[?7h";

pub struct Progress {
    live: bool,
    drawn: usize,
    seen: HashMap<String, String>,
    told: HashSet<String>,
    since: Instant,
}

impl Progress {
    pub(super) fn new(live: bool) -> Self {
        Self {
            live,
            drawn: 0,
            seen: HashMap::new(),
            told: HashSet::new(),
            since: Instant::now(),
        }
    }

    /// Shows the state of each subject.
    pub fn show(&mut self, states: &[(String, String)]) {
        let mut text = String::new();
        if self.live {
            self.erase(&mut text);
            // A line that wraps would be two to erase: the terminal cuts lines off meanwhile.
            text.push_str(NO_WRAP);
            for (subject, state) in states {
                text.push_str(&one_line(&format!(
                    "{subject}: {state} ({})",
                    age(self.since.elapsed())
                )));
                text.push('\n');
            }
            text.push_str(WRAP);
            self.drawn = states.len();
        } else {
            for (subject, state) in states {
                if self.seen.get(subject) != Some(state) {
                    text.push_str(&one_line(&format!("{subject}: {state}")));
                    text.push('\n');
                    self.seen.insert(subject.clone(), state.clone());
                }
            }
        }
        let mut stderr = std::io::stderr().lock();
        let _ = stderr
            .write_all(text.as_bytes())
            .and_then(|()| stderr.flush());
    }

    /// Shows what is waited for before there are states. Two reasons that alternate, as those of a
    /// failing image pull do, are each told once where nothing is redrawn.
    pub fn waiting(&mut self, why: &str) {
        let subject = "waiting".to_owned();
        if self.live || self.told.insert(why.to_owned()) {
            self.show(&[(subject, why.to_owned())]);
        }
    }

    /// Shows what is of no interest once it is over, where it can be redrawn.
    pub fn passing(&mut self, subject: &str, state: String) {
        if self.live {
            self.show(&[(subject.to_owned(), state)]);
        }
    }

    /// Takes a redrawn block away: what came of it is said elsewhere.
    pub fn clear(&mut self) {
        let mut text = String::new();
        self.erase(&mut text);
        let _ = std::io::stderr().write_all(text.as_bytes());
        self.drawn = 0;
    }

    fn erase(&self, text: &mut String) {
        if self.drawn > 0 {
            // Up by the lines drawn, and clear from there.
            text.push_str(&format!("\u{1b}[{}A\u{1b}[J", self.drawn));
        }
    }
}
