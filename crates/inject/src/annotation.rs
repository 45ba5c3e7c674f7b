//! The annotation by which a `RayCluster` asks to serve.

use kuberay::labels::{ANNOTATION, ANNOTATION_ON};
use serde_json::Value;

/// Whether the operator makes a serve service for this object.
pub(crate) fn is_annotated(object: &Value) -> bool {
    annotation(object) == ANNOTATION_ON
}

/// The annotation's value; null where it is absent.
pub(crate) fn annotation(object: &Value) -> &Value {
    &object["metadata"]["annotations"][ANNOTATION]
}
