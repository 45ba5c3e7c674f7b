//! What the API server and the operator write into an object, and nobody applies.
//!
//! A stale `resourceVersion` makes `kubectl apply` end in a conflict, and a status would be kept in the
//! annotation of what was last applied.

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

/// Takes these fields out of an object.
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
