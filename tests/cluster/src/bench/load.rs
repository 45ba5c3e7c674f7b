//! The load: a few clients that each send the same request again and again over one TLS connection.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
};
use tokio::{net::TcpStream, runtime::Runtime, task::JoinSet, time::timeout};
use tokio_rustls::TlsConnector;

use super::pairs::quantile;

/// No answer takes this long unless it never comes.
const HANGS: Duration = Duration::from_secs(10);

/// Every load ends, by whichever comes first.
pub(super) struct Bounds {
    pub(super) connections: u32,
    pub(super) requests_each: u32,
    pub(super) time: Duration,
}

/// What is asked, of whom.
#[derive(Clone)]
pub(super) struct Question {
    pub(super) address: SocketAddr,
    pub(super) path: &'static str,
    pub(super) body: Bytes,
}

/// What the load saw. Times are in seconds.
pub(super) struct Seen {
    pub(super) took: f64,
    latencies: Vec<f64>,
}

impl Seen {
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn requests(&self) -> f64 {
        self.latencies.len() as f64
    }

    pub(super) fn throughput(&self) -> f64 {
        self.requests() / self.took
    }

    pub(super) fn latency(&self, share: f64) -> f64 {
        quantile(self.latencies.clone(), share)
    }
}

pub(super) struct Clients {
    /// One thread: it has to leave the machine to the server, and is not what is measured.
    runtime: Runtime,
    tls: TlsConnector,
}

impl Clients {
    /// They trust `root`, and no other.
    pub(super) fn new(root: CertificateDer<'static>) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(root)?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?,
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// One answer.
    pub(super) fn ask(&self, question: &Question) -> Result<Bytes> {
        self.runtime.block_on(async {
            let mut connection = Connection::open(&self.tls, question).await?;
            connection.ask(question).await
        })
    }

    /// Loads the server; an answer that is not 200 is an error. Connecting takes no part in it.
    pub(super) fn load(&self, question: &Question, bounds: &Bounds) -> Result<Seen> {
        self.runtime.block_on(async {
            let mut connections = Vec::new();
            for _ in 0..bounds.connections {
                connections.push(Connection::open(&self.tls, question).await?);
            }
            let started = Instant::now();
            let until = started + bounds.time;
            let mut clients = JoinSet::new();
            for mut connection in connections {
                let question = question.clone();
                let most = bounds.requests_each;
                clients.spawn(async move {
                    let mut latencies = Vec::new();
                    for _ in 0..most {
                        let asked = Instant::now();
                        if asked >= until {
                            break;
                        }
                        connection.ask(&question).await?;
                        latencies.push(asked.elapsed().as_secs_f64());
                    }
                    Ok::<_, anyhow::Error>(latencies)
                });
            }
            let mut latencies = Vec::new();
            while let Some(client) = clients.join_next().await {
                latencies.append(&mut client??);
            }
            Ok(Seen {
                took: started.elapsed().as_secs_f64(),
                latencies,
            })
        })
    }
}

struct Connection(http1::SendRequest<Full<Bytes>>);

impl Connection {
    async fn open(tls: &TlsConnector, question: &Question) -> Result<Self> {
        let address = question.address;
        let connect = async {
            let tcp = TcpStream::connect(address).await?;
            tcp.set_nodelay(true)?;
            let name = ServerName::from(address.ip());
            let stream = tls.connect(name, tcp).await?;
            let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            // Its end is seen by the next request.
            tokio::spawn(connection);
            Ok::<_, anyhow::Error>(Self(sender))
        };
        let connected = timeout(HANGS, connect).await;
        connected
            .with_context(|| format!("{address} does not take a connection"))?
            .with_context(|| format!("cannot connect to {address}"))
    }

    async fn ask(&mut self, question: &Question) -> Result<Bytes> {
        let Question {
            address,
            path,
            body,
        } = question;
        let request = Request::post(*path)
            .header(header::HOST, address.to_string())
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body.clone()))?;
        let exchange = async {
            self.0.ready().await?;
            let response = self.0.send_request(request).await?;
            let status = response.status();
            Ok::<_, hyper::Error>((status, response.into_body().collect().await?.to_bytes()))
        };
        let (status, answer) = timeout(HANGS, exchange)
            .await
            .with_context(|| format!("{address}{path} does not answer"))?
            .with_context(|| format!("{address}{path} broke off"))?;
        ensure!(
            status == StatusCode::OK,
            "{address}{path} answered {status}: {}",
            String::from_utf8_lossy(&answer)
        );
        Ok(answer)
    }
}
