//! Every metric the webhook has: their names are here and nowhere else.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use ray_serve_inject::Reason;

const PREFIX: &str = "ray_serve_webhook";

/// The operation of a review that could not be read.
pub const UNKNOWN_OPERATION: &str = "unknown";

/// Seconds. A mutation takes tens of microseconds, so a first bucket of milliseconds would hold
/// everything and say nothing.
const DURATION_BUCKETS: [f64; 13] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AdmissionLabels {
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabel {
    code: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub enum ReloadResult {
    Success,
    Error,
}

impl ReloadResult {
    fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
        }
    }
}

/// What became of a review, as its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewOutcome {
    Mutated,
    Unchanged,
    /// A fault of ours: admitted unchanged.
    Error,
}

impl ReviewOutcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mutated => "mutated",
            Self::Unchanged => "unchanged",
            Self::Error => "error",
        }
    }

    pub fn is_skip(self) -> bool {
        self != Self::Mutated
    }
}

#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    admission_requests: Family<AdmissionLabels, Counter>,
    admission_duration: Histogram,
    skipped: Family<ReasonLabel, Counter>,
    http_responses: Family<CodeLabel, Counter>,
    tls_reloads: Family<ResultLabel, Counter>,
    pub in_flight: Gauge,
    pub certificate_expiry: Gauge,
    pub server: ServerMetrics,
}

/// What a server counts, whatever is said over its connections.
#[derive(Clone, Debug, Default)]
pub struct ServerMetrics {
    pub connections: Gauge,
    pub connections_evicted: Counter,
    pub requests_refused: Counter,
    pub tls_handshake_failures: Counter,
}

impl Metrics {
    pub fn new() -> Self {
        let metrics = Self {
            registry: Registry::with_prefix(PREFIX),
            admission_requests: Family::default(),
            admission_duration: Histogram::new(DURATION_BUCKETS),
            skipped: Family::default(),
            http_responses: Family::default(),
            tls_reloads: Family::default(),
            in_flight: Gauge::default(),
            certificate_expiry: Gauge::default(),
            server: ServerMetrics::default(),
        };
        metrics.starting_at_zero().registered()
    }

    /// A counter that begins with its first event hides that one from Prometheus' `increase()`, and
    /// so from the alerts: those on what goes wrong are there from the start.
    fn starting_at_zero(self) -> Self {
        let errors = [UNKNOWN_OPERATION, "CREATE", "UPDATE"].map(|operation| AdmissionLabels {
            operation,
            outcome: ReviewOutcome::Error.as_str(),
        });
        for labels in errors {
            drop(self.admission_requests.get_or_create(&labels));
        }
        for reason in Reason::ALL
            .iter()
            .filter(|reason| **reason != Reason::Injected)
        {
            let reason = reason.as_str();
            drop(self.skipped.get_or_create(&ReasonLabel { reason }));
        }
        for code in [
            StatusCode::OK,
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::SERVICE_UNAVAILABLE,
        ] {
            let code = code.as_u16();
            drop(self.http_responses.get_or_create(&CodeLabel { code }));
        }
        for result in [ReloadResult::Success, ReloadResult::Error] {
            let result = result.as_str();
            drop(self.tls_reloads.get_or_create(&ResultLabel { result }));
        }
        self
    }

    // prometheus-client adds `_total` to a counter's name and `_info` to an info's.
    fn registered(mut self) -> Self {
        let Self {
            registry,
            admission_requests,
            admission_duration,
            skipped,
            http_responses,
            tls_reloads,
            in_flight,
            certificate_expiry,
            server,
        } = &mut self;
        registry.register(
            "admission_requests",
            "Reviews answered, by operation and outcome (mutated, unchanged, error)",
            admission_requests.clone(),
        );
        registry.register(
            "admission_duration_seconds",
            "Time from a review's last byte to its answer",
            admission_duration.clone(),
        );
        registry.register(
            "admission_in_flight",
            "Reviews being answered",
            in_flight.clone(),
        );
        registry.register("skip", "Reviews left unchanged, by reason", skipped.clone());
        registry.register(
            "http_responses",
            "HTTP responses, by status code",
            http_responses.clone(),
        );
        registry.register(
            "tls_certificate_expiry_timestamp_seconds",
            "When the serving certificate ends, in Unix time",
            certificate_expiry.clone(),
        );
        registry.register(
            "tls_reload",
            "Exchanges of the serving certificate, by result (success, error)",
            tls_reloads.clone(),
        );
        registry.register(
            "tls_handshake_failures",
            "TLS handshakes that failed or took too long",
            server.tls_handshake_failures.clone(),
        );
        registry.register(
            "connections",
            "Open connections",
            server.connections.clone(),
        );
        registry.register(
            "connections_evicted",
            "Idle or stalled connections closed because another one needed their place",
            server.connections_evicted.clone(),
        );
        registry.register(
            "requests_refused",
            "Requests ended without an answer because too many were in flight",
            server.requests_refused.clone(),
        );
        registry.register(
            "build",
            "The running version",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        self
    }

    pub fn count_review(&self, operation: &'static str, outcome: &'static str, took: Duration) {
        self.admission_requests
            .get_or_create(&AdmissionLabels { operation, outcome })
            .inc();
        self.admission_duration.observe(took.as_secs_f64());
    }

    pub fn count_skip(&self, reason: Reason) {
        let reason = reason.as_str();
        self.skipped.get_or_create(&ReasonLabel { reason }).inc();
    }

    pub fn count_response(&self, code: StatusCode) {
        let code = code.as_u16();
        self.http_responses.get_or_create(&CodeLabel { code }).inc();
    }

    pub fn count_reload(&self, result: ReloadResult) {
        let result = result.as_str();
        self.tls_reloads
            .get_or_create(&ResultLabel { result })
            .inc();
    }

    /// In the `OpenMetrics` text format, which Prometheus reads.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut body = String::new();
        text::encode(&mut body, &self.registry)?;
        Ok(body)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
