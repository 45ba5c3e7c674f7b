//! The plain HTTP port for kubelet and Prometheus: `/livez`, `/readyz`, `/metrics`.

use std::fmt::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use ray_serve_controller::kubernetes::{Health, Metrics as ControllerMetrics};

use crate::metrics::{Metrics, ServerMetrics};
use crate::readiness::Readiness;
use crate::server::Server;
use crate::server::connections::{Connections, Patience};
use crate::shutdown::Shutdown;
use crate::{ANSWER_READ_TIMEOUT, bind};

/// Probes and Prometheus: a handful of connections.
const MAX_CONNECTIONS: u32 = 64;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What a program of this crate says of itself.
pub struct Pages {
    /// What has to be true before it is ready, by name.
    checks: Box<dyn Fn() -> Vec<(&'static str, bool)> + Send + Sync>,
    metrics: Box<dyn Fn() -> Result<String, fmt::Error> + Send + Sync>,
    /// Of the server that shows the pages.
    server: ServerMetrics,
}

impl Pages {
    pub fn of_webhook(readiness: Arc<Readiness>, metrics: Arc<Metrics>) -> Self {
        Self {
            checks: Box::new(move || readiness.checks().to_vec()),
            server: metrics.server.clone(),
            metrics: Box::new(move || metrics.encode()),
        }
    }

    pub fn of_controller(health: Arc<Health>, metrics: Arc<ControllerMetrics>) -> Self {
        Self {
            checks: Box::new(move || health.checks().to_vec()),
            // Two connections a minute, of which nobody has to be told.
            server: ServerMetrics::default(),
            metrics: Box::new(move || metrics.encode()),
        }
    }
}

/// The server of the pages, not serving yet.
pub async fn server(
    listen: SocketAddr,
    pages: Pages,
    drain_timeout: Duration,
    shutdown: Shutdown,
) -> anyhow::Result<Server> {
    let metrics = pages.server.clone();
    Ok(Server {
        listener: bind("--admin-listen", listen).await?,
        tls: None,
        router: router(pages, shutdown.clone()),
        connections: Connections::new(MAX_CONNECTIONS, Patience::PROBES, metrics.clone()),
        answer_timeout: ANSWER_READ_TIMEOUT,
        drain_timeout,
        metrics,
        shutdown,
    })
}

#[derive(Clone)]
struct Admin {
    pages: Arc<Pages>,
    shutdown: Shutdown,
}

pub fn router(pages: Pages, shutdown: Shutdown) -> Router {
    Router::new()
        .route("/livez", get("ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(encoded_metrics))
        .with_state(Admin {
            pages: Arc::new(pages),
            shutdown,
        })
}

/// Lists every check the way the API server's own `/readyz` does.
async fn readyz(State(admin): State<Admin>) -> Response {
    let draining = [("not-shutting-down", !admin.shutdown.is_draining())];
    let checks = (admin.pages.checks)().into_iter().chain(draining);
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
    match (admin.pages.metrics)() {
        Ok(body) => ([(header::CONTENT_TYPE, OPENMETRICS)], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
