//! The pods that run without what was injected, and the command that makes them anew.

use std::fmt;

use kuberay::labels::{CLUSTER, IDENTIFIER, NODE_TYPE, WORKER, head_identifier};

use super::MAX_LEN;

/// Pods that were made before the injection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldPods {
    pub namespace: Option<String>,
    pub cluster: String,
    pub head: bool,
    pub workers: bool,
}

const TAKES_EFFECT: &str = "takes effect in new pods";

impl fmt::Display for OldPods {
    /// The head service goes with the head pod: the operator creates it once and never updates it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.cluster;
        let (what, selector) = match (self.head, self.workers) {
            (true, false) => ("pod,svc", format!("{IDENTIFIER}={}", head_identifier(name))),
            (true, true) => ("pod,svc", format!("{CLUSTER}={name}")),
            (false, _) => ("pod", format!("{NODE_TYPE}={WORKER},{CLUSTER}={name}")),
        };
        let in_namespace = self.namespace.as_ref().map(|name| format!(" -n {name}"));
        let command = |says: &str, namespace: &str| {
            format!("{says}: kubectl delete {what}{namespace} -l {selector}")
        };
        let texts = [
            in_namespace.map(|namespace| command(TAKES_EFFECT, &namespace)),
            Some(command(TAKES_EFFECT, "")),
            // Room for the longest name that KubeRay takes.
            Some(command("needs new pods", "")),
        ];
        // Half a command is worse than none, and so is one that a shell takes for another.
        let names = [name, self.namespace.as_ref().unwrap_or(name)];
        f.write_str(
            texts
                .iter()
                .flatten()
                .find(|text| text.len() < MAX_LEN && names.iter().all(|name| is_dns_name(name)))
                .unwrap_or(&format!("{TAKES_EFFECT}: delete those that run")),
        )
    }
}

/// Names are looked at by the API server only after the webhook.
fn is_dns_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
}
