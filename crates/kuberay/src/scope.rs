//! Which RayClusters this product changes, for whoever changes them: one decision for the injection
//! and for the controller, so that neither works on a cluster that the other one leaves alone.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::labels::{ANNOTATION, ANNOTATION_ON};
use crate::owner::{Controller, Owner, OwnerKind};

/// Why a RayCluster is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutOfScope {
    NotAnnotated,
    AnnotationNotTrue,
    BeingDeleted,
    /// The operator overwrites what is done to a cluster that it made for such an owner.
    OwnedBy(OwnerKind),
}

/// Decides from the annotation's value, from whether the cluster is being deleted, and from whose it
/// is. None if the cluster is in scope.
pub fn out_of_scope(
    annotation: Option<&str>,
    is_being_deleted: bool,
    owner: Option<Owner<'_>>,
) -> Option<OutOfScope> {
    match annotation {
        None => Some(OutOfScope::NotAnnotated),
        Some(value) if value != ANNOTATION_ON => Some(OutOfScope::AnnotationNotTrue),
        Some(_) if is_being_deleted => Some(OutOfScope::BeingDeleted),
        Some(_) => owner.map(|owner| OutOfScope::OwnedBy(owner.kind)),
    }
}

/// The same, of the metadata of a RayCluster, which is all that a metadata watch gives.
pub fn out_of_scope_by_metadata(metadata: &ObjectMeta) -> Option<OutOfScope> {
    let annotations = metadata.annotations.as_ref();
    let annotation = annotations.and_then(|annotations| annotations.get(ANNOTATION));
    let labels = metadata.labels.as_ref();
    let mut references = metadata.owner_references.iter().flatten();
    let controller = references.find(|reference| reference.controller == Some(true));
    let owner = Owner::find(
        |key| labels?.get(key).map(String::as_str),
        controller.map(|found| Controller {
            api_version: &found.api_version,
            kind: &found.kind,
            name: &found.name,
        }),
    );
    let is_being_deleted = metadata.deletion_timestamp.is_some();
    out_of_scope(annotation.map(String::as_str), is_being_deleted, owner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn decided(metadata: serde_json::Value) -> Option<OutOfScope> {
        out_of_scope_by_metadata(&serde_json::from_value(metadata).unwrap())
    }

    #[test]
    fn a_cluster_is_in_scope_if_it_asks_for_serve_lives_and_belongs_to_nobody() {
        use OutOfScope::{AnnotationNotTrue, BeingDeleted, NotAnnotated, OwnedBy};
        let on = json!({"ray.io/enable-serve-service": "true"});
        let service = json!([{"apiVersion": "ray.io/v1", "kind": "RayService", "name": "s", "uid": "1", "controller": true}]);
        let other = json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": "s", "uid": "1", "controller": true}]);
        for (metadata, expected) in [
            (json!({"annotations": on}), None),
            (json!({"annotations": on, "ownerReferences": other}), None),
            (json!({}), Some(NotAnnotated)),
            (json!({"annotations": {}}), Some(NotAnnotated)),
            (
                json!({"annotations": {"ray.io/enable-serve-service": "True"}}),
                Some(AnnotationNotTrue),
            ),
            (
                json!({"annotations": on, "deletionTimestamp": "2026-11-27T12:00:00Z"}),
                Some(BeingDeleted),
            ),
            (
                json!({"annotations": on, "ownerReferences": service}),
                Some(OwnedBy(OwnerKind::RayService)),
            ),
            (
                json!({"annotations": on, "labels": {"ray.io/originated-from-crd": "RayJob"}}),
                Some(OwnedBy(OwnerKind::RayJob)),
            ),
        ] {
            assert_eq!(decided(metadata.clone()), expected, "{metadata}");
        }
    }
}
