//! Everything that is printed: data on stdout, all else on stderr.

mod block;
mod changes;
mod diff;
mod findings;
pub mod flags;
mod foreign;
mod frame;
mod glyphs;
mod progress;
mod screen;
mod style;
mod table;
mod tree;

use std::cell::{Cell as Mutable, RefCell};
use std::io::{self, ErrorKind, IsTerminal, Write};

use serde_json::Value;

use crate::check::source::Source;
use crate::check::validate::Findings;
use crate::connect::trace::{LEVEL, Trace};
use crate::error::Failure;
use crate::safe::{name, visible_json, visible_yaml};

pub use crate::safe::one_line;
pub use changes::Changes;
pub use diff::{Side, unified};
pub use findings::render as findings;
use flags::{OutputFlags, Redrawing, When};
pub use foreign::Foreign;
pub use frame::{Part, Row};
pub use glyphs::Glyphs;
pub use progress::{Progress, Recent};
pub use screen::Screen;
pub use style::{Style, Tone};
pub use table::{Cell, Look, NONE, Table, UNKNOWN, age, since};
pub use tree::{Node, Told, draw};

/// The process's two outputs, and what they can show.
pub struct Ui {
    stdout: Stream,
    stderr: Stream,
    goes_on: Mutable<bool>,
    lost: RefCell<Option<io::Error>>,
}

/// One output, and what it can show.
struct Stream {
    is_terminal: bool,
    shows_escapes: bool,
    is_drawn_over: bool,
    style: Style,
}

impl Stream {
    fn new(is_terminal: bool, colours: When) -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
        let shows_escapes = is_terminal && !dumb;
        Self {
            is_terminal,
            shows_escapes,
            is_drawn_over: shows_escapes,
            style: Style::new(colours.is_on(shows_escapes), Glyphs::of_locale()),
        }
    }

    fn follow(&mut self, colours: When) {
        let glyphs = self.style.glyphs;
        self.style = Style::new(colours.is_on(self.shows_escapes), glyphs);
    }
}

impl Ui {
    pub fn for_process() -> Self {
        let colours = When::of_environment();
        Self {
            stdout: Stream::new(io::stdout().is_terminal(), colours),
            stderr: Stream::new(io::stderr().is_terminal(), colours),
            goes_on: Mutable::new(false),
            lost: RefCell::new(None),
        }
    }

    /// What was found out about the outputs is what the user's flags say instead.
    pub fn follow(&mut self, flags: &OutputFlags) {
        if let Some(colours) = flags.color {
            self.stdout.follow(colours);
            self.stderr.follow(colours);
        }
        if flags.progress == Redrawing::Plain {
            self.draw_nothing_over();
        }
    }

    /// From here on what is done matters, and not whether somebody reads about it: data that cannot
    /// be written ends nothing.
    pub fn go_on_unread(&self) {
        self.goes_on.set(true);
    }

    /// What became of data that could not be written meanwhile. A reader that has gone away wanted no
    /// more of it.
    pub fn written(&self) -> Result<(), Failure> {
        match self.lost.take() {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(cannot_write(&error)),
            _ => Ok(()),
        }
    }

    /// Whether data goes to a terminal, of whatever sort.
    pub fn is_terminal(&self) -> bool {
        self.stdout.is_terminal
    }

    /// Whether a person is there who can be asked: one who reads and writes.
    pub fn has_a_person(&self) -> bool {
        self.stdout.is_terminal && io::stdin().is_terminal()
    }

    /// Asks a question; everything but yes is no.
    pub fn asks(&self, question: &str) -> bool {
        let _ = write!(io::stderr(), "{} [y/N] ", one_line(question));
        let mut answer = String::new();
        let read = io::stdin().read_line(&mut answer);
        read.is_ok() && ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
    }

    /// Whether data may be drawn over.
    pub fn redraws(&self) -> bool {
        self.stdout.is_drawn_over
    }

    /// Lines for each HTTP request, if `verbosity` asks for them. On a terminal they would tear what
    /// is drawn over, so that nothing is.
    pub fn trace(&mut self, verbosity: u32) -> Trace {
        if verbosity < LEVEL {
            return Trace::default();
        }
        if self.stderr.is_terminal {
            self.draw_nothing_over();
        }
        Trace::to(note)
    }

    fn draw_nothing_over(&mut self) {
        self.stdout.is_drawn_over = false;
        self.stderr.is_drawn_over = false;
    }

    /// Colours of data.
    pub fn style(&self) -> Style {
        self.stdout.style
    }

    /// Colours of everything else.
    pub fn note_style(&self) -> Style {
        self.stderr.style
    }

    /// Data, exactly as given.
    pub fn data(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Ok(()) => Ok(()),
            Err(error) if self.goes_on.get() => {
                self.lost.borrow_mut().get_or_insert(error);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::OutputClosed),
            Err(error) => Err(cannot_write(&error)),
        }
    }

    /// Data that others made.
    pub fn foreign(&self) -> Foreign<'_> {
        Foreign::new(self, self.stdout.is_terminal)
    }

    pub fn json(&self, document: &Value) -> Result<(), Failure> {
        self.json_text(&format!("{document:#}\n"))
    }

    /// JSON, of one line or several documents.
    pub fn json_text(&self, json: &str) -> Result<(), Failure> {
        self.data(visible_json(json).as_bytes())
    }

    pub fn yaml(&self, document: &Value) -> Result<(), Failure> {
        self.data(visible_yaml(document).as_bytes())
    }

    /// One line of data, whose names may go into another program.
    pub fn line(&self, line: &str) -> Result<(), Failure> {
        self.data(format!("{}\n", name(line)).as_bytes())
    }

    /// One line for the person at the terminal.
    pub fn note(&self, line: &str) {
        note(line);
    }

    /// What is wrong with a file, for the person who wrote it.
    pub fn findings(&self, source: &Source, findings: &Findings) {
        let text = findings::render(source, findings, self.note_style());
        // As for a note.
        let _ = io::stderr().write_all(text.as_bytes());
    }

    /// Something to know that stops nothing, in kubectl's form.
    pub fn warning(&self, message: &str) {
        self.note(&format!("Warning: {message}"));
    }

    pub fn error(&self, message: &str) {
        self.note(&format!("error: {message}"));
    }

    /// What to do about an error that was just printed; further lines stand below the first.
    pub fn hint(&self, hint: Option<&str>) {
        const BEGIN: &str = "hint: ";
        let lines = hint.into_iter().flat_map(str::lines);
        for (number, line) in lines.enumerate() {
            let begin = if number == 0 { BEGIN } else { "" };
            self.note(&format!("{begin:width$}{line}", width = BEGIN.len()));
        }
    }

    /// Help and version are data; a usage error is not.
    pub fn clap(&self, error: &clap::Error) -> u8 {
        let _ = error.print();
        if error.use_stderr() { 2 } else { 0 }
    }

    pub fn progress(&self) -> Progress {
        Progress::new(self.stderr.is_drawn_over, self.note_style())
    }
}

fn note(line: &str) {
    // Nobody to tell when stderr is gone.
    let _ = io::stderr().write_all(format!("{}\n", one_line(line)).as_bytes());
}

fn cannot_write(error: &io::Error) -> Failure {
    Failure::Failed(format!("cannot write the output: {error}"))
}
