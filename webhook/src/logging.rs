//! What is logged, and how, by whichever subcommand runs.
#![allow(
    clippy::doc_markdown,
    reason = "the arguments' comments are the text of --help"
)]

use clap::{Args as ClapArgs, ValueEnum};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

#[derive(Clone, Debug, ClapArgs)]
pub struct LogArgs {
    /// What to log: a level (error, warn, info, debug, trace) or tracing's filter syntax
    #[arg(
        long,
        env = "RAY_SERVE_WEBHOOK_LOG",
        default_value = "info",
        value_name = "FILTER"
    )]
    pub log: String,

    /// How to log, always on stderr
    #[arg(
        long,
        env = "RAY_SERVE_WEBHOOK_LOG_FORMAT",
        default_value = "json",
        value_name = "FORMAT"
    )]
    pub log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogFormat {
    Json,
    Text,
}

/// Logs as the command line says, from here on.
pub fn start(args: &LogArgs) -> anyhow::Result<()> {
    // kube logs answers that it cannot read, a Secret's among them; what failed we log ourselves.
    let filter: Targets = args.log.parse()?;
    let filter = filter
        .with_target("kube_client", LevelFilter::OFF)
        .with_target("kube_runtime", LevelFilter::OFF);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let layer = match args.log_format {
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
        LogFormat::Text => layer.boxed(),
    };
    tracing_subscriber::registry()
        .with(layer.with_filter(filter))
        .init();
    // A panic is caught where it happens; what remains of it is a line like any other.
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "panicked")));
    Ok(())
}
