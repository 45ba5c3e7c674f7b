//! One connection: its TLS handshake, its requests one after the other, and its end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use super::response_body::AnswerBody;
use super::usage::{Activity, FIRST_REQUEST_TIMEOUT, IDLE_TIMEOUT};
use crate::certificate::tls::ALPN_HTTP2;
use crate::metrics::ServerMetrics;
use crate::shutdown::Shutdown;

/// For a client with nothing in flight to take notice that its connection is being closed.
const IDLE_CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(30);
const HTTP2_MAX_STREAMS: u32 = 256;
const MAX_HEADER_BYTES: u32 = 16 * 1024;
/// A deadline that a request has brought is noticed this late at most.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

pub(super) struct Connection {
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) router: Router,
    pub(super) metrics: ServerMetrics,
    pub(super) shutdown: Shutdown,
    pub(super) activity: Arc<Activity>,
    pub(super) answer_timeout: Duration,
}

impl Connection {
    pub(super) async fn run(self, stream: TcpStream) {
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
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // hyper counts the time between two requests too, so this is no shorter than that.
            .header_read_timeout(IDLE_TIMEOUT)
            .max_buf_size(MAX_HEADER_BYTES as usize)
            .serve_connection(TokioIo::new(stream), self.service());
        self.drive(connection).await;
    }

    async fn serve_http2(self, stream: impl AsyncRead + AsyncWrite + Unpin + 'static) {
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(HTTP2_PING_INTERVAL)
            .max_concurrent_streams(HTTP2_MAX_STREAMS)
            .max_header_list_size(MAX_HEADER_BYTES)
            .serve_connection(TokioIo::new(stream), self.service());
        self.drive(connection).await;
    }

    /// What answers each request of this connection, in either version of HTTP.
    fn service(
        &self,
    ) -> impl Service<
        Request<Incoming>,
        Response = Response<AnswerBody>,
        Error = TooManyRequests,
        Future: Send,
    > + use<> {
        let (router, metrics) = (self.router.clone(), self.metrics.clone());
        let activity = self.activity.clone();
        service_fn(move |request| {
            respond(router.clone(), activity.clone(), metrics.clone(), request)
        })
    }

    /// Runs a connection until its client ends it, it has been idle or busy for too long, its slot is
    /// needed, or we shut down.
    async fn drive<C: GracefulConnection>(self, connection: C) {
        let Self {
            activity,
            answer_timeout,
            mut shutdown,
            ..
        } = self;
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
}

async fn respond(
    router: Router,
    activity: Arc<Activity>,
    metrics: ServerMetrics,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, TooManyRequests> {
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
