//! Why a RayCluster was changed or left alone: one name for logs, metrics and users.

use std::fmt;

/// Why a review ended as it did: one value behind the metric's label, the audit annotation, the
/// warning and the report of `inject`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The patch makes the cluster ready to serve.
    Injected,
    /// Asked for, and nothing is missing.
    AlreadyReady,
    NotARayCluster,
    /// A `RayCluster` of an API version whose shape is not known here.
    UnsupportedVersion,
    NotAnnotated,
    AnnotationNotTrue,
    /// `RayService` runs its own serve service on the clusters it makes.
    OwnedByRayService,
    OwnedByRayJob,
    BeingDeleted,
    /// There is no Ray container to declare a port on.
    NoHeadContainer,
    /// A field to write to has a type or value that Kubernetes refuses.
    Malformed,
    /// The injection would make the operator delete every pod of a running cluster.
    UpgradeRecreatesPods,

    // Said by the webhook alone, which has a request around the object.
    /// DELETE or CONNECT, for which the webhook is not registered.
    OperationNotReviewed,
    NoObject,
    /// What an injection has to know does not fit into the memory of one review.
    TooLarge,
    /// A fault of the webhook's own.
    InternalError,
}

impl Reason {
    pub const ALL: [Self; 16] = [
        Self::Injected,
        Self::AlreadyReady,
        Self::NotARayCluster,
        Self::UnsupportedVersion,
        Self::NotAnnotated,
        Self::AnnotationNotTrue,
        Self::OwnedByRayService,
        Self::OwnedByRayJob,
        Self::BeingDeleted,
        Self::NoHeadContainer,
        Self::Malformed,
        Self::UpgradeRecreatesPods,
        Self::OperationNotReviewed,
        Self::NoObject,
        Self::TooLarge,
        Self::InternalError,
    ];

    /// Stable: dashboards, alerts and scripts match on it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Injected => "injected",
            Self::AlreadyReady => "already-ready",
            Self::NotARayCluster => "not-a-raycluster",
            Self::UnsupportedVersion => "unsupported-version",
            Self::NotAnnotated => "not-annotated",
            Self::AnnotationNotTrue => "annotation-not-true",
            Self::OwnedByRayService => "owned-by-rayservice",
            Self::OwnedByRayJob => "owned-by-rayjob",
            Self::BeingDeleted => "being-deleted",
            Self::NoHeadContainer => "no-head-container",
            Self::Malformed => "malformed",
            Self::UpgradeRecreatesPods => "upgrade-recreates-pods",
            Self::OperationNotReviewed => "operation-not-reviewed",
            Self::NoObject => "no-object",
            Self::TooLarge => "too-large",
            Self::InternalError => "internal-error",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_reason_has_its_own_label() {
        let labels: HashSet<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(labels.len(), Reason::ALL.len());
    }
}
