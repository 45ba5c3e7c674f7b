//! Scripts that complete the program under its own name, and what they are answered.
//!
//! Both are `clap_complete`'s, as the ways of each shell are. Only which candidates there are is ours.

use std::env;
use std::ffi::OsString;
use std::io;

use clap::builder::StyledStr;
use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};

use super::candidates::candidates;
use super::values::{Hints, Paths};
use crate::cli::Program;
use crate::command::completion::{Args, BASH};
use crate::error::Failure;
use crate::output::Ui;

/// Set by the scripts to the name of their shell.
const VARIABLE: &str = "KUBECTL_RAY_COMPLETE";
/// Set by those of shells where words may follow the one at the cursor, which this is the index of.
const INDEX: &str = "_CLAP_COMPLETE_INDEX";
/// What comes before the words.
const WORDS: &str = "--";

/// bash splits words at `=` and `:`, which `clap_complete`'s script takes for words of their own.
const JOIN: &str = include_str!("join.bash");

/// The command `completion`.
pub fn print(args: &Args, program: &Program, ui: &Ui) -> Result<(), Failure> {
    let script = script(&args.shell, &program.name);
    let failed = |error| Failure::Failed(format!("cannot write the script: {error}"));
    ui.data(script.map_err(failed)?.as_bytes())
}

/// The script of one of the shells for a program that is on PATH, wherever an update puts it.
pub fn script(shell: &str, program: &str) -> io::Result<String> {
    let shells = Shells::builtins();
    let known = shells.completer(shell);
    let known = known.ok_or_else(|| io::Error::other(format!("{shell} is unknown")))?;
    let mut script = Vec::new();
    known.write_registration(VARIABLE, program, program, program, &mut script)?;
    let mut script = String::from_utf8_lossy(&script).into_owned();
    if shell == BASH {
        // As clap_complete makes the name of its function.
        let function = program.replace('-', "_");
        script += &JOIN.replace("NAME", &function).replace("BIN", program);
    }
    Ok(script)
}

pub fn asks(argv: &[OsString]) -> bool {
    argv.get(1).is_some_and(|word| word == WORDS) && env::var_os(VARIABLE).is_some()
}

/// Gives an exit code.
pub fn answer(program: &Program, argv: Vec<OsString>) -> u8 {
    let mut words = argv[2..].to_vec();
    let index = env::var(INDEX).ok().and_then(|index| index.parse().ok());
    let at: usize = index.unwrap_or(words.len().saturating_sub(1));
    // zsh leaves out an empty last word.
    words.resize(at + 1, OsString::new());
    let paths = if env::var_os(VARIABLE).is_some_and(|shell| shell == BASH) {
        Paths::Unquoted
    } else {
        Paths::Here
    };
    let found = candidates(program, words, paths, &Hints::default());
    let found: Vec<_> = found.iter().map(parts).collect();
    let told = CompleteEnv::with_factory(|| anywhere(&found))
        .var(VARIABLE)
        .try_complete(argv, None);
    // Nobody asked to be told why.
    u8::from(told.is_err())
}

type Parts = (OsString, Option<StyledStr>);

fn parts(candidate: &CompletionCandidate) -> Parts {
    (
        candidate.get_value().to_owned(),
        candidate.get_help().cloned(),
    )
}

/// A program that has these candidates for every word.
fn anywhere(found: &[Parts]) -> Command {
    let found = found.to_vec();
    let candidates = move || {
        let found = found.iter().cloned();
        found
            .map(|(value, help)| CompletionCandidate::new(value).help(help))
            .collect()
    };
    let words = Arg::new("words").num_args(0..).allow_hyphen_values(true);
    Command::new("words")
        .disable_help_flag(true)
        .arg(words.add(ArgValueCandidates::new(candidates)))
}
