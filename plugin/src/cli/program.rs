//! The name that the program was started under, and what it says of the command line.

use std::ffi::OsString;
use std::path::Path;

use clap::{ArgMatches, CommandFactory, FromArgMatches};

use super::{Cli, Command, Serve};
use crate::connect::Spoken;

/// kubectl runs the longest name it finds: beside `KubeRay`'s own `kubectl-ray` this plugin is
/// installed as `kubectl-ray-serve`, and then `serve` is already said. Krew writes an underscore for
/// each dash of a plugin's name, as kubectl does where a user types one.
const SERVE_NAMES: [&str; 2] = ["kubectl-ray-serve", KREW_NAME];
const KREW_NAME: &str = "kubectl-ray_serve";
pub(super) const SERVE: &str = "serve";
/// Under a name that begins so, and goes on as the plugin's own, kubectl asks for completions.
const PLUGIN: &str = "kubectl-";
const COMPLETION: &str = "kubectl_complete-";

/// The name this program was started under, and what that says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Program {
    /// Of the plugin, also where its completions are asked for.
    pub name: String,
    pub completes: bool,
}

impl Program {
    pub fn started_as(argv: &[OsString]) -> Self {
        let stem = argv.first().and_then(|path| Path::new(path).file_stem());
        let stem = stem.map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        match stem.strip_prefix(COMPLETION) {
            Some(rest) => Self {
                name: format!("{PLUGIN}{rest}"),
                completes: true,
            },
            None => Self {
                name: stem,
                completes: false,
            },
        }
    }

    /// Whether `serve` has to be put in front of what follows.
    pub(super) fn implies_serve(&self) -> bool {
        self.serve_name().is_some_and(|name| name != KREW_NAME)
    }

    fn serve_name(&self) -> Option<&'static str> {
        SERVE_NAMES.into_iter().find(|name| *name == self.name)
    }

    /// The commands that are left to say after the program's name.
    pub fn tree(&self) -> clap::Command {
        let tree = Cli::command();
        let serve = tree.get_subcommands().find(|sub| sub.get_name() == SERVE);
        match serve.zip(self.serve_name()) {
            // What the root has all its commands do.
            Some((serve, name)) => serve.clone().name(name).disable_help_subcommand(true),
            None => tree,
        }
    }

    pub fn spoken(&self) -> Spoken {
        if self.name == KREW_NAME {
            Spoken::BY_KREW
        } else {
            Spoken::default()
        }
    }

    /// The commands as help and usage show them: as they are typed.
    pub(super) fn spoken_tree(&self) -> clap::Command {
        let Spoken(spoken) = self.spoken();
        if self.name == KREW_NAME {
            said_as(spoken, self.tree().bin_name(spoken))
        } else {
            Cli::command()
        }
    }

    /// The command line that was found in it.
    pub(super) fn read(&self, matches: &ArgMatches) -> Result<Cli, clap::Error> {
        let mut cli = if self.name == KREW_NAME {
            Cli {
                command: Command::Serve(Box::new(Serve::from_arg_matches(matches)?)),
                program: Self::default(),
            }
        } else {
            Cli::from_arg_matches(matches)?
        };
        if let Command::Serve(serve) = &mut cli.command {
            serve.connection.spoken = self.spoken();
        }
        cli.program.clone_from(self);
        Ok(cli)
    }
}

/// Puts what is typed into the examples of all commands.
fn said_as(spoken: &'static str, tree: clap::Command) -> clap::Command {
    let usual = Spoken::default().0;
    let examples = tree.get_after_help().map(ToString::to_string);
    let tree = match examples {
        Some(examples) => tree.after_help(examples.replace(usual, spoken)),
        None => tree,
    };
    tree.mut_subcommands(|sub| said_as(spoken, sub))
}
