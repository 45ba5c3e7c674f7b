//! The command line: what there is, and which function does it.

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand, builder::PossibleValuesParser};

use crate::{
    bench::{self, Bench},
    demo, down,
    drill::{self, Drill},
    fuzz,
    layout::Layout,
    logs, matrix, picture, status,
    target::Target,
    test::{self, Tests},
    up,
    versions::Versions,
};

/// A real one-node Kubernetes with KubeRay and Ray on this machine, without Docker
#[derive(Parser)]
#[command(name = "cargo cluster", bin_name = "cargo cluster", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build what is missing, start the cluster and print its kubeconfig's path
    Up(Versions),
    /// End the cluster; its state is kept for the next `up`
    Down {
        /// Remove the state too: images, objects, logs
        #[arg(long)]
        wipe: bool,
    },
    /// Show the project's main job: install, create a cluster, submit, get, call, delete
    Demo(Target),
    /// Run every test of the project: unit, property, golden and on the cluster
    Test {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        tests: Tests,
        /// Test the injection on every known operator in turn and print what works on which
        #[arg(long, conflicts_with_all = ["Tests", "kuberay", "kubeconfig"])]
        matrix: bool,
    },
    /// Measure against what users have without this project; prints ratios, fails on none
    #[command(subcommand)]
    Bench(Bench),
    /// Play faults under load, count the requests that fail, and print a table for the documentation
    #[command(subcommand)]
    Drill(Drill),
    /// Draw the pictures of the README again, each from a real run
    Pictures,
    /// Look for input that makes the webhook or `inject` fail; needs no cluster
    Fuzz {
        /// Processor time for each target
        #[arg(long, default_value_t = 300, value_name = "SECONDS")]
        seconds: u64,
        /// Only this one
        #[arg(value_parser = PossibleValuesParser::new(fuzz::TARGETS.map(|(name, _)| name)))]
        target: Option<String>,
    },
    /// Show which components run
    Status,
    /// Print a component's log
    Logs {
        /// For example kube-apiserver, kubelet, kuberay-operator
        component: String,
    },
    /// Run one program and write what it took to a file, for `bench`
    #[command(hide = true)]
    Measure {
        report: PathBuf,
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
}

pub fn run() -> Result<ExitCode> {
    let cli = Cli::parse();
    let layout = Layout::new()?;
    match cli.command {
        Command::Measure { report, command } => return bench::measure(&report, &command),
        Command::Up(versions) => {
            up::up(&layout, &versions)?;
            println!("{}", layout.kubeconfig().display());
        }
        Command::Down { wipe } => down::down(&layout, wipe)?,
        Command::Demo(target) => demo::demo(&layout, &target)?,
        Command::Test {
            target,
            matrix: true,
            ..
        } => return matrix::matrix(&layout, &target.versions.ray),
        Command::Test { target, tests, .. } => return test::test(&layout, &target, &tests),
        Command::Bench(bench) => return bench::bench(&layout, &bench),
        Command::Drill(drill) => return drill::drill(&layout, &drill),
        Command::Pictures => picture::pictures(&layout)?,
        Command::Fuzz { seconds, target } => {
            return fuzz::fuzz(&layout, seconds, target.as_deref());
        }
        Command::Status => return status::status(&layout),
        Command::Logs { component } => logs::logs(&layout, &component)?,
    }
    Ok(ExitCode::SUCCESS)
}
