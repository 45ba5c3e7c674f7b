//! What the words before the cursor say already.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches, Id};

use crate::connect::ClusterName;
use crate::connect::flags::ConnectionFlags;

/// Ids of arguments that say where to look for the others.
pub const RAYCLUSTER: &str = "raycluster";
pub const APPLICATIONS: &str = "applications";

#[derive(Default)]
pub struct Typed {
    pub connection: ConnectionFlags,
    pub cluster: Option<ClusterName>,
    pub applications: Vec<String>,
    /// Flags and arguments that cannot come (again).
    spent: Vec<Id>,
}

impl Typed {
    /// `words` begin with the program's name. What of them is wrong is left out.
    pub fn read(tree: &Command, words: &[OsString]) -> Self {
        let parser = tree.clone().ignore_errors(true);
        let Ok(matches) = parser.try_get_matches_from(words) else {
            // Asked for help, which has no arguments.
            return Self::default();
        };
        let mut tree = tree.clone();
        // Flags of the whole tree are then also those of its commands.
        tree.build();
        let (mut command, mut matches) = (&tree, &matches);
        while let Some((name, deeper)) = matches.subcommand() {
            let Some(sub) = command.find_subcommand(name) else {
                break;
            };
            (command, matches) = (sub, deeper);
        }
        let texts = |id| texts(command, matches, id);
        let connects = command.get_arguments().any(Arg::is_global_set);
        let connection = connects.then(|| ConnectionFlags::from_arg_matches(matches));
        Self {
            connection: connection.and_then(Result::ok).unwrap_or_default(),
            cluster: texts(RAYCLUSTER).first().and_then(|name| name.parse().ok()),
            applications: texts(APPLICATIONS),
            spent: spent(command, matches),
        }
    }

    pub fn is_spent(&self, arg: &Arg) -> bool {
        self.spent.contains(arg.get_id())
    }
}

/// What was given for the positional argument with this id.
fn texts(command: &Command, matches: &ArgMatches, id: &str) -> Vec<String> {
    let mut positionals = command.get_positionals();
    let arg = positionals.find(|arg| arg.get_id() == id);
    let values = arg.and_then(|arg| matches.get_raw(arg.get_id().as_str()));
    let values = values.into_iter().flatten();
    values
        .filter_map(|value| Some(value.to_str()?.to_owned()))
        .collect()
}

/// What was given and takes no more, and what does not go with what was given.
fn spent(command: &Command, matches: &ArgMatches) -> Vec<Id> {
    let is_given =
        |arg: &Arg| matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    let given = command.get_arguments().filter(|arg| is_given(arg));
    let mut spent = Vec::new();
    for arg in given {
        let repeats = matches!(arg.get_action(), ArgAction::Append | ArgAction::Count);
        if !repeats {
            spent.push(arg.get_id().clone());
        }
        let conflicts = command.get_arg_conflicts_with(arg).into_iter();
        spent.extend(conflicts.map(|other| other.get_id().clone()));
        let refuse = command.get_arguments().filter(|other| {
            let conflicts = command.get_arg_conflicts_with(other);
            conflicts.iter().any(|one| one.get_id() == arg.get_id())
        });
        spent.extend(refuse.map(|other| other.get_id().clone()));
    }
    spent
}
