//! The command line as clap sees it, and nothing else.

mod program;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory, Parser, Subcommand};

pub use program::Program;

use crate::command::{
    call, completion, config, create, dashboard, delete, diff, get, inject, logs, status, submit,
    validate, version,
};
use crate::connect::cluster_name::LOCAL;
use crate::connect::flags::ConnectionFlags;
use crate::output::flags::{OutputFlags, colours_of_help};
use program::SERVE;

/// Ray on Kubernetes
#[derive(Debug, Parser)]
#[command(
    name = "kubectl-ray",
    bin_name = "kubectl ray",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[arg(skip)]
    pub program: Program,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Deploy, look at and remove Ray Serve applications on a RayCluster
    Serve(Box<Serve>),
    /// Print a script that completes this program in a shell
    Completion(completion::Args),
    /// Print the version of this plugin
    Version(version::ClientArgs),
}

#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Serve {
    #[command(subcommand)]
    pub command: ServeCommand,
    #[command(flatten)]
    pub connection: ConnectionFlags,
    #[command(flatten)]
    pub output: OutputFlags,
}

#[derive(Debug, Subcommand)]
pub enum ServeCommand {
    /// Create a RayCluster that is ready to serve
    Create(create::Args),
    /// Deploy the applications of a Serve config and remove all others
    #[command(visible_alias = "deploy", alias = "apply")]
    Submit(submit::Args),
    /// Show the Serve applications of a RayCluster, or one line for each RayCluster
    Get(get::Args),
    /// Show what runs, where its traffic goes, and what is wrong
    Status(status::Args),
    /// Print what runs as a Serve config that can be submitted again
    Config(config::Args),
    /// Print what replicas, proxies or the controller of Serve have logged
    #[command(alias = "log")]
    Logs(logs::Args),
    /// Send one request to an application
    Call(call::Args),
    /// Serve Ray's dashboard on this machine
    Dashboard(dashboard::Args),
    /// Remove applications, or all of them and shut Serve down
    #[command(visible_alias = "shutdown")]
    Delete(delete::Args),
    /// Make RayCluster manifests ready to serve, without a cluster
    Inject(inject::Args),
    /// Show what a submit would change
    Diff(diff::Args),
    /// Find mistakes in Serve configs, without a cluster
    Validate(validate::Args),
    /// Print a script that completes this program in a shell
    Completion(completion::Args),
    /// Print the versions of this plugin, the webhook, the KubeRay operator and Ray
    Version(version::Args),
}

impl ServeCommand {
    /// Whether what it does, and its exit code, count also where nobody reads on, as with `| head -1`.
    /// The others only tell.
    pub fn matters_unread(&self) -> bool {
        match self {
            Self::Create(_)
            | Self::Submit(_)
            | Self::Delete(_)
            | Self::Inject(_)
            | Self::Diff(_)
            | Self::Validate(_) => true,
            Self::Get(_)
            | Self::Status(_)
            | Self::Config(_)
            | Self::Logs(_)
            | Self::Call(_)
            | Self::Dashboard(_)
            | Self::Completion(_)
            | Self::Version(_) => false,
        }
    }
}

pub fn parse(mut argv: Vec<OsString>) -> Result<Cli, clap::Error> {
    let program = Program::started_as(&argv);
    if program.implies_serve() {
        argv.insert(1, SERVE.into());
    }
    parse_tree(&program, &argv).or_else(|error| {
        // The path of a call, or the target of logs, is no name of a cluster.
        let may_lack_it = [
            ErrorKind::MissingRequiredArgument,
            ErrorKind::ValueValidation,
        ];
        if !may_lack_it.contains(&error.kind()) {
            return Err(error);
        }
        let mut named = with_local(&argv).into_iter();
        named
            .find_map(|argv| parse_tree(&program, &argv).ok())
            .ok_or(error)
    })
}

/// `--address` alone stands for CLUSTER: names a Ray without Kubernetes for the user, after each word
/// that may be the command.
fn with_local(argv: &[OsString]) -> Vec<Vec<OsString>> {
    let is_address = |word: &OsString| {
        let word = word.to_string_lossy();
        word == "--address" || word.starts_with("--address=")
    };
    let tree = Cli::command();
    let serve = tree.find_subcommand(SERVE);
    let serve = serve.filter(|_| argv.iter().any(is_address));
    let is_verb =
        |word: &OsString| serve.is_some_and(|serve| serve.find_subcommand(word).is_some());
    let verbs = argv.iter().enumerate().filter(|(_, word)| is_verb(word));
    verbs
        .map(|(at, _)| {
            let mut named = argv.to_vec();
            named.insert(at + 1, LOCAL.into());
            named
        })
        .collect()
}

fn parse_tree(program: &Program, argv: &[OsString]) -> Result<Cli, clap::Error> {
    let tree = program.spoken_tree().color(colours_of_help(argv));
    let matches = match with_switches(tree.clone()).try_get_matches_from(argv) {
        Ok(matches) => matches,
        // Help and messages show a switch as it is mostly written.
        Err(error) => {
            let plain = tree.try_get_matches_from(argv).err();
            return Err(plain
                .filter(|plain| plain.kind() == error.kind())
                .unwrap_or(error));
        }
    };
    program.read(&matches)
}

