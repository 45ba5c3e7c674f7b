//! The command line as clap sees it, and nothing else.

use std::ffi::OsString;
use std::path::Path;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::cluster::flags::ConnectionFlags;
use crate::command::{
    call, config, create, dashboard, delete, diff, get, inject, logs, status, submit, validate,
};

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
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Deploy, look at and remove Ray Serve applications on a RayCluster
    Serve(Box<Serve>),
    /// Print the version of this plugin
    Version,
}

#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Serve {
    #[command(subcommand)]
    pub command: ServeCommand,
    #[command(flatten)]
    pub connection: ConnectionFlags,
}

#[derive(Debug, Subcommand)]
pub enum ServeCommand {
    /// Make a RayCluster that is ready to serve
    Create(create::Args),
    /// Deploy the applications of a Serve config and remove all others
    Submit(submit::Args),
    /// Show the Serve applications of a RayCluster, or of all in a line each
    Get(get::Args),
    /// Show what runs, where its traffic goes, and what is wrong
    Status(status::Args),
    /// Print what runs as a Serve config that can be submitted again
    Config(config::Args),
    /// Print what replicas, proxies or the controller of Serve have logged
    Logs(logs::Args),
    /// Send one request to an application
    Call(call::Args),
    /// Show Ray's dashboard in the browser
    Dashboard(dashboard::Args),
    /// Shut Serve down and remove all its applications
    Delete(delete::Args),
    /// Make RayCluster manifests ready to serve, without a cluster
    Inject(inject::Args),
    /// Show what a submit would change
    Diff(diff::Args),
    /// Look for mistakes in Serve configs, without a cluster
    Validate(validate::Args),
    /// Print the version of this plugin
    Version,
}

/// kubectl runs the longest name it finds: beside `KubeRay`'s own `kubectl-ray` this plugin is
/// installed as `kubectl-ray-serve`, and then `serve` is already said.
const SERVE_NAME: &str = "kubectl-ray-serve";

pub fn parse(argv: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut argv: Vec<OsString> = argv.into_iter().collect();
    let named_serve = argv
        .first()
        .and_then(|name| Path::new(name).file_stem())
        .is_some_and(|stem| stem == SERVE_NAME);
    if named_serve {
        argv.insert(1, "serve".into());
    }
    let matches = Cli::command().try_get_matches_from(argv)?;
    Cli::from_arg_matches(&matches)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_words(line: &str) -> Result<Cli, clap::Error> {
        parse(line.split_whitespace().map(OsString::from))
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
