//! Connections: accepted, bounded in number and in time, and closed without cutting anybody off.
//!
//! What is said over them is a [`Router`]'s matter.

pub mod body;
pub(crate) mod budget;
pub mod connections;
pub mod open_files;
mod response_body;
mod usage;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use self::connections::{Connections, Slot};
use self::response_body::AnswerBody;
use self::usage::{Activity, FIRST_REQUEST_TIMEOUT, IDLE_TIMEOUT};
use crate::certificate::tls::ALPN_HTTP2;
use crate::metrics::Metrics;
use crate::shutdown::Shutdown;

/// For a client with nothing in flight to take notice that its connection is being closed.
const IDLE_CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(30);
const HTTP2_MAX_STREAMS: u32 = 256;
const MAX_HEADER_BYTES: u32 = 16 * 1024;
/// A deadline that a request has brought is noticed this late at most.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);
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
    pub metrics: Arc<Metrics>,
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

struct Connection {
    tls: Option<TlsAcceptor>,
    router: Router,
    metrics: Arc<Metrics>,
    shutdown: Shutdown,
    activity: Arc<Activity>,
    answer_timeout: Duration,
}

impl Connection {
    async fn run(self, stream: TcpStream) {
        let Some(tls) = &self.tls else {
            return self.serve_http1(stream).await;
        };
        let handshake = timeout(FIRST_REQUEST_TIMEOUT, tls.accept(stream));
        let handshake = tokio::select! {
            biased;
            handshake = handshake => handshake,
            () = self.activity.evicted() => return,
        };
        match handshake {
            Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(ALPN_HTTP2) => {
                self.serve_http2(stream).await;
            }
            Ok(Ok(stream)) => self.serve_http1(stream).await,
            Ok(Err(error)) => {
                self.metrics.tls_handshake_failures.inc();
                tracing::debug!(%error, "TLS handshake failed");
            }
            Err(_) => {
                self.metrics.tls_handshake_failures.inc();
            }
        }
    }

    async fn serve_http1(self, stream: impl AsyncRead + AsyncWrite + Unpin + 'static) {
        let Self {
            router,
            activity,
            metrics,
            shutdown,
            answer_timeout,
            ..
        } = self;
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // hyper counts the time between two requests too, so this is no shorter than that.
            .header_read_timeout(IDLE_TIMEOUT)
            .max_buf_size(MAX_HEADER_BYTES as usize)
            .serve_connection(
                TokioIo::new(stream),
                service_fn(|request| {
                    respond(router.clone(), activity.clone(), metrics.clone(), request)
                }),
            );
        drive(connection, &activity, answer_timeout, shutdown).await;
    }

    async fn serve_http2(self, stream: impl AsyncRead + AsyncWrite + Unpin + 'static) {
        let Self {
            router,
            activity,
            metrics,
            shutdown,
            answer_timeout,
            ..
        } = self;
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(HTTP2_PING_INTERVAL)
            .max_concurrent_streams(HTTP2_MAX_STREAMS)
            .max_header_list_size(MAX_HEADER_BYTES)
            .serve_connection(
                TokioIo::new(stream),
                service_fn(|request| {
                    respond(router.clone(), activity.clone(), metrics.clone(), request)
                }),
            );
        drive(connection, &activity, answer_timeout, shutdown).await;
    }
}

async fn respond(
    router: Router,
    activity: Arc<Activity>,
    metrics: Arc<Metrics>,
    request: Request<Incoming>,
) -> Result<http::Response<AnswerBody>, TooManyRequests> {
    let Some(in_flight) = activity.begin() else {
        metrics.requests_refused.inc();
        return Err(TooManyRequests);
    };
    let Ok(answer) = router.oneshot(request.map(Body::new)).await;
    Ok(answer.map(|body| AnswerBody::new(body, in_flight)))
}

/// Ends the stream, or in HTTP/1.1 the connection, without an answer, which would take memory too.
#[derive(Debug, thiserror::Error)]
#[error("too many requests in flight")]
struct TooManyRequests;

/// Runs a connection until its client ends it, it has been idle or busy for too long, its slot is
/// needed, or we shut down.
async fn drive<C: GracefulConnection>(
    connection: C,
    activity: &Activity,
    answer_timeout: Duration,
    mut shutdown: Shutdown,
) {
    let mut connection = std::pin::pin!(connection);
    loop {
        let deadline = activity.deadline(answer_timeout);
        let look_again = deadline.min(Instant::now() + LOOK_INTERVAL);
        tokio::select! {
            // In this order: a request that has come is answered, even if its place is needed.
            biased;
            // An error here is the client's: reset, garbage, a head that never ended.
            _ = connection.as_mut() => return,
            () = sleep_until(look_again) => if activity.deadline(answer_timeout) <= Instant::now() {
                connection.as_mut().graceful_shutdown();
                let _ = timeout(IDLE_CLOSE_TIMEOUT, connection).await;
                return;
            },
            () = activity.evicted() => if activity.is_cut_off() {
                return;
            },
            () = shutdown.closing() => {
                connection.as_mut().graceful_shutdown();
                // Not for longer than the server's drain time.
                let _ = connection.await;
                return;
            }
        }
    }
}
