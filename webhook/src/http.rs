//! `POST /mutate`: the bounds around a review, and HTTP's part of the answer.
//!
//! What cannot be answered in time or at all is an HTTP error, never an invented verdict: the API
//! server then does what the webhook's `failurePolicy` says, which is the platform's choice.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Version, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::sync::Semaphore;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::admission::{self, Reviewed};
use crate::metrics::Metrics;
use crate::shutdown::Shutdown;

pub const PATH: &str = "/mutate";

/// Two objects of etcd's 3 MB at most, and 1 MB around them.
pub const MAX_BODY_BYTES: usize = 7 << 20;

/// A small request is charged like this one, so that the budget also bounds their number.
const MIN_CHARGE_BYTES: usize = 64 << 10;

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of requests being read and answered at once; what comes on top is turned away.
    pub max_in_flight_bytes: usize,
    pub request_timeout: Duration,
}

#[derive(Clone)]
struct Http {
    /// One permit is one KiB.
    budget: Arc<Semaphore>,
    metrics: Arc<Metrics>,
    shutdown: Shutdown,
}

pub fn router(limits: Limits, metrics: Arc<Metrics>, shutdown: Shutdown) -> Router {
    let http = Http {
        budget: Arc::new(Semaphore::new(kib(limits.max_in_flight_bytes) as usize)),
        metrics,
        shutdown,
    };
    Router::new()
        .route(PATH, post(mutate))
        .layer(
            ServiceBuilder::new()
                .layer(middleware::from_fn_with_state(http.clone(), observe))
                .layer(CatchPanicLayer::new())
                .layer(middleware::from_fn_with_state(http.clone(), shed_load))
                .layer(TimeoutLayer::with_status_code(
                    StatusCode::REQUEST_TIMEOUT,
                    limits.request_timeout,
                ))
                .layer(DefaultBodyLimit::disable())
                .layer(RequestBodyLimitLayer::new(MAX_BODY_BYTES)),
        )
        .with_state(http)
}

/// Counts every response, and asks HTTP/1.1 clients to go elsewhere while we shut down (HTTP/2
/// ones get a GOAWAY when the connection closes).
async fn observe(State(http): State<Http>, request: Request, next: Next) -> Response {
    let version = request.version();
    http.metrics.in_flight.inc();
    let mut response = next.run(request).await;
    http.metrics.in_flight.dec();
    http.metrics.count_response(response.status());
    if http.shutdown.is_draining() && version <= Version::HTTP_11 {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

/// Answers 503 at once where the budget is spent: an admission that queues past the API server's
/// patience costs it the whole `timeoutSeconds`.
async fn shed_load(State(http): State<Http>, request: Request, next: Next) -> Response {
    let length = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok())
        .unwrap_or(MAX_BODY_BYTES);
    let charge = kib(length.clamp(MIN_CHARGE_BYTES, MAX_BODY_BYTES));
    let Ok(_charged) = http.budget.try_acquire_many(charge) else {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "too many requests in flight\n",
        )
            .into_response();
    };
    next.run(request).await
}

async fn mutate(State(http): State<Http>, headers: HeaderMap, body: Bytes) -> Response {
    if !is_json(&headers) {
        return (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Type must be application/json\n",
        )
            .into_response();
    }
    let started = Instant::now();
    match admission::review(&body) {
        Ok(reviewed) => {
            let took = started.elapsed();
            report(&http.metrics, &reviewed, took);
            let json = HeaderValue::from_static("application/json");
            ([(header::CONTENT_TYPE, json)], Body::from(reviewed.answer)).into_response()
        }
        Err(error) => {
            http.metrics
                .count_review("unknown", "error", started.elapsed());
            tracing::warn!(%error, "review not answered");
            (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response()
        }
    }
}

fn report(metrics: &Metrics, reviewed: &Reviewed, took: Duration) {
    let outcome = reviewed.outcome.as_str();
    metrics.count_review(reviewed.operation, outcome, took);
    if reviewed.outcome.is_skip() {
        metrics.count_skip(reviewed.reason);
    }
    let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    tracing::info!(
        uid = reviewed.uid,
        namespace = reviewed.namespace,
        name = reviewed.name,
        operation = reviewed.operation,
        outcome,
        reason = reviewed.reason,
        warnings = reviewed.warnings,
        microseconds,
        "reviewed"
    );
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json"))
}

fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}
