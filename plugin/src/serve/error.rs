use std::time::Duration;

use http::{Method, StatusCode};
use thiserror::Error;

use crate::cluster::{self, error::seconds};

#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    #[error(transparent)]
    Cluster(#[from] cluster::Error),
    #[error("{who} did not answer {} within {} (--request-timeout){}", call(method), seconds(*limit), doubt(method))]
    TimedOut {
        who: String,
        method: Method,
        limit: Duration,
    },
    #[error(
        "the connection to {who} broke before the answer to {} was complete: {cause}{}",
        call(method),
        doubt(method)
    )]
    Broken {
        who: String,
        method: Method,
        cause: String,
    },
    #[error(
        "{who} has no Serve REST API (404): it needs Ray 2.4 or later with ray[serve] installed"
    )]
    NoServeApi { who: String },
    #[error("{who} rejected the Serve config, nothing was changed: {message}")]
    Rejected { who: String, message: String },
    #[error("{who} wants a valid Ray token: {message} ({})", status.as_u16())]
    Token {
        who: String,
        message: String,
        status: StatusCode,
    },
    #[error("{who} failed on {}: {message} ({})", call(method), status.as_u16())]
    Failed {
        who: String,
        method: Method,
        message: String,
        status: StatusCode,
    },
    #[error("{who} did not answer with Serve's JSON but with: {start}")]
    NotJson { who: String, start: String },
}

impl Error {
    /// Whether the same call may work a little later: what `--wait` waits for.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Cluster(error) => error.may_pass(),
            Self::TimedOut { .. } | Self::Broken { .. } => true,
            Self::Failed { status, .. } => *status == StatusCode::SERVICE_UNAVAILABLE,
            _ => false,
        }
    }
}

/// What a call is to a user, who does not think in HTTP methods.
fn call(method: &Method) -> &'static str {
    match *method {
        Method::PUT => "the deployment",
        Method::DELETE => "the shutdown of Serve",
        _ => "the request for Serve's applications",
    }
}

/// A lost answer does not tell whether the call got through.
fn doubt(method: &Method) -> &'static str {
    match *method {
        Method::GET => "",
        _ => "; it may have got through, see kubectl ray serve get",
    }
}
