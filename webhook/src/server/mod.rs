//! Connections: accepted, bounded in number and in time, and closed without cutting anybody off.
//!
//! What is said over them is a [`Router`]'s matter.

pub mod body;
pub(crate) mod budget;
mod connection;
pub mod connections;
pub mod open_files;
mod response_body;
mod usage;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use self::connection::Connection;
use self::connections::{Connections, Slot};
use crate::metrics::ServerMetrics;
use crate::shutdown::Shutdown;

/// `accept` fails when file descriptors run out; trying again at once would only burn the CPU.
const ACCEPT_BACK_OFF: Duration = Duration::from_millis(200);

/// Binds `address`; on a machine without IPv6, `[::]` means `0.0.0.0`.
pub async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Err(error)
            if error.raw_os_error() == Some(libc::EAFNOSUPPORT)
                && address.is_ipv6()
                && address.ip().is_unspecified() =>
        {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        result => result,
    }
}

pub struct Server {
    pub listener: TcpListener,
    /// Plain HTTP/1.1 without.
    pub tls: Option<TlsAcceptor>,
    pub router: Router,
    pub connections: Arc<Connections>,
    /// From a request's head until its client has taken the whole answer.
    pub answer_timeout: Duration,
    pub drain_timeout: Duration,
    pub metrics: ServerMetrics,
    pub shutdown: Shutdown,
}

impl Server {
    /// Serves until the shutdown closes, and then until the last connection has, or the drain
    /// time is over.
    pub async fn serve(self) {
        let Self {
            listener,
            tls,
            router,
            connections,
            answer_timeout,
            drain_timeout,
            metrics,
            mut shutdown,
        } = self;
        loop {
            let accepted = tokio::select! {
                accepted = accept(&listener, &connections) => accepted,
                () = shutdown.closing() => break,
            };
            let (stream, slot) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_BACK_OFF).await;
                    continue;
                }
            };
            let connection = Connection {
                tls: tls.clone(),
                router: router.clone(),
                metrics: metrics.clone(),
                shutdown: shutdown.clone(),
                activity: slot.activity.clone(),
                answer_timeout,
            };
            tokio::spawn(async move {
                connection.run(stream).await;
                drop(slot);
            });
        }
        drop(listener);
        if timeout(drain_timeout, connections.closed()).await.is_err() {
            tracing::warn!(
                connections = connections.count(),
                "drain time over, closing what is left"
            );
        }
    }
}

async fn accept(
    listener: &TcpListener,
    connections: &Arc<Connections>,
) -> std::io::Result<(TcpStream, Slot)> {
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, connections.admit().await))
}
