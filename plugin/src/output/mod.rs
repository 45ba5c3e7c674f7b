//! Everything that is printed: data on stdout, all else on stderr.

mod changes;
mod diff;
mod findings;
mod frame;
mod progress;
mod screen;
mod style;
mod table;
mod tree;

use std::io::{IsTerminal, Write};

use serde_json::Value;

use crate::error::Failure;
use crate::safe::name;
use crate::serve::source::Source;
use crate::serve::validate::Findings;
use crate::yaml;

pub use crate::safe::one_line;
pub use changes::Changes;
pub use diff::{Side, unified};
pub use progress::{Part, Progress, Recent, Row};
pub use screen::Screen;
pub use style::{Style, Tone};
pub use table::{Cell, Look, NONE, Table, UNKNOWN, age, since};
pub use tree::{Node, Told, draw};

/// The process's two outputs, and what they can show.
pub struct Ui {
    stdout_live: bool,
    stderr_live: bool,
}

impl Ui {
    pub fn for_process() -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
        Self {
            stdout_live: std::io::stdout().is_terminal() && !dumb,
            stderr_live: std::io::stderr().is_terminal() && !dumb,
        }
    }

    /// Whether data may be drawn over.
    pub fn redraws(&self) -> bool {
        self.stdout_live
    }

    /// Colours of data.
    pub fn style(&self) -> Style {
        Style::new(self.stdout_live)
    }

    /// Colours of everything else.
    pub fn note_style(&self) -> Style {
        Style::new(self.stderr_live)
    }

    /// Data, exactly as given.
    pub fn data(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = std::io::stdout().lock();
        stdout
            .write_all(bytes)
            .and_then(|()| stdout.flush())
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::BrokenPipe => Failure::OutputClosed,
                _ => Failure::Failed(format!("cannot write the output: {error}")),
            })
    }

    pub fn json(&self, document: &Value) -> Result<(), Failure> {
        self.data(format!("{document:#}\n").as_bytes())
    }

    pub fn yaml(&self, document: &Value) -> Result<(), Failure> {
        self.data(yaml::to_string(document).as_bytes())
    }

    /// One line of data, whose names may go into another program.
    pub fn line(&self, line: &str) -> Result<(), Failure> {
        self.data(format!("{}\n", name(line)).as_bytes())
    }

    /// One line for the person at the terminal.
    pub fn note(&self, line: &str) {
        // Nobody to tell when stderr is gone.
        let _ = writeln!(std::io::stderr(), "{}", one_line(line));
    }

    /// What is wrong with a file, for the person who wrote it.
    pub fn findings(&self, source: &Source, findings: &Findings) {
        let text = findings::render(source, findings, self.note_style());
        // As for a note.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }

    /// Something to know that stops nothing, in kubectl's form.
    pub fn warning(&self, message: &str) {
        self.note(&format!("Warning: {message}"));
    }

    pub fn error(&self, message: &str) {
        self.note(&format!("error: {message}"));
    }

    /// Help and version are data; a usage error is not.
    pub fn clap(&self, error: &clap::Error) -> u8 {
        let _ = error.print();
        if error.use_stderr() { 2 } else { 0 }
    }

    pub fn progress(&self) -> Progress {
        Progress::new(self.stderr_live, self.note_style())
    }
}
