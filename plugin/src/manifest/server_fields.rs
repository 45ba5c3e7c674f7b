//! Fields that the API server and the operator write into an object, and users should not apply.
//!
//! A stale `resourceVersion` ends `kubectl apply` with a conflict, and a status would be stored in
//! the last-applied annotation.

use serde_json::{Map, Value};

pub(super) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

const IN_METADATA: [&str; 6] = [
    "uid",
    "resourceVersion",
    "generation",
    "managedFields",
    "creationTimestamp",
    "selfLink",
];

/// Removes these fields from an object.
pub(super) fn remove(object: &mut Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.shift_remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in IN_METADATA {
            metadata.shift_remove(field);
        }
        let annotations = metadata.get_mut("annotations");
        annotations.and_then(Value::as_object_mut).and_then(
            |annotations: &mut Map<String, Value>| annotations.shift_remove(LAST_APPLIED),
        );
    }
}
