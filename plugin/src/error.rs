//! What ends a command early, and with which exit code.

use ray_serve_client as serve;
use thiserror::Error;

use crate::connect;
use crate::hint::{Hint, both};

#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Cluster(#[from] connect::Error),
    #[error(transparent)]
    Serve(serve::Error),
    #[error(transparent)]
    UnknownApplications(#[from] serve::UnknownApplications),
    #[error("{0}")]
    Failed(String),
    /// The output has said all there is to say.
    #[error("failed")]
    Told,
    /// A failure, and what to do about it where its kind does not say.
    #[error("{failure}")]
    Hinted { failure: Box<Failure>, hint: String },
    /// An error of a command whose exit code 1 means something else.
    #[error("{0}")]
    NotDifferences(Box<Failure>),
    /// Ctrl-C: whoever waited has said what goes on without us.
    #[error("interrupted")]
    Interrupted,
    /// Nobody reads any more (`| head`) what a command that only tells has to tell: no reason to
    /// complain.
    #[error("output closed")]
    OutputClosed,
}

impl Failure {
    /// The failure that `error` is, with its hint.
    pub fn of(error: &(impl Hint + ToString)) -> Self {
        Self::Failed(error.to_string()).with_hint_if(error.hint())
    }

    /// Adds what to do about it, above the hints that it has already.
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self::Hinted {
            failure: Box::new(self),
            hint: hint.into(),
        }
    }

    pub fn with_hint_if(self, hint: Option<String>) -> Self {
        match hint {
            Some(hint) => self.with_hint(hint),
            None => self,
        }
    }

    pub fn code(&self) -> u8 {
        match self {
            Self::Hinted { failure, .. } => failure.code(),
            Self::Usage(_) | Self::NotDifferences(_) => 2,
            Self::Interrupted => 130,
            Self::OutputClosed => 0,
            Self::Cluster(_)
            | Self::Serve(_)
            | Self::UnknownApplications(_)
            | Self::Failed(_)
            | Self::Told => 1,
        }
    }

    /// As kubectl diff: exit code 1 says that there are differences.
    pub fn instead_of_differences(self) -> Self {
        match self.code() {
            1 => Self::NotDifferences(Box::new(self)),
            _ => self,
        }
    }

    /// Whether the same try may work a little later.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Hinted { failure, .. } => failure.may_pass(),
            Self::Cluster(error) => error.may_pass(),
            Self::Serve(error) => error.may_pass(),
            _ => false,
        }
    }

    /// Whether an answer broke off: whoever only asked may ask again.
    pub fn is_broken(&self) -> bool {
        match self {
            Self::Hinted { failure, .. } => failure.is_broken(),
            other => matches!(other, Self::Serve(serve::Error::Broken { .. })),
        }
    }

    /// Whether there is a cluster to wait for, and not perhaps a wrong address.
    pub fn is_starting(&self) -> bool {
        match self {
            Self::Hinted { failure, .. } => failure.is_starting(),
            Self::Cluster(error) => matches!(
                error,
                connect::Error::HeadNotReady { .. } | connect::Error::NotListening { .. }
            ),
            _ => false,
        }
    }

    /// The fact for the user, if there is still something to say.
    pub fn message(&self) -> Option<String> {
        match self {
            Self::NotDifferences(failure) | Self::Hinted { failure, .. } => failure.message(),
            Self::Told | Self::Interrupted | Self::OutputClosed => None,
            other => Some(other.to_string()),
        }
    }
}

impl Hint for Failure {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NotDifferences(failure) => failure.hint(),
            Self::Hinted { failure, hint } => both(Some(hint.clone()), failure.hint()),
            Self::Serve(error) => error.hint(),
            Self::Cluster(error) => error.hint(),
            _ => None,
        }
    }
}

impl From<serve::Error> for Failure {
    /// An error of the way to Ray is the way's own again.
    fn from(error: serve::Error) -> Self {
        match error {
            serve::Error::Dial(error) => match error.downcast() {
                Ok(error) => Self::Cluster(error),
                Err(error) => Self::Serve(serve::Error::Dial(error)),
            },
            error => Self::Serve(error),
        }
    }
}
