//! The command line, every flag of which can be given in the environment as well.
#![allow(clippy::doc_markdown, reason = "these comments are the text of --help")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ClapArgs, Parser, Subcommand};

use crate::controller::{ControllerArgs, GiveBackArgs};
use crate::duration::duration;
use crate::logging::LogArgs;
use crate::probe::ProbeArgs;

/// Admission webhook that makes RayClusters annotated `ray.io/enable-serve-service: "true"` ready
/// to serve.
///
/// With --tls-cert and --tls-key it runs anywhere and serves with these files. Without them it
/// has to run in a pod, makes its own certificate authority, shares it with its other replicas in
/// a Secret, and keeps it in the caBundle of its MutatingWebhookConfiguration.
#[derive(Debug, Parser)]
#[command(
    version,
    name = "ray-serve-webhook",
    args_conflicts_with_subcommands = true
)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Address to answer admission reviews on, by HTTPS at /mutate
    #[arg(
        long,
        env = "RAY_SERVE_WEBHOOK_LISTEN",
        default_value = "[::]:9443",
        value_name = "ADDR"
    )]
    pub listen: SocketAddr,

    /// Address for /livez, /readyz and /metrics, by plain HTTP
    #[arg(
        long,
        env = "RAY_SERVE_WEBHOOK_ADMIN_LISTEN",
        default_value = "[::]:8081",
        value_name = "ADDR"
    )]
    pub admin_listen: SocketAddr,

    /// After SIGTERM, how long to go on serving while the pod is taken out of its Service
    #[arg(long, env = "RAY_SERVE_WEBHOOK_SHUTDOWN_DELAY", default_value = "5s", value_name = "DURATION", value_parser = duration)]
    pub shutdown_delay: Duration,

    /// After that, how long to wait for the requests in flight
    #[arg(long, env = "RAY_SERVE_WEBHOOK_DRAIN_TIMEOUT", default_value = "10s", value_name = "DURATION", value_parser = duration)]
    pub drain_timeout: Duration,

    /// Whether pods get what lets them drain before they end; a RayCluster does without it by its
    /// annotation `ray.io/serve-drain: "false"`
    #[arg(
        long,
        env = "RAY_SERVE_WEBHOOK_DRAIN",
        default_value_t = true,
        action = clap::ArgAction::Set,
        value_name = "BOOL"
    )]
    pub drain: bool,

    #[command(flatten)]
    pub log: LogArgs,

    // Below the rest: each has a heading of its own, which clap keeps for what follows.
    #[command(flatten)]
    pub tls: TlsArgs,

    #[command(flatten)]
    pub self_managed: SelfManagedArgs,

    #[command(flatten)]
    pub limits: LimitArgs,
}

/// What to do instead of serving.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a RayCluster as a dry run, and say whether it comes back ready to serve
    Probe(ProbeArgs),
    /// Keep the serve services of annotated RayClusters on the pods that answer
    Controller(ControllerArgs),
    /// Give every serve service the selector back that KubeRay made, and end
    GiveBack(GiveBackArgs),
}

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Certificate from files")]
pub struct TlsArgs {
    /// PEM file with the serving certificate, followed by its intermediates
    #[arg(
        long,
        env = "RAY_SERVE_WEBHOOK_TLS_CERT",
        value_name = "FILE",
        requires = "tls_key"
    )]
    pub tls_cert: Option<PathBuf>,

    /// PEM file with the certificate's private key
    #[arg(
        long,
        env = "RAY_SERVE_WEBHOOK_TLS_KEY",
        value_name = "FILE",
        requires = "tls_cert"
    )]
    pub tls_key: Option<PathBuf>,
}

#[derive(Clone, Debug, ClapArgs)]
#[command(next_help_heading = "Certificate of our own (without --tls-cert)")]
pub struct SelfManagedArgs {
    /// Service the API server reaches us by, in our own namespace
    #[arg(
        long,
        env = "RAY_SERVE_WEBHOOK_SERVICE",
        default_value = "ray-serve-webhook",
        value_name = "NAME"
    )]
    pub service: String,

    /// Secret for the certificate authority, in our own namespace; it has to exist
    #[arg(
        long,
        env = "RAY_SERVE_WEBHOOK_CA_SECRET",
        default_value = "ray-serve-webhook-ca",
        value_name = "NAME"
    )]
    pub ca_secret: String,

    /// MutatingWebhookConfiguration whose caBundle to keep
    #[arg(
        long,
        env = "RAY_SERVE_WEBHOOK_CONFIGURATION",
        default_value = "ray-serve-webhook",
        value_name = "NAME"
    )]
    pub webhook_configuration: String,
}

#[derive(Clone, Copy, Debug, ClapArgs)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Time for one request; keep it below the webhook's timeoutSeconds
    #[arg(long, env = "RAY_SERVE_WEBHOOK_REQUEST_TIMEOUT", default_value = "4s", value_name = "DURATION", value_parser = duration)]
    pub request_timeout: Duration,

    /// Megabytes of requests in flight at once, beyond which a request is answered 503
    #[arg(long, env = "RAY_SERVE_WEBHOOK_MAX_IN_FLIGHT_MB", default_value_t = 32, value_name = "N", value_parser = clap::value_parser!(u32).range(7..=4096))]
    pub max_in_flight_mb: u32,

    /// Open connections, beyond which a new one takes the place of an idle one
    #[arg(long, env = "RAY_SERVE_WEBHOOK_MAX_CONNECTIONS", default_value_t = 512, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub max_connections: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn certificate_and_key_come_together() {
        assert!(Args::try_parse_from(["webhook", "--tls-cert", "a"]).is_err());
        assert!(Args::try_parse_from(["webhook", "--tls-key", "a"]).is_err());
        assert!(Args::try_parse_from(["webhook", "--tls-cert", "a", "--tls-key", "b"]).is_ok());
    }

    #[test]
    fn the_drain_is_on_unless_it_is_turned_off() {
        let drain = |more: &[&str]| {
            let words = ["webhook"].iter().chain(more);
            Args::try_parse_from(words).map(|args| args.drain).ok()
        };
        assert_eq!(drain(&[]), Some(true));
        assert_eq!(drain(&["--drain=true"]), Some(true));
        assert_eq!(drain(&["--drain=false"]), Some(false));
        assert_eq!(drain(&["--drain", "false"]), Some(false));
        assert_eq!(drain(&["--drain=no"]), None);
    }
}
