//! Hints on errors of Serve's client.

use ray_serve_client as serve;
use ray_serve_client::config::merge;

use super::{Hint, longer};
use crate::connect;

impl Hint for serve::Error {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Dial(error) => error.hint(),
            Self::TimedOut { .. } | Self::Silent { .. } => Some(longer("--request-timeout")),
            Self::Broken {
                is_tunnelled: true, ..
            } => Some("if the network between cuts WebSockets, try --via proxy".to_owned()),
            Self::NoServeApi { .. } => {
                Some("use Ray 2.8 or later with ray[serve] installed".to_owned())
            }
            Self::Token { .. } => Some(
                "the token is taken from RAY_AUTH_TOKEN, or else from the RayCluster's Secret, which may have changed \
                 since the head started"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

impl Hint for serve::DialError {
    /// The way to Ray is the plugin's own, and so is its error.
    fn hint(&self) -> Option<String> {
        self.downcast_ref::<connect::Error>()?.hint()
    }
}

impl Hint for merge::Error {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Redacted(_) => Some("submit all applications without --merge".to_owned()),
            Self::TargetCapacity { .. } => Some(
                "take target_capacity out of the file, or submit all applications without --merge"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}
