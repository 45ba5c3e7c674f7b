//! The server around [`ray_serve_inject`]: admission reviews in, JSON patches out.
//!
//! ```text
//! connection -> server -> review -> ray_serve_inject::inject
//!                 |         |
//!                 |       http, admission, excerpt
//!                 |
//!               connections, usage,             what keeps it small: how many at once, how many
//!               budget, body, response_body,    bytes at once, and only what the engine reads
//!               open_files
//!
//! certificate -> tls <- files                   files that somebody else keeps
//!                    <- self_managed            a certificate of our own:
//!                         authority, ca_secret    shared by the replicas,
//!                         ca_bundle               trusted by the API server
//!                         validity
//! ```
//!
//! `admin` says on a port of its own whether all this works, with `metrics` and `readiness`; `shutdown`
//! ends it. `args` and `duration` read the command line, of the subcommands too: `probe` asks a server
//! whether it is there, `controller` runs [`ray_serve_controller`] in a Deployment of its own.
//! `kubernetes` reaches the API server; `logging` starts the log, and `allocator` gives memory back.

pub mod admin;
pub mod allocator;
pub mod args;
pub mod certificate;
pub mod controller;
mod duration;
pub mod kubernetes;
pub mod logging;
pub mod metrics;
pub mod probe;
pub mod readiness;
pub mod review;
pub mod server;
pub mod shutdown;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use ray_serve_inject::Settings;
use tokio_rustls::TlsAcceptor;

use admin::Pages;
use args::{Args, LimitArgs, SelfManagedArgs, TlsArgs};
use certificate::ca_bundle::{Service, WebhookConfiguration};
use certificate::ca_secret::CaSecret;
use certificate::files::TlsFiles;
use certificate::self_managed::{self, SelfManaged};
use certificate::tls::{self, ServingCertificate};
use metrics::Metrics;
use readiness::{Condition, Readiness};
use review::http;
use server::connections::{Connections, Patience};
use server::{Server, open_files};
use shutdown::Shutdown;

/// For a client to take its answer, after it has been made.
const ANSWER_READ_TIMEOUT: Duration = Duration::from_secs(5);

/// The webhook with both ports bound, not serving yet.
pub struct Webhook {
    server: Server,
    admin: Server,
    /// Keeps the certificate fresh; never ends.
    certificate_keeper: Pin<Box<dyn Future<Output = ()> + Send>>,
    readiness: Arc<Readiness>,
}

impl Webhook {
    pub async fn bind(args: Args, shutdown: Shutdown) -> anyhow::Result<Self> {
        let Args {
            listen,
            admin_listen,
            tls,
            self_managed,
            limits,
            drain,
            drain_timeout,
            // main's matter
            command: _,
            shutdown_delay: _,
            log: _,
        } = args;
        let metrics = Arc::new(Metrics::new());
        let readiness = Arc::new(Readiness::default());
        let serving = Arc::new(ServingCertificate::new(metrics.clone()));
        let acceptor = TlsAcceptor::from(Arc::new(tls::server_config(serving.clone())?));

        let certificate_keeper = match tls {
            TlsArgs {
                tls_cert: Some(certificate),
                tls_key: Some(key),
            } => follow_files(
                TlsFiles::new(certificate, key, serving, metrics.clone()),
                &readiness,
            )?,
            _ => manage_certificate(self_managed, serving, &readiness, &metrics)?,
        };
        let LimitArgs {
            request_timeout,
            max_in_flight_mb,
            max_connections,
        } = limits;
        let http_limits = http::Limits {
            max_in_flight_bytes: (max_in_flight_mb as usize) << 20,
            request_timeout,
        };
        let connections = Connections::new(
            allowed(max_connections),
            Patience::REVIEWS,
            metrics.server.clone(),
        );
        let server = Server {
            listener: bind("--listen", listen).await?,
            tls: Some(acceptor),
            router: http::router(
                http_limits,
                Settings { drain },
                connections.clone(),
                metrics.clone(),
                shutdown.clone(),
            ),
            connections,
            answer_timeout: request_timeout + ANSWER_READ_TIMEOUT,
            drain_timeout,
            metrics: metrics.server.clone(),
            shutdown: shutdown.clone(),
        };
        let pages = Pages::of_webhook(readiness.clone(), metrics);
        let admin = admin::server(admin_listen, pages, drain_timeout, shutdown).await?;
        Ok(Self {
            server,
            admin,
            certificate_keeper,
            readiness,
        })
    }

    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.server.listener.local_addr()
    }

    pub fn admin_addr(&self) -> std::io::Result<SocketAddr> {
        self.admin.listener.local_addr()
    }

    /// Serves until the shutdown is through.
    pub async fn serve(self) -> anyhow::Result<()> {
        let keeper = tokio::spawn(self.certificate_keeper);
        let admin = tokio::spawn(self.admin.serve());
        self.readiness.set(Condition::Listener);
        tokio::select! {
            () = self.server.serve() => {}
            // Without it the certificate would quietly expire; a restart is better.
            ended = keeper => return ended.context("the certificate's keeper ended"),
        }
        admin.abort();
        tracing::info!("stopped");
        Ok(())
    }
}

fn allowed(max_connections: u32) -> u32 {
    let allowed = open_files::allow(max_connections);
    if allowed < max_connections {
        tracing::warn!(
            allowed,
            max_connections,
            "fewer connections than --max-connections, because of the limit on open files"
        );
    }
    allowed
}

async fn bind(flag: &str, address: SocketAddr) -> anyhow::Result<tokio::net::TcpListener> {
    let listener = server::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} ({flag})"))?;
    tracing::info!(flag, address = %listener.local_addr()?, "listening");
    Ok(listener)
}

fn follow_files(
    mut files: TlsFiles,
    readiness: &Readiness,
) -> anyhow::Result<Pin<Box<dyn Future<Output = ()> + Send>>> {
    // Files that are wrong from the start are a mistake to be told now, not to be waited out.
    files.load()?;
    readiness.set(Condition::Certificate);
    // Whoever made the files also sees to the caBundle.
    readiness.set(Condition::CaBundle);
    Ok(Box::pin(files.follow()))
}

fn manage_certificate(
    args: SelfManagedArgs,
    serving: Arc<ServingCertificate>,
    readiness: &Arc<Readiness>,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<Pin<Box<dyn Future<Output = ()> + Send>>> {
    let SelfManagedArgs {
        service,
        ca_secret,
        webhook_configuration,
    } = args;
    let (client, namespace) = kubernetes::in_cluster_client()?;
    let dns_names = vec![
        format!("{service}.{namespace}.svc"),
        format!("{service}.{namespace}"),
    ];
    let secret = CaSecret::new(client.clone(), &namespace, &ca_secret);
    let service = Service {
        namespace,
        name: service,
    };
    let keeper = SelfManaged {
        secret,
        configuration: WebhookConfiguration::new(client, &webhook_configuration, service),
        dns_names,
        serving,
        readiness: readiness.clone(),
        metrics: metrics.clone(),
        state: self_managed::State::default(),
    };
    Ok(Box::pin(keeper.run()))
}
