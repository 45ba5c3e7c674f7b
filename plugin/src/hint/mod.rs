//! Hints: what a user can do about an error. The error itself is a fact, which other programs share.
//!
//! Each kind of error has its hints in one `match`, in a file of this folder; those of `package`,
//! which stands above, are beside its errors. A failure of one command has its hint where it is
//! made: see [`crate::error::Failure::with_hint`]. Commands for hints
//! come from [`crate::connect::Next`], which adds the connection flags in force.

mod connect;
mod serve;

use std::fmt::Display;

/// Implemented by kinds of errors; most errors need no hint.
pub trait Hint {
    /// The next command, or the next thing to do; each line is a way of its own.
    fn hint(&self) -> Option<String>;
}

/// What to do about a time limit that passed.
pub fn longer(flag: &str) -> String {
    format!("raise {flag} to wait longer")
}

/// An error and its hint where there is room for one sentence: a cell, a page.
pub fn in_one(error: &(impl Hint + Display)) -> String {
    let hint = error
        .hint()
        .map(|hint| format!("; {}", hint.replace('\n', "; ")));
    format!("{error}{}", hint.unwrap_or_default())
}

/// What to do about a directory in which nothing of use was found; `recursive` is whether -R was given.
pub fn deeper(recursive: bool) -> Option<String> {
    (!recursive).then(|| "-R also looks into its directories".to_owned())
}

/// Both hints, the first one first.
pub fn both(first: Option<String>, second: Option<String>) -> Option<String> {
    match (first, second) {
        (Some(first), Some(second)) => Some(format!("{first}\n{second}")),
        (first, second) => first.or(second),
    }
}
