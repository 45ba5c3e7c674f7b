//! What can go wrong between a client and Ray: facts, without advice.

use std::error::Error as StdError;
use std::time::Duration;

use http::StatusCode;
use thiserror::Error;

use super::dial::DialError;
use super::request::Call;
use crate::text::seconds;

#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    #[error(transparent)]
    Dial(#[from] DialError),
    #[error("{who} did not answer {} within {}", call, seconds(*limit))]
    TimedOut {
        who: String,
        call: Call,
        limit: Duration,
    },
    #[error("the connection to {who} broke before the answer to {call} was complete: {cause}")]
    Broken {
        who: String,
        call: Call,
        cause: String,
        /// Whether a tunnel broke without giving a reason.
        is_tunnelled: bool,
    },
    #[error("{who} began to answer {call}, and then nothing came for {}", seconds(*limit))]
    Silent {
        who: String,
        call: Call,
        limit: Duration,
    },
    #[error("{who} has no Serve REST API (404)")]
    NoServeApi { who: String },
    #[error("{who} rejected the Serve config, nothing was changed: {message}")]
    Rejected { who: String, message: String },
    #[error(
        "{who} broke off the deployment at an application it cannot take, and may have taken others: {message}"
    )]
    BrokeOff { who: String, message: String },
    #[error("{who} wants a valid Ray token: {message} ({})", status.as_u16())]
    Token {
        who: String,
        message: String,
        status: StatusCode,
    },
    #[error("{who} failed on {call}: {message} ({})", status.as_u16())]
    Failed {
        who: String,
        call: Call,
        message: String,
        status: StatusCode,
    },
    #[error("{who} answered {call} with more than {at_most} MiB, which no Ray does")]
    TooLong {
        who: String,
        call: Call,
        /// In MiB.
        at_most: usize,
    },
    #[error("{who} did not answer with Serve's JSON but with: {start}")]
    NotJson { who: String, start: String },
}

impl Error {
    /// Whether the call may have got through although there was no answer.
    pub fn is_doubtful(&self) -> bool {
        match self {
            Self::TimedOut { call, .. }
            | Self::Broken { call, .. }
            | Self::TooLong { call, .. } => call.changes_serve(),
            Self::Failed { call, status, .. } => is_in_between(*status) && call.changes_serve(),
            _ => false,
        }
    }

    /// Whether the same call may work a little later: what `--wait` waits for.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Dial(error) => error.may_pass(),
            Self::TimedOut { .. } | Self::Broken { .. } | Self::Silent { .. } => true,
            Self::Failed { status, .. } => {
                *status == StatusCode::SERVICE_UNAVAILABLE || is_in_between(*status)
            }
            _ => false,
        }
    }
}

/// Never Ray's: a proxy on the way lost the answer.
fn is_in_between(status: StatusCode) -> bool {
    status == StatusCode::BAD_GATEWAY || status == StatusCode::GATEWAY_TIMEOUT
}

/// The innermost error says what happened; the wrappers only say where in a library.
pub fn root_cause(error: &(dyn StdError + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
