//! `ray-serve-webhook`: see `--help`.

use std::process::ExitCode;

use clap::Parser as _;
use ray_serve_webhook::args::{Args, Command};
use ray_serve_webhook::certificate::tls;
use ray_serve_webhook::shutdown::Signals;
use ray_serve_webhook::{Webhook, allocator, controller, logging, probe, shutdown};

/// A review takes microseconds; a thread for each of a big node's cores would only cost memory.
const MAX_WORKERS: usize = 4;

fn main() -> ExitCode {
    allocator::return_large_buffers();
    tls::install_crypto_provider();
    let args = Args::parse();
    let ended = match &args.command {
        Some(Command::Probe(args)) => probe::run(args),
        Some(Command::Controller(args)) => {
            logging::start(&args.log).and_then(|()| controller::run(args))
        }
        Some(Command::GiveBack(args)) => {
            logging::start(&args.log).and_then(|()| controller::give_back(args))
        }
        None => logging::start(&args.log).and_then(|()| run(args)),
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
