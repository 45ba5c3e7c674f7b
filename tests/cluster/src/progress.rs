//! Progress on stderr: one line per step, with the time it took.

use std::{
    fmt::Display,
    io::{IsTerminal, Write, stderr},
    time::Instant,
};

/// A step that is under way; its line ends with `done` or, where it fails, with the error printed by main.
pub struct Step {
    text: String,
    started: Instant,
    /// On a terminal the line is open and completed in place.
    open: bool,
}

/// Says what begins now.
pub fn step(text: impl Display) -> Step {
    let text = text.to_string();
    let open = stderr().is_terminal();
    if open {
        eprint!("{text} ... ");
        let _ = stderr().flush();
    }
    Step {
        text,
        started: Instant::now(),
        open,
    }
}

impl Step {
    pub fn done(mut self) {
        let seconds = self.started.elapsed().as_secs_f32();
        if self.open {
            eprintln!("{seconds:.1} s");
        } else {
            eprintln!("{} ... {seconds:.1} s", self.text);
        }
        self.open = false;
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if self.open {
            eprintln!();
        }
    }
}

pub fn note(text: impl Display) {
    eprintln!("{text}");
}
