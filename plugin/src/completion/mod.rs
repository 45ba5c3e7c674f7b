//! What may come next on a command line that somebody is typing.
//!
//! `clap_complete`'s engine walks our clap tree; what it cannot know, the names of things that are
//! there, is looked up as the words typed so far say. Two ask: kubectl, for whom the program has
//! another name, and the scripts of `completion SHELL`.

mod candidates;
pub mod cobra;
pub mod names;
pub mod scripts;
pub mod tree;
pub mod typed;
pub mod values;

use std::ffi::OsString;

use crate::cli::Program;
use crate::output::Ui;
use candidates::candidates;
use values::{Hints, Paths};

/// Who asks for completions.
pub enum Question {
    Kubectl(Program),
    Script(Program),
}

/// Nothing for a command line that is to be run.
pub fn question(argv: &[OsString]) -> Option<Question> {
    let program = Program::started_as(argv);
    if program.completes {
        return Some(Question::Kubectl(program));
    }
    scripts::asks(argv).then_some(Question::Script(program))
}

impl Question {
    /// Gives an exit code.
    pub fn answer(self, argv: Vec<OsString>, ui: &Ui) -> u8 {
        match self {
            Self::Kubectl(program) => for_kubectl(&program, argv, ui),
            Self::Script(program) => scripts::answer(&program, argv),
        }
    }
}

fn for_kubectl(program: &Program, mut words: Vec<OsString>, ui: &Ui) -> u8 {
    if words.len() < 2 {
        words.push(OsString::new());
    }
    let word = words.last().cloned().unwrap_or_default();
    let hints = Hints::default();
    let candidates = candidates(program, words, Paths::Shell, &hints);
    let answer = cobra::render(&candidates, &word, hints.get());
    match ui.data(answer.as_bytes()) {
        Ok(()) => 0,
        Err(failure) => failure.code(),
    }
}
