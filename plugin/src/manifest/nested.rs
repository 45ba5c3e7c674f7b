//! `RayCluster`s inside other objects: an `AppWrapper`, a `ManifestWork`, a template's list of objects.
//!
//! The controller that unpacks such an object creates the `RayCluster`, so it is injected in place.
//! A manifest kept as text, as in a `ConfigMap`, is not read, and `inject` says so.

use kuberay::resource::{KIND, is_of_kuberay};
use serde_json::Value;

/// Whether this is a `RayCluster` of any version.
pub(super) fn is_ray_cluster(object: &Value) -> bool {
    object["kind"] == KIND && object["apiVersion"].as_str().is_some_and(is_of_kuberay)
}

/// Calls `visit` on each `RayCluster` inside `object`, and returns whether there is any.
pub(super) fn for_each(object: &mut Value, visit: &mut impl FnMut(&mut Value)) -> bool {
    let inner: Box<dyn Iterator<Item = &mut Value>> = match object {
        Value::Object(members) => Box::new(members.values_mut()),
        Value::Array(elements) => Box::new(elements.iter_mut()),
        _ => return false,
    };
    let mut found = false;
    for value in inner {
        if is_ray_cluster(value) {
            visit(value);
            found = true;
        } else {
            found |= for_each(value, visit);
        }
    }
    found
}

/// The path at which the object keeps a `RayCluster` as text.
pub fn as_text(object: &Value) -> Option<String> {
    match object {
        Value::String(text) => {
            let in_yaml = text.lines().any(|line| line.trim() == "kind: RayCluster");
            let squeezed = || text.replace(char::is_whitespace, "");
            let is_text = in_yaml || squeezed().contains("\"kind\":\"RayCluster\"");
            is_text.then(String::new)
        }
        Value::Object(members) => members.iter().find_map(|(key, value)| {
            // The last-applied annotation, a copy of the object itself.
            if key == super::server_fields::LAST_APPLIED {
                return None;
            }
            as_text(value).map(|rest| format!(".{key}{rest}"))
        }),
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .find_map(|(index, value)| as_text(value).map(|rest| format!("[{index}]{rest}"))),
        _ => None,
    }
}
