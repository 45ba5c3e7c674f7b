//! Our clap tree with what completes each value, and without what cannot come next.

use std::ffi::{OsStr, OsString};
use std::sync::{Arc, OnceLock};

use clap::{Arg, Command};
use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};
use kuberay::resource::QUALIFIED;
use ray_serve_client::logs::files::Step;

use super::names::{self, Named};
use super::typed::Typed;
use crate::connect::kubeconfig::Kind;
use crate::safe::{is_harmless, is_plain_text, is_plain_word, one_line};

/// As the help calls what is completed.
pub const CLUSTER: &str = "CLUSTER";
pub const APPLICATION: &str = "APP";
const LOG: &str = "APP[/DEPLOYMENT[/REPLICA]]";
const FILE: &str = "FILE";
const CODE: &str = "DIR|FILE";
const CODE_OF_APPLICATION: &str = "[APP=]DIR|FILE";
/// The one command whose CLUSTER is not there yet.
const CREATE: &str = "create";

/// Who completes paths.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Paths {
    /// The shell, which is told to: it knows `~`, quotes and colours.
    Shell,
    /// This program, where there is no way to tell the shell, which quotes what it inserts.
    Here,
    /// This program, for a shell that inserts what it is given.
    Unquoted,
}

/// What the shell is to know besides the candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// More may follow in the same word.
    NoSpace,
    Files,
    Manifests,
}

/// Filled in while candidates are looked for.
#[derive(Clone, Default)]
pub struct Hints(Arc<OnceLock<Hint>>);

impl Hints {
    fn give(&self, hint: Hint) {
        // One value is completed at a time.
        let _ = self.0.set(hint);
    }

    pub fn get(&self) -> Option<Hint> {
        self.0.get().copied()
    }
}

/// What can be given for an argument.
#[derive(Clone, Copy)]
enum Values {
    Clusters,
    Applications,
    Logs,
    Routes,
    Namespaces,
    Kubeconfig(Kind),
    Path(Hint),
}

impl Values {
    fn of(command: &str, arg: &Arg) -> Option<Self> {
        let values = match (arg.get_id().as_str(), value_name(arg)?) {
            ("namespace", _) => Self::Namespaces,
            ("context", _) => Self::Kubeconfig(Kind::Context),
            ("cluster", _) => Self::Kubeconfig(Kind::Cluster),
            ("user", _) => Self::Kubeconfig(Kind::User),
            ("filename", _) => Self::Path(Hint::Manifests),
            ("path", _) => Self::Routes,
            (_, CLUSTER) if command != CREATE => Self::Clusters,
            (_, APPLICATION) => Self::Applications,
            (_, LOG) => Self::Logs,
            (_, FILE | CODE | CODE_OF_APPLICATION) => Self::Path(Hint::Files),
            _ => return None,
        };
        Some(values)
    }

    fn complete(self, word: &str, typed: &Typed, hints: &Hints) -> Vec<Named> {
        match self {
            Self::Clusters => behind_kind(word, |_| names::clusters(typed)),
            Self::Applications => behind_kind(word, |_| names::applications(typed)),
            Self::Logs => behind_kind(word, |path| {
                let steps = names::logs(typed, path);
                if steps.iter().any(|step| step.goes_on) {
                    hints.give(Hint::NoSpace);
                }
                let named = |step: Step| Named {
                    name: step.path,
                    about: step.state,
                };
                steps.into_iter().map(named).collect()
            }),
            Self::Routes => {
                hints.give(Hint::NoSpace);
                names::routes(typed)
            }
            Self::Namespaces => names::namespaces(typed),
            Self::Kubeconfig(entry) => names::kubeconfig(typed, entry),
            Self::Path(_) => Vec::new(),
        }
    }
}

pub fn value_name(arg: &Arg) -> Option<&str> {
    Some(arg.get_value_names()?.first()?.as_str())
}

/// `KIND/NAME`, as `-o name` prints it, is as good as `NAME`.
fn behind_kind(word: &str, names: impl Fn(&str) -> Vec<Named>) -> Vec<Named> {
    let kinds = ["raycluster", QUALIFIED, "application"];
    let kind = word.split_once('/').map(|(kind, _)| kind);
    let kind = kind.filter(|kind| kinds.contains(kind));
    let kind = kind.map_or("", |kind| &word[..=kind.len()]);
    let mut found = names(&word[kind.len()..]);
    for named in &mut found {
        named.name.insert_str(0, kind);
    }
    found
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// Names that are there, and paths, but for one that is only sometimes a path.
    fn is_known(name: &str) -> bool {
        let parts = [CLUSTER, APPLICATION, FILE];
        name != "DATA|@FILE|-" && parts.iter().any(|part| name.contains(part))
    }

    fn incomplete(command: &Command) -> Vec<String> {
        let args = command.get_arguments().filter(|arg| {
            let name = value_name(arg).filter(|_| arg.get_action().takes_values());
            name.is_some_and(is_known) && Values::of(command.get_name(), arg).is_none()
        });
        let own = args.map(|arg| format!("{}: {arg}", command.get_name()));
        own.chain(command.get_subcommands().flat_map(incomplete))
            .collect()
    }

    #[test]
    fn what_has_names_or_is_a_path_is_completed() {
        let tree = crate::cli::Cli::command();
        assert_eq!(incomplete(&tree), ["create: <CLUSTER>"]);
    }
}
