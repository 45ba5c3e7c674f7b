//! `cargo cluster test`: everything that tests the project, with one count at the end.
//!
//! A test on the cluster that failed has one second try, after all others and alone: a machine that
//! stood still must not fail a run of many minutes. It is never in silence: the closing lines name
//! it, and each such test is a fault to be mended. Unit tests have none, nor has a run by name.
//!
//! A test that reads a corpus has two sizes: a sample that takes a few seconds, which runs always,
//! and the whole, which `cargo cluster test --long` asks for. Such a test asks [`is_long`], or where
//! it cannot depend on this crate (the plugin's and the webhook's own tests) looks for the same
//! environment variable, [`LONG`]. `KUBECTL_RAY_LONG=1 cargo test -p kubectl-ray NAME` runs one whole.

mod pass;
mod times;
mod total;
mod turns;

use std::{
    env,
    process::{Command, ExitCode},
};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

pub use self::turns::waited;
use self::{
    pass::{Show, run},
    total::Total,
    turns::Turns,
};
use crate::{layout::Layout, progress::note, target::Target};

/// Of the other tests, many wait for a time limit, and a waiting test needs no core.
const UNIT_THREADS: &str = "--test-threads=6";

/// A thread for each: tests that share something wait for it, and hold up nobody who needs another thing.
const THREADS: &str = "--test-threads=200";

/// Selects the tests that need a cluster. They are built with the workspace: for `-p e2e` cargo would
/// build a dozen dependencies once more, with the features that e2e alone asks for.
pub const ON_THE_CLUSTER: [&str; 3] = ["--workspace", "--test", "cluster"];

/// Runs each test binary; see there.
const RUNNER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/test/runner.sh");

/// Set where corpora are to run whole.
pub const LONG: &str = "KUBECTL_RAY_LONG";

/// Whether a test is to run its corpus whole.
pub fn is_long() -> bool {
    env::var_os(LONG).is_some()
}

/// Which tests, and how.
#[derive(Args)]
pub struct Tests {
    /// Only tests on the cluster whose name contains this; a failure has no second try
    filter: Option<String>,
    /// Only these
    #[arg(long, value_enum, conflicts_with = "filter")]
    only: Option<Part>,
    /// Run each corpus whole, not a sample of it: minutes more
    #[arg(long)]
    long: bool,
    /// Print the slowest twenty tests, and the seconds of each subject
    #[arg(long)]
    times: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Part {
    /// Unit, property and golden tests; they need no cluster
    Unit,
    /// Tests on the cluster
    Cluster,
}

pub fn test(layout: &Layout, target: &Target, tests: &Tests) -> Result<ExitCode> {
    let mut total = Total::default();
    let filter = tests.filter.as_deref();
    let wants = |part| tests.only.is_none_or(|only| only == part);
    // Before the unit tests: a cluster that cannot be had is known at once.
    let prepared = wants(Part::Cluster)
        .then(|| target.prepare(layout))
        .transpose()?;
    if wants(Part::Unit) && filter.is_none() {
        note("unit, property and golden tests");
        let mut command = cargo(layout, tests.long)?;
        command.args(["--workspace", "--", UNIT_THREADS]);
        total.add(run(&mut command, Show::Binaries)?);
    }
    if let Some(prepared) = prepared {
        note(format!(
            "tests on the cluster, Ray {}, KubeRay {}",
            prepared.ray, target.versions.kuberay
        ));
        let on_the_cluster = |names: &[&str]| {
            let mut command = cargo(layout, tests.long)?;
            command
                .args(ON_THE_CLUSTER)
                .args(["--", "--include-ignored", THREADS])
                .args(names);
            prepared.hand_over(&mut command);
            let turns = Turns::begin(layout.state.join("turns"), &mut command);
            let mut pass = run(&mut command, Show::Tests)?;
            turns.end(&mut pass.times)?;
            Ok::<_, anyhow::Error>(pass)
        };
        if let Some(filter) = filter {
            total.add(on_the_cluster(&[filter])?);
        } else {
            total.add_with_second_tries(on_the_cluster(&[])?, |name| {
                note(format!("second try of {name}"));
                on_the_cluster(&["--exact", name])
            })?;
        }
    }

    if tests.times {
        println!("\n{}", total.times());
    }
    println!("{total}");
    Ok(if total.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn cargo(layout: &Layout, long: bool) -> Result<Command> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // A string of JSON is one of TOML.
    let runner =
        serde_json::to_string(&["sh", RUNNER]).context("cannot write the runner's path")?;
    command
        .current_dir(&layout.root)
        .args(["test", "--quiet", "--locked", "--no-fail-fast", "--config"])
        .arg(format!("target.'cfg(all())'.runner={runner}"));
    if long {
        command.env(LONG, "1");
    }
    Ok(command)
}
