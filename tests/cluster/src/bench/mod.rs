//! `cargo cluster bench`: both programs against what their users have without them.
//!
//! A benchmark prints ratios of two programs measured in turns on this machine, and never fails on one:
//! [`pairs`] takes the turns, [`report`] holds the result against the project's goals. [`webhook`] sends
//! its reviews with [`load`] to two [`server`]s; [`plugin`] runs each [`command`] as a whole process,
//! which [`measure`](mod@measure) measures. [`controller`] compares nothing: it has a thousand RayClusters.

mod command;
mod controller;
mod load;
mod measure;
mod pairs;
mod plugin;
mod report;
mod review;
mod server;
mod webhook;

use std::{
    env,
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
};

use anyhow::{Context, Result};
use clap::Subcommand;

pub use self::{controller::Size, measure::measure};
use crate::{install::programs, layout::Layout};

#[derive(Clone, Debug, Subcommand)]
pub enum Bench {
    /// The webhook against the KubeRay operator's own, on the same review of a RayCluster
    Webhook {
        /// How often each of the two is under load
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100), value_name = "N")]
        rounds: u32,
    },
    /// The controller with many RayClusters at rest, against the project's own goals
    Controller(Size),
    /// `kubectl-ray serve get` against kubectl and curl, curl alone, and Ray's `serve status`
    Plugin {
        /// How often each command runs
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=1000), value_name = "N")]
        runs: u32,
    },
}

pub fn bench(layout: &Layout, bench: &Bench) -> Result<ExitCode> {
    if cfg!(debug_assertions) {
        // What measures must not be slower than what it measures: the same command, optimised.
        let optimised = programs::build_tool(layout)?;
        return Err(Command::new(optimised).args(env::args_os().skip(1)).exec())
            .context("cannot start the optimised build of `cargo cluster`");
    }
    match bench {
        Bench::Webhook { rounds } => webhook::bench(layout, *rounds)?,
        Bench::Controller(size) => controller::bench(layout, size)?,
        Bench::Plugin { runs } => plugin::bench(layout, *runs)?,
    }
    Ok(ExitCode::SUCCESS)
}
