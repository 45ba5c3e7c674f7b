//! `ray-serve-webhook controller`, and `give-back` for its end: [`ray_serve_controller`] as a process.
#![allow(
    clippy::doc_markdown,
    reason = "the arguments' comments are the text of --help"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use clap::{Args as ClapArgs, ValueEnum};
use ray_serve_controller::kubernetes::{self as edge, Health, Metrics, Options, Place};
use ray_serve_controller::traffic;

use crate::admin::{self, Pages};
use crate::kubernetes::{self, in_cluster_client};
use crate::logging::LogArgs;
use crate::shutdown::{self, Signals};

/// For the probes and scrapes that are being answered at the end.
const DRAIN: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Label the pods that answer, and narrow the selector to that label
    Pods,
    /// Narrow the selector to the head; needs no right on pods
    Head,
}

#[derive(Clone, Debug, ClapArgs)]
pub struct ControllerArgs {
    #[command(flatten)]
    pub traffic: TrafficArgs,

    /// Address for /livez, /readyz and /metrics, by plain HTTP
    #[arg(
        long,
        env = "RAY_SERVE_WEBHOOK_ADMIN_LISTEN",
        default_value = "[::]:8081",
        value_name = "ADDR"
    )]
    pub admin_listen: SocketAddr,

    #[command(flatten)]
    pub log: LogArgs,
}

#[derive(Clone, Debug, ClapArgs)]
pub struct GiveBackArgs {
    #[command(flatten)]
    pub traffic: TrafficArgs,

    #[command(flatten)]
    pub log: LogArgs,
}

#[derive(Clone, Debug, ClapArgs)]
pub struct TrafficArgs {
    /// What serve services are narrowed to
    #[arg(long, default_value = "pods", value_name = "MODE")]
    pub mode: Mode,

    /// Namespace to look in; several can be given, and without any it is all of them
    #[arg(long = "namespace", value_name = "NAME")]
    pub namespaces: Vec<String>,

    /// Lease that decides which of several controllers acts, in the controller's own namespace
    #[arg(long, default_value = "ray-serve-controller", value_name = "NAME")]
    pub lease: String,
}

impl TrafficArgs {
    fn options(&self) -> Options {
        let mut namespaces = self.namespaces.clone();
        namespaces.sort_unstable();
        namespaces.dedup();
        Options {
            mode: match self.mode {
                Mode::Pods => traffic::Mode::Pods,
                Mode::Head => traffic::Mode::Head,
            },
            namespaces,
            lease: self.lease.clone(),
        }
    }
}

/// Runs the controller until a signal.
pub fn run(args: &ControllerArgs) -> anyhow::Result<()> {
    block_on(async {
        let signals = Signals::listen()?;
        let (trigger, shutdown) = shutdown::channel();
        let (client, place) = connect()?;
        let metrics = Arc::new(Metrics::new());
        let health = Arc::new(Health::default());
        let pages = Pages::of_controller(health.clone(), metrics.clone());
        let admin = admin::server(args.admin_listen, pages, DRAIN, shutdown.clone()).await?;
        let admin = tokio::spawn(admin.serve());
        let options = args.traffic.options();
        tracing::info!(
            ?options,
            namespace = place.namespace,
            pod = place.pod,
            "starting"
        );
        let mut closing = shutdown;
        let ended = async { closing.closing().await };
        let runs = edge::run(client, &place, &options, metrics, health, ended);
        tokio::select! {
            // Nobody sends requests here: there is nothing to wait for before the end.
            aborted = signals.drive(trigger, Duration::ZERO) => return Err(aborted.into()),
            () = runs => {}
        }
        admin.abort();
        tracing::info!("stopped");
        Ok(())
    })
}

/// Gives all selectors back.
pub fn give_back(args: &GiveBackArgs) -> anyhow::Result<()> {
    block_on(async {
        let (client, place) = connect()?;
        let given = edge::give_all_back(client, &place, &args.traffic.options()).await?;
        tracing::info!(
            services = given,
            "every serve service has KubeRay's selector"
        );
        Ok(())
    })
}

/// One thread: what it does is to wait, and a thousand probes a second are a few per cent of a core.
fn block_on(future: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(future)
}

fn connect() -> anyhow::Result<(kube::Client, Place)> {
    let (client, namespace) = match in_cluster_client() {
        Err(kubernetes::Error::NotInCluster(cause)) => bail!(
            "not in a Kubernetes pod ({cause}); the chart runs the controller in one (serveService.enabled)"
        ),
        connected => connected?,
    };
    // Kubernetes names a pod's host after the pod.
    let pod = std::env::var("HOSTNAME").unwrap_or_else(|_| edge::REPORTER.to_owned());
    Ok((client, Place { namespace, pod }))
}
