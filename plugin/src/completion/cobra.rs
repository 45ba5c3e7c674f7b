//! The answer in the form of cobra, which kubectl is made with: a candidate a line, its description
//! behind a tab, and at last a number that says what else the shell is to do.

use std::ffi::OsStr;

use clap_complete::engine::CompletionCandidate;

use super::values::Hint;

// cobra's ShellCompDirective; they add up.
const NO_SPACE: u8 = 2;
const NO_FILES: u8 = 4;
const WITH_EXTENSION: u8 = 8;
const DEFAULT: u8 = 0;

/// In place of candidates, as kubectl has it.
const EXTENSIONS: [&str; 3] = ["json", "yaml", "yml"];

pub fn render(candidates: &[CompletionCandidate], word: &OsStr, hint: Option<Hint>) -> String {
    // Of `--flag=value` the shell has only the value completed.
    let flag = word.to_str().filter(|word| word.starts_with('-'));
    let before = flag.and_then(|word| word.find('=')).map_or(0, |at| at + 1);
    let mut answer = String::new();
    for candidate in candidates {
        let value = candidate.get_value().to_string_lossy();
        answer += value.get(before..).unwrap_or_default();
        let help = candidate.get_help().map(ToString::to_string);
        if let Some(first) = help.as_deref().and_then(|help| help.lines().next()) {
            answer += "\t";
            answer += first;
        }
        answer += "\n";
    }
    let directive = match hint {
        None => NO_FILES,
        Some(Hint::NoSpace) => NO_FILES | NO_SPACE,
        Some(Hint::Files) => DEFAULT,
        Some(Hint::Manifests) => {
            answer = EXTENSIONS
                .map(|extension| format!("{extension}\n"))
                .concat();
            WITH_EXTENSION
        }
    };
    answer + &format!(":{directive}\n")
}
