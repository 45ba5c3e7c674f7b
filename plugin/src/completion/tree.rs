//! Our clap tree with what completes each value, and without what cannot come next.

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use clap::{Arg, Command};
use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};

use super::typed::Typed;
use super::values::{Hints, Paths, Values};
use crate::safe::{is_harmless, is_plain_text, is_plain_word, one_line};

/// The tree for completing `word` after what was `typed`.
pub fn completing(
    tree: Command,
    typed: Typed,
    word: &OsStr,
    paths: Paths,
    hints: &Hints,
) -> Command {
    let flags = word.as_encoded_bytes().starts_with(b"-");
    let typed = Arc::new(typed);
    let each = |command: &str, arg: Arg| {
        let spent = typed.is_spent(&arg);
        let values = Values::of(command, &arg);
        // As kubectl: flags are offered to who begins one.
        let arg = arg.hide(spent || !flags);
        // A flag without its value counts as given, and here comes the value.
        match values.filter(|_| !spent || !arg.is_positional()) {
            Some(values) => {
                let (typed, hints) = (Arc::clone(&typed), hints.clone());
                arg.add(ArgValueCompleter::new(move |word: &OsStr| {
                    candidates(values, word, &typed, paths, &hints)
                }))
            }
            None => arg,
        }
    };
    of_each(tree, &|command| {
        let name = command.get_name().to_owned();
        // These two flags are clap's and not yet among the arguments.
        let command = command
            .disable_help_flag(!flags)
            .disable_version_flag(!flags);
        command.mut_args(|arg| each(&name, arg))
    })
}

fn of_each(tree: Command, change: &impl Fn(Command) -> Command) -> Command {
    change(tree).mut_subcommands(|sub| of_each(sub, change))
}

fn candidates(
    values: Values,
    word: &OsStr,
    typed: &Typed,
    paths_of: Paths,
    hints: &Hints,
) -> Vec<CompletionCandidate> {
    if let Values::Path(kind) = values {
        if paths_of == Paths::Shell {
            hints.give(kind);
            return Vec::new();
        }
        let mut paths = PathCompleter::file().complete(word);
        paths.retain(|path| {
            let path = path.get_value().to_str();
            path.is_some_and(|path| match paths_of {
                Paths::Unquoted => is_plain_word(path),
                _ => path.chars().all(is_harmless),
            })
        });
        return paths;
    }
    let Some(word) = word.to_str() else {
        return Vec::new();
    };
    let named = values.complete(word, typed, hints).into_iter();
    named
        // Whoever may deploy chooses names, and kubectl's script for bash evaluates the line.
        .filter(|named| named.name.starts_with(word) && is_plain_word(&named.name))
        .map(|named| {
            // Some scripts expand what they show.
            let about = Some(one_line(&named.about)).filter(|about| is_plain_text(about));
            CompletionCandidate::new(named.name).help(about.map(Into::into))
        })
        .collect()
}

/// The engine shows hidden flags where there is nothing else.
pub fn is_hidden_flag(candidate: &CompletionCandidate) -> bool {
    let is_flag = |id: &String| id.starts_with("arg::");
    candidate.is_hide_set() && candidate.get_id().is_some_and(is_flag)
}

/// `--dry-run` and the like have their value behind `=` or none at all, but clap_complete takes the
/// next word for it: an `=` tells it that there is none.
pub fn end_optional_values(tree: &Command, words: &mut [OsString]) {
    for word in words {
        let name = word.to_str().and_then(|word| word.strip_prefix("--"));
        if name.is_some_and(|name| has_optional_value(tree, name)) {
            word.push("=");
        }
    }
}

fn has_optional_value(tree: &Command, name: &str) -> bool {
    let mut args = tree.get_arguments();
    args.any(|arg| arg.get_long() == Some(name) && arg.is_require_equals_set())
        || tree
            .get_subcommands()
            .any(|sub| has_optional_value(sub, name))
}
