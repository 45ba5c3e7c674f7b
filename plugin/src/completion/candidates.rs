//! The candidates for one word, whoever asks.

use std::ffi::OsString;

use clap_complete::engine::{CompletionCandidate, complete};

use super::tree;
use super::typed::Typed;
use super::values::{Hints, Paths};
use crate::cli::Program;

/// `words` are those up to the cursor: first the program, last the one that is being typed and may be
/// empty.
pub(super) fn candidates(
    program: &Program,
    mut words: Vec<OsString>,
    paths: Paths,
    hints: &Hints,
) -> Vec<CompletionCandidate> {
    let word = words.pop().unwrap_or_default();
    let root = program.tree();
    let typed = Typed::read(&root, &words);
    let mut tree = tree::completing(root, typed, &word, paths, hints);
    tree::end_optional_values(&tree, &mut words);
    let at = words.len();
    words.push(word);
    // The engine's only error is that there is nothing.
    let mut candidates = complete(&mut tree, words, at, None).unwrap_or_default();
    candidates.retain(|candidate| !tree::is_hidden_flag(candidate));
    candidates
}
