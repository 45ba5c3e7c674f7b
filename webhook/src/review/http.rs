//! `POST /mutate`: the bounds around a review, and HTTP's part of the answer.
//!
//! What cannot be answered in time or at all is an HTTP error, never an invented verdict: the API
//! server then does what the webhook's `failurePolicy` says, which is the platform's choice.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Version, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use prometheus_client::metrics::gauge::Gauge;
use ray_serve_inject::Settings;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use crate::metrics::{Metrics, ReviewOutcome, UNKNOWN_OPERATION};
use crate::review::admission::{self, Reviewed};
use crate::server::body::{self, Unread};
use crate::server::budget::Budget;
use crate::server::connections::Connections;
use crate::shutdown::Shutdown;

pub const PATH: &str = "/mutate";

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of requests being read and answered at once; what comes on top is turned away.
    pub max_in_flight_bytes: usize,
    pub request_timeout: Duration,
}

#[derive(Clone)]
struct Http {
    settings: Settings,
    budget: Arc<Budget>,
    metrics: Arc<Metrics>,
    shutdown: Shutdown,
}

pub fn router(
    limits: Limits,
    settings: Settings,
    connections: Arc<Connections>,
    metrics: Arc<Metrics>,
    shutdown: Shutdown,
) -> Router {
    let http = Http {
        settings,
        budget: Arc::new(Budget::new(limits.max_in_flight_bytes, connections)),
        metrics,
        shutdown,
    };
    Router::new()
        .route(PATH, post(mutate))
        .layer(
            ServiceBuilder::new()
                .layer(middleware::from_fn_with_state(http.clone(), observe))
                .layer(CatchPanicLayer::new())
                .layer(TimeoutLayer::with_status_code(
                    StatusCode::REQUEST_TIMEOUT,
                    limits.request_timeout,
                )),
        )
        .with_state(http)
}

/// Counts every response, and asks HTTP/1.1 clients to go elsewhere while we shut down (HTTP/2
/// ones get a GOAWAY when the connection closes).
async fn observe(State(http): State<Http>, request: Request, next: Next) -> Response {
    let version = request.version();
    let counted = Counted::new(&http.metrics.in_flight);
    let mut response = next.run(request).await;
    drop(counted);
    http.metrics.count_response(response.status());
    if http.shutdown.is_draining() && version <= Version::HTTP_11 {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

/// Counts a request until it is answered or its client has gone.
struct Counted(Gauge);

impl Counted {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

async fn mutate(State(http): State<Http>, headers: HeaderMap, body: Body) -> Response {
    if !is_json(&headers) {
        return (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Type must be application/json\n",
        )
            .into_response();
    }
    let Some(charge) = http.budget.charge(body::declared_length(&body)).await else {
        return crowded();
    };
    let body = match body::read(body).await {
        Ok(body) => body,
        Err(error) => {
            let status = match error {
                Unread::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                Unread::Broken(_) => StatusCode::BAD_REQUEST,
            };
            return (status, format!("{error}\n")).into_response();
        }
    };
    let started = Instant::now();
    let _turn = http.budget.turn_to_read(body.len()).await;
    match admission::review(&body, http.settings) {
        Ok(mut reviewed) => {
            let took = started.elapsed();
            let answer = std::mem::take(&mut reviewed.answer);
            let Some(answer) = http.budget.hold(answer, charge) else {
                return crowded();
            };
            report(&http.metrics, &reviewed, took);
            let json = HeaderValue::from_static("application/json");
            ([(header::CONTENT_TYPE, json)], Body::from(answer)).into_response()
        }
        Err(error) => {
            http.metrics.count_review(
                UNKNOWN_OPERATION,
                ReviewOutcome::Error.as_str(),
                started.elapsed(),
            );
            tracing::warn!(error = error.for_log(), "review not answered");
            (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response()
        }
    }
}

fn crowded() -> Response {
    (
        StatusCode::SERVICE_UNAVAILABLE,
        "too many requests in flight\n",
    )
        .into_response()
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
        reason = reviewed.reason.as_str(),
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
