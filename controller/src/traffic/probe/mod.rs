//! One probe of one pod: what is asked of its proxy, and what the answer means for its traffic.
//!
//! `/-/healthz` is what Serve's own proxy says of itself: 200 while it serves, 503 as soon as its node
//! drains, has no routes yet or no replicas. Ray 2.9 and older say 200 before they know any route, and
//! answer requests with 404 (ray#43076); a pod that joins is therefore asked for `/-/routes` once.

mod answer;
mod history;
mod prober;

use std::fmt;

pub use history::Probes;
pub use prober::{PATIENCE, Prober};

/// What a proxy is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    Healthz,
    /// Routes too, if it is healthy.
    HealthzAndRoutes,
}

/// What a probe says about a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Healthy, and with routes where those were asked for.
    Serves,
    /// Healthy, but without any route: Serve runs no application, or an old Ray just started.
    NoRoutes,
    /// 503: the proxy drains, or cannot serve yet. It still serves what it gets while it drains.
    Leaving,
    /// Nothing listens: the connection was refused, or closed before any answer.
    Refused,
    /// No answer in time, or no way there: a frozen proxy, a network policy, our own network.
    Silent,
    /// Somebody answers who is not Serve's proxy as we know it.
    Foreign(Foreign),
}

/// Who answers instead of Serve's proxy. Nothing of the answer itself is kept: a pod may send anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// Another status than 200 and 503: a redirect, a mesh that forbids, no such path.
    Status(u16),
    Tls,
    NotHttp,
    /// The answer ended or stopped in its middle.
    Incomplete,
    TooLarge,
    /// Routes that are no JSON object of texts.
    NotRoutes,
}

impl Outcome {
    /// One of each kind.
    pub const ALL: [Self; 6] = [
        Self::Serves,
        Self::NoRoutes,
        Self::Leaving,
        Self::Refused,
        Self::Silent,
        Self::Foreign(Foreign::NotHttp),
    ];

    /// Whether the proxy answered for itself, which proves that the way to it is open.
    pub fn is_answer(self) -> bool {
        matches!(self, Self::Serves | Self::NoRoutes | Self::Leaving)
    }

    /// Whether the proxy says that it is well.
    pub fn is_healthy(self) -> bool {
        matches!(self, Self::Serves | Self::NoRoutes)
    }

    /// Whether it is not known what the pod does.
    pub fn is_unknown(self) -> bool {
        matches!(self, Self::Silent | Self::Foreign(_))
    }

    /// Stable: the value of a metric's label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Serves => "serves",
            Self::NoRoutes => "no-routes",
            Self::Leaving => "leaving",
            Self::Refused => "refused",
            Self::Silent => "silent",
            Self::Foreign(_) => "foreign",
        }
    }
}

impl fmt::Display for Foreign {
    /// Completes "the probe got …".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "HTTP status {status}"),
            Self::Tls => f.write_str("a TLS record"),
            Self::NotHttp => f.write_str("an answer that is not HTTP"),
            Self::Incomplete => f.write_str("an incomplete answer"),
            Self::TooLarge => f.write_str("an answer that is too large"),
            Self::NotRoutes => f.write_str("routes that are not Serve's"),
        }
    }
}
