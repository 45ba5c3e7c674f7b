//! The plain HTTP port for kubelet and Prometheus: `/livez`, `/readyz`, `/metrics`.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::metrics::Metrics;
use crate::shutdown::Shutdown;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What has to be true before the API server may be sent here.
#[derive(Clone, Copy, Debug)]
pub enum Condition {
    Certificate,
    Listener,
    CaBundle,
}

/// The conditions that have come true. None goes back: a webhook that stops answering because the
/// API server is away for a moment would turn a small fault into an outage.
#[derive(Debug, Default)]
pub struct Readiness {
    certificate: AtomicBool,
    listener: AtomicBool,
    ca_bundle: AtomicBool,
}

impl Readiness {
    pub fn set(&self, condition: Condition) {
        let flag = match condition {
            Condition::Certificate => &self.certificate,
            Condition::Listener => &self.listener,
            Condition::CaBundle => &self.ca_bundle,
        };
        flag.store(true, Ordering::Release);
    }

    fn checks(&self) -> [(&'static str, bool); 3] {
        [
            ("certificate", self.certificate.load(Ordering::Acquire)),
            ("listener", self.listener.load(Ordering::Acquire)),
            ("ca-bundle", self.ca_bundle.load(Ordering::Acquire)),
        ]
    }
}

#[derive(Clone)]
struct Admin {
    readiness: Arc<Readiness>,
    metrics: Arc<Metrics>,
    shutdown: Shutdown,
}

pub fn router(readiness: Arc<Readiness>, metrics: Arc<Metrics>, shutdown: Shutdown) -> Router {
    Router::new()
        .route("/livez", get("ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(encoded_metrics))
        .with_state(Admin {
            readiness,
            metrics,
            shutdown,
        })
}

/// Lists every check the way the API server's own `/readyz` does.
async fn readyz(State(admin): State<Admin>) -> Response {
    let draining = [("not-shutting-down", !admin.shutdown.is_draining())];
    let checks = admin.readiness.checks().into_iter().chain(draining);
    let mut body = String::new();
    let mut ready = true;
    for (name, passed) in checks {
        ready &= passed;
        let _ = writeln!(body, "[{}]{name}", if passed { '+' } else { '-' });
    }
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, body).into_response()
}

async fn encoded_metrics(State(admin): State<Admin>) -> Response {
    match admin.metrics.encode() {
        Ok(body) => ([(header::CONTENT_TYPE, OPENMETRICS)], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
