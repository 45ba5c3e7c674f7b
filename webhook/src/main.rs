//! `ray-serve-webhook`: see `--help`.

use std::process::ExitCode;

use clap::Parser as _;
use ray_serve_webhook::args::{Args, Command, LogArgs, LogFormat};
use ray_serve_webhook::certificate::tls;
use ray_serve_webhook::shutdown::Signals;
use ray_serve_webhook::{Webhook, allocator, controller, probe, shutdown};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// A review takes microseconds; a thread for each of a big node's cores would only cost memory.
const MAX_WORKERS: usize = 4;

fn main() -> ExitCode {
    allocator::return_large_buffers();
    tls::install_crypto_provider();
    let args = Args::parse();
    let ended = match &args.command {
        Some(Command::Probe(args)) => probe::run(args),
        Some(Command::Controller(args)) => {
            start_logging(&args.log).and_then(|()| controller::run(args))
        }
        Some(Command::GiveBack(args)) => {
            start_logging(&args.log).and_then(|()| controller::give_back(args))
        }
        None => start_logging(&args.log).and_then(|()| run(args)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not only to the log: that may be what failed.
            eprintln!("ray-serve-webhook: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> anyhow::Result<()> {
    let workers = std::thread::available_parallelism().map_or(MAX_WORKERS, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers.min(MAX_WORKERS))
        .enable_all()
        .build()?
        .block_on(async {
            let signals = Signals::listen()?;
            let (trigger, shutdown) = shutdown::channel();
            let delay = args.shutdown_delay;
            let webhook = Webhook::bind(args, shutdown).await?;
            tokio::select! {
                served = webhook.serve() => served,
                aborted = signals.drive(trigger, delay) => Err(aborted.into()),
            }
        })
}

fn start_logging(args: &LogArgs) -> anyhow::Result<()> {
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
