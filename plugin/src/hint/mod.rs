//! Hints: what a user can do about an error. The error itself is a fact, which other programs share.
//!
//! Each kind of error has its hints in one `match`, in a file of this folder. Commands for hints
//! come from [`crate::connect::Next`], which adds the connection flags in force.

mod connect;
mod serve;

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
pub fn in_one(error: &(impl Hint + ToString)) -> String {
    let hint = error
        .hint()
        .map(|hint| format!("; {}", hint.replace('\n', "; ")));
    format!("{}{}", error.to_string(), hint.unwrap_or_default())
}

/// Both hints, the first one first.
pub fn both(first: Option<String>, second: Option<String>) -> Option<String> {
    match (first, second) {
        (Some(first), Some(second)) => Some(format!("{first}\n{second}")),
        (first, second) => first.or(second),
    }
}
