//! Hints on errors on the way to a head.

use super::{Hint, longer};
use crate::connect::Error;

impl Hint for Error {
    fn hint(&self) -> Option<String> {
        let hint: &str = match self {
            Self::NoKubeconfig { .. } => "set KUBECONFIG, or pass --kubeconfig or --server",
            Self::NoContext { .. } => "pass --context",
            Self::NoCluster { .. } => "pass --cluster or --server",
            Self::NobodyToImpersonate => "name one with --as",
            Self::BadName { .. } => "names are lower-case letters, digits, - and .",
            Self::NoCredentialPlugin { install, .. } => install
                .as_deref()
                .unwrap_or("install it, or put it on your PATH"),
            Self::TimedOut { .. } => return Some(longer("--request-timeout")),
            Self::Unauthorized => "log in again, your token may have expired",
            Self::PortForwardForbidden { .. } => {
                "ask for the verbs create and get on pods/portforward (Kubernetes 1.35 and later check create, earlier \
                 ones get)"
            }
            Self::NotFound { all, .. } => return Some(format!("{all} lists all")),
            Self::AlreadyExists { .. } => "submit to it, or take another name",
            Self::NoKubeRay => "install the KubeRay operator first",
            Self::HeadNotReady { obstacle, .. } => return obstacle.hint.clone(),
            Self::NoToken { next, .. } => next,
            Self::NoWebSocket { .. } => "if the network between lets none through, try --via proxy",
            Self::ProxyForbidden { verb, .. } => {
                return Some(format!("ask for the verb {verb} on services/proxy"));
            }
            Self::NoServicePort { .. } => {
                "declare it in the head's container, or leave --via proxy out"
            }
            Self::NoService { look, .. } => {
                return Some(format!("see {look}, or leave --via proxy out"));
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
