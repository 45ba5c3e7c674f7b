//! A pod of a RayCluster, as far as its traffic is concerned.

use std::net::IpAddr;

use kuberay::labels::{HEAD, SERVE_IN, SERVE_OUT, WORKER};

use super::probe::Probes;

/// What the watch says of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenPod {
    pub name: String,
    pub uid: String,
    pub node_type: NodeType,
    /// Where it is probed; none until it runs.
    pub ip: Option<IpAddr>,
    pub is_ready: bool,
    /// It has a deletionTimestamp.
    pub is_terminating: bool,
    pub label: ServeLabel,
    /// The id of its Ray container, which is its first; none until that was started once.
    pub container: Option<String>,
}

/// The value of `ray.io/node-type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeType {
    Head,
    Worker,
}

/// The label `ray.io/serve` of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServeLabel {
    Absent,
    /// "true": a narrowed serve service sends it traffic.
    In,
    /// "false"
    Out,
    /// A value that is neither ours nor the operator's: somebody uses the label for something else.
    Other,
}

/// A pod, and what its probes have said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    pub seen: SeenPod,
    pub probes: Probes,
}

impl NodeType {
    /// Reads the value of the label, which the operator sets on every pod.
    pub fn read(value: &str) -> Option<Self> {
        match value {
            HEAD => Some(Self::Head),
            WORKER => Some(Self::Worker),
            _ => None,
        }
    }
}

impl ServeLabel {
    pub fn read(value: Option<&str>) -> Self {
        match value {
            None => Self::Absent,
            Some(SERVE_IN) => Self::In,
            Some(SERVE_OUT) => Self::Out,
            Some(_) => Self::Other,
        }
    }
}

impl Pod {
    pub(super) fn new(seen: SeenPod) -> Self {
        Self {
            seen,
            probes: Probes::default(),
        }
    }

    pub fn is_head(&self) -> bool {
        self.seen.node_type == NodeType::Head
    }

    /// Whether a narrowed service selects it.
    pub fn is_in(&self) -> bool {
        self.seen.label == ServeLabel::In
    }

    /// Whether a narrowed service sends it traffic at present.
    pub fn is_endpoint(&self) -> bool {
        self.is_in() && self.seen.is_ready && !self.seen.is_terminating
    }

    /// Whether its label may be changed at all.
    pub(super) fn may_change(&self) -> bool {
        !self.seen.is_terminating && self.seen.label != ServeLabel::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_exactly() {
        for (value, expected) in [
            (None, ServeLabel::Absent),
            (Some("true"), ServeLabel::In),
            (Some("false"), ServeLabel::Out),
            (Some("True"), ServeLabel::Other),
            (Some(""), ServeLabel::Other),
        ] {
            assert_eq!(ServeLabel::read(value), expected, "{value:?}");
        }
        assert_eq!(NodeType::read("head"), Some(NodeType::Head));
        assert_eq!(NodeType::read("worker"), Some(NodeType::Worker));
        assert_eq!(NodeType::read("redis-cleanup"), None);
    }
}
