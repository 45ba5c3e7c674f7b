//! What can be given for which argument of which command.

use std::sync::{Arc, OnceLock};

use clap::Arg;
use kuberay::resource::QUALIFIED;
use ray_serve_client::logs::files::Step;

use super::names::{self, Named};
use super::typed::{APPLICATIONS, RAYCLUSTER, Typed};
use crate::connect::kubeconfig::Kind;

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
    pub(super) fn give(&self, hint: Hint) {
        // One value is completed at a time.
        let _ = self.0.set(hint);
    }

    pub fn get(&self) -> Option<Hint> {
        self.0.get().copied()
    }
}

/// What can be given for an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    Clusters,
    Applications,
    Logs,
    Routes,
    Namespaces,
    Kubeconfig(Kind),
    Path(Hint),
}

/// Flags that all commands have, by their ids.
const CONNECTION: [(&str, Values); 8] = [
    ("namespace", Values::Namespaces),
    ("context", Values::Kubeconfig(Kind::Context)),
    ("cluster", Values::Kubeconfig(Kind::Cluster)),
    ("user", Values::Kubeconfig(Kind::User)),
    ("kubeconfig", Values::Path(Hint::Files)),
    ("certificate_authority", Values::Path(Hint::Files)),
    ("client_certificate", Values::Path(Hint::Files)),
    ("client_key", Values::Path(Hint::Files)),
];

/// Arguments of single commands, because the same id may mean something else in another command:
/// the `RayCluster` of `create` is not there yet.
const OF_COMMANDS: [(&str, &[&str], Values); 7] = [
    (
        RAYCLUSTER,
        &[
            "submit",
            "get",
            "status",
            "config",
            "logs",
            "call",
            "dashboard",
            "delete",
            "diff",
            "version",
        ],
        Values::Clusters,
    ),
    (
        APPLICATIONS,
        &["get", "config", "delete"],
        Values::Applications,
    ),
    ("target", &["logs"], Values::Logs),
    ("path", &["call"], Values::Routes),
    (
        "filename",
        &["submit", "diff", "inject", "validate"],
        Values::Path(Hint::Manifests),
    ),
    (
        "working_dir",
        &["submit", "diff"],
        Values::Path(Hint::Files),
    ),
    ("py_modules", &["submit", "diff"], Values::Path(Hint::Files)),
];

impl Values {
    pub fn of(command: &str, arg: &Arg) -> Option<Self> {
        let id = arg.get_id().as_str();
        if arg.is_global_set() {
            let mut flags = CONNECTION.iter();
            return flags
                .find(|(flag, _)| *flag == id)
                .map(|(_, values)| *values);
        }
        let mut known = OF_COMMANDS.iter();
        let found = known.find(|(known, commands, _)| *known == id && commands.contains(&command));
        found.map(|(_, _, values)| *values)
    }

    pub(super) fn complete(self, word: &str, typed: &Typed, hints: &Hints) -> Vec<Named> {
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

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    use super::*;
    use crate::cli::Cli;

    /// Names that are there, and paths, but for one that is only sometimes a path.
    fn is_known(name: &str) -> bool {
        let parts = ["CLUSTER", "APP", "FILE"];
        name != "DATA|@FILE|@-" && parts.iter().any(|part| name.contains(part))
    }

    fn value_name(arg: &Arg) -> Option<&str> {
        Some(arg.get_value_names()?.first()?.as_str())
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
        assert_eq!(incomplete(&Cli::command()), ["create: <CLUSTER>"]);
    }

    #[test]
    fn the_same_id_in_another_command_gets_no_wrong_completion() {
        let path = Arg::new("path").long("path").value_name("PATH");
        assert_eq!(Values::of("call", &path), Some(Values::Routes));
        assert_eq!(Values::of("dashboard", &path), None);
        let cluster = Arg::new("cluster").long("cluster");
        assert_eq!(Values::of("create", &cluster), None);
        assert_eq!(
            Values::of("serve", &cluster.global(true)),
            Some(Values::Kubeconfig(Kind::Cluster))
        );
        let applications = Arg::new(APPLICATIONS);
        assert_eq!(Values::of("canary", &applications), None);
    }
}
