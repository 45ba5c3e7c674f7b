//! What ends a command early, and with which exit code.

use thiserror::Error;

use crate::{cluster, serve};

#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Cluster(#[from] cluster::Error),
    #[error(transparent)]
    Serve(#[from] serve::Error),
    #[error("{0}")]
    Failed(String),
    /// Ctrl-C: whoever waited has said what goes on without us.
    #[error("interrupted")]
    Interrupted,
    /// Nobody reads our output any more (`| head`): no reason to complain.
    #[error("output closed")]
    OutputClosed,
}

impl Failure {
    pub fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Interrupted => 130,
            Self::OutputClosed => 0,
            Self::Cluster(_) | Self::Serve(_) | Self::Failed(_) => 1,
        }
    }

    /// The sentence for the user, if there is still something to say.
    pub fn message(&self) -> Option<String> {
        match self {
            Self::Interrupted | Self::OutputClosed => None,
            other => Some(other.to_string()),
        }
    }
}