/// Lets each switch take `=true` and `=false`, as those of kubectl do.
fn with_switches(tree: clap::Command) -> clap::Command {
    tree.mut_args(|arg| match arg.get_action() {
        ArgAction::SetTrue => arg
            .action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .default_value("false")
            .default_missing_value("true")
            .value_parser(parse_switch),
        _ => arg,
    })
    .mut_subcommands(with_switches)
}

/// The spellings that Go takes.
fn parse_switch(value: &str) -> Result<bool, &'static str> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("expected true or false"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::Spoken;

    fn parse_words(line: &str) -> Result<Cli, clap::Error> {
        parse(line.split_whitespace().map(OsString::from).collect())
    }

    /// What krew's users type, in usage, examples and the next command.
    #[test]
    fn krew_s_users_read_what_they_type() {
        let usage = parse_words("kubectl-ray_serve submit").unwrap_err();
        assert!(
            usage
                .to_string()
                .contains("Usage: kubectl ray-serve submit"),
            "{usage}"
        );
        for line in [
            "kubectl-ray_serve submit --help",
            "kubectl-ray_serve --help",
        ] {
            let help = parse_words(line).unwrap_err().to_string();
            assert!(
                help.contains("kubectl ray-serve") && !help.contains("kubectl ray serve"),
                "{help}"
            );
        }
        let parsed = parse_words("/home/a/.krew/bin/kubectl-ray_serve get x").unwrap();
        let Command::Serve(serve) = parsed.command else {
            panic!("not serve")
        };
        assert_eq!(serve.connection.spoken, Spoken::BY_KREW);
    }

    #[test]
    fn the_tree_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_is_implied_by_the_name_of_the_binary() {
        for line in [
            "kubectl-ray serve get x",
            "/usr/bin/kubectl-ray-serve get x",
            "/home/a/.krew/bin/kubectl-ray_serve get x",
        ] {
            let cli = parse_words(line).unwrap();
            let Command::Serve(serve) = cli.command else {
                panic!("{line}")
            };
            assert!(matches!(serve.command, ServeCommand::Get(_)), "{line}");
        }
    }

    #[test]
    fn usage_says_what_the_user_types() {
        let error = parse_words("kubectl-ray-serve submit").unwrap_err();
        assert!(
            error.to_string().contains("kubectl ray serve submit"),
            "{error}"
        );
    }

    #[test]
    fn an_address_alone_stands_for_the_cluster() {
        let parsed = |line: &str| parse_words(&format!("kubectl-ray serve {line}"));
        for line in [
            "submit -f x --address http://a:1",
            "--address=http://a:1 status --watch",
            "-n status call /fruit --address http://a:1 -d x",
            "delete --address http://a:1 -y",
        ] {
            let Command::Serve(serve) = parsed(line).unwrap().command else {
                panic!("{line}")
            };
            let command = format!("{:?}", serve.command);
            assert!(
                command.contains("raycluster: ClusterName(\"local\")"),
                "{line}: {command}"
            );
        }
        for line in [
            "status",
            "submit --address http://a:1",
            "call --address http://a:1",
        ] {
            let error = parsed(line).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::MissingRequiredArgument, "{line}");
        }
    }

    /// Every one, so that a new one is no exception.
    #[test]
    fn switches_take_true_and_false() {
        let mut tree = with_switches(Cli::command());
        tree.build();
        let serve = tree.find_subcommand("serve").unwrap();
        for command in serve.get_subcommands() {
            for arg in command.get_arguments() {
                let takes_none = !arg.get_action().takes_values();
                assert!(
                    !takes_none || ["help", "version"].contains(&arg.get_id().as_str()),
                    "{} {}",
                    command.get_name(),
                    arg.get_id()
                );
            }
        }
        for (written, merges) in [
            ("", false),
            ("--merge", true),
            ("--merge=true", true),
            ("--merge=1", true),
            ("--merge=False", false),
        ] {
            let line = format!("kubectl-ray serve submit x -f y {written} --strict=false");
            let Command::Serve(serve) = parse_words(&line).unwrap().command else {
                panic!("{line}")
            };
            let ServeCommand::Submit(args) = serve.command else {
                panic!("{line}")
            };
            let merge = format!("merge: {merges}");
            assert!(format!("{args:?}").contains(&merge), "{line}: {args:?}");
        }
        let wrong = parse_words("kubectl-ray serve submit x -f y --merge=yes").unwrap_err();
        assert!(
            wrong.to_string().contains("expected true or false"),
            "{wrong}"
        );
        let help = parse_words("kubectl-ray serve submit --help").unwrap_err();
        assert!(help.to_string().contains("--merge\n"), "{help}");
    }

    #[test]
    fn connection_flags_are_taken_before_and_after_the_command() {
        for line in [
            "kubectl-ray serve -n a get x",
            "kubectl-ray serve get x -n a",
        ] {
            let Command::Serve(serve) = parse_words(line).unwrap().command else {
                panic!("{line}")
            };
            assert_eq!(serve.connection.namespace.as_deref(), Some("a"), "{line}");
        }
    }
}
