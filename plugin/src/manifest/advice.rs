//! Advice about what is nearly right in a manifest: a field in the wrong place or one level off, or
//! a number where the API server expects text. Each sentence says where it belongs.

use kuberay::labels::{ANNOTATION, ANNOTATION_ON};
use kuberay::names;
use kuberay::resource::{API_VERSION, is_of_kuberay};
use serde_json::Value;

use crate::yaml::placeholder::Placeholder;

/// Similarity from which one key counts as a misspelling of another.
const ALIKE: f64 = 0.8;

/// Fields of the head group and its container, and the wrong places in which they are found.
const MISPLACED: [(&str, &str, &str); 17] = [
    ("/spec", "serviceType", "spec.headGroupSpec"),
    ("/spec", "headService", "spec.headGroupSpec"),
    ("/spec", "enableIngress", "spec.headGroupSpec"),
    ("/spec", "rayStartParams", "spec.headGroupSpec"),
    ("/spec", "template", "spec.headGroupSpec"),
    ("/spec", "ports", CONTAINER),
    ("/spec/headGroupSpec", "ports", CONTAINER),
    ("/spec/headGroupSpec", "env", CONTAINER),
    (
        "/spec/headGroupSpec",
        "containers",
        "spec.headGroupSpec.template.spec",
    ),
    ("/spec/headGroupSpec", "rayVersion", "spec"),
    ("/spec/headGroupSpec", "workerGroupSpecs", "spec"),
    ("/spec/headGroupSpec/template", "ports", CONTAINER),
    (
        "/spec/headGroupSpec/template",
        "containers",
        "spec.headGroupSpec.template.spec",
    ),
    ("/spec/headGroupSpec/template/spec", "ports", CONTAINER),
    ("/spec/headGroupSpec/template/spec", "env", CONTAINER),
    (
        "/spec/headGroupSpec/template/spec",
        "rayStartParams",
        "spec.headGroupSpec",
    ),
    (
        "/spec/headGroupSpec/template/spec",
        "serviceType",
        "spec.headGroupSpec",
    ),
];

const CONTAINER: &str = "spec.headGroupSpec.template.spec.containers[0]";

/// Sentences about a RayCluster, RayService or RayJob.
pub fn advice(object: &Value) -> Vec<String> {
    let mut said = Vec::new();
    let api_version = &object["apiVersion"];
    let of_ray = |version: &Value| version.as_str().is_some_and(is_of_kuberay);
    match object["kind"].as_str() {
        Some("RayCluster") if of_ray(api_version) => {
            if object["metadata"]["annotations"][ANNOTATION].is_null() {
                said.extend(misplaced_annotation(object, "").map(|path| format!(
                    "{path} is not read: KubeRay looks for {ANNOTATION}: \"{ANNOTATION_ON}\" in metadata.annotations"
                )));
            }
            said.extend(unusable_name(object));
            misplaced_fields(object, &mut said);
            numbers(object, &mut said);
        }
        Some("RayCluster") => {
            let found = if api_version.is_null() {
                "absent".to_owned()
            } else {
                api_version.to_string()
            };
            said.push(format!("apiVersion is {found}, not {API_VERSION}"));
        }
        Some("RayService" | "RayJob") if of_ray(api_version) => {
            said.extend(misplaced_annotation(object, "").map(|path| {
                format!(
                    "{path} does nothing here: it is for a RayCluster, not for one of a {}",
                    object["kind"].as_str().unwrap_or_default()
                )
            }));
        }
        _ => {}
    }
    said
}

/// A name that the operator refuses; it records an event and creates nothing.
fn unusable_name(object: &Value) -> Option<String> {
    let name = object["metadata"]["name"].as_str()?;
    // Placeholders get a warning of their own kind.
    let fault = names::fault(name).filter(|_| Placeholder::within(name).is_none())?;
    Some(format!(
        "metadata.name: KubeRay 1.4 and newer makes no pods for this name: {fault}"
    ))
}

/// A key or text that may be meant as the annotation, and its place.
fn misplaced_annotation(value: &Value, path: &str) -> Option<String> {
    let at = |key: &str| {
        if path.is_empty() {
            key.to_owned()
        } else {
            format!("{path}.{key}")
        }
    };
    match value {
        Value::Object(members) => members.iter().find_map(|(key, inner)| {
            if !(inner.is_object() || inner.is_array()) && means_the_annotation(key) {
                return Some(at(key));
            }
            misplaced_annotation(inner, &at(key))
        }),
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .find_map(|(index, inner)| misplaced_annotation(inner, &format!("{path}[{index}]"))),
        Value::String(text) => {
            let (key, _) = text.split_once(['=', ':'])?;
            means_the_annotation(key).then(|| path.to_owned())
        }
        _ => None,
    }
}

/// Whether it is the annotation, a misspelling of it, or its name before `KubeRay` 1.1.
fn means_the_annotation(key: &str) -> bool {
    if key.len() > 60 {
        return false;
    }
    let letters = |text: &str| -> String {
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_ascii_lowercase()
    };
    let bare = |text: &str| letters(text.rsplit('/').next().unwrap_or_default());
    let key = bare(key);
    ["enableserveservice", "enableagentservice"]
        .iter()
        .any(|wanted| strsim::normalized_damerau_levenshtein(&key, wanted) >= ALIKE)
        || key.starts_with("enableserve")
        || key.starts_with("serveenable")
}

fn misplaced_fields(object: &Value, said: &mut Vec<String>) {
    for (parent, field, belongs) in MISPLACED {
        if object
            .pointer(parent)
            .and_then(|parent| parent.get(field))
            .is_some()
        {
            let parent = parent[1..].replace('/', ".");
            said.push(format!(
                "{parent}.{field} is not read there: it belongs in {belongs}"
            ));
        }
    }
    for field in ["headGroupSpec", "workerGroupSpecs", "rayVersion"] {
        if object.get(field).is_some() {
            said.push(format!("{field} is not read there: it belongs in spec"));
        }
    }
    for list in [
        "/spec/workerGroupSpecs",
        "/spec/headGroupSpec/template/spec/containers",
    ] {
        if object.pointer(list).is_some_and(Value::is_object) {
            let list = list[1..].replace('/', ".");
            said.push(format!(
                "{list} is an object, not a list: begin its first entry with -"
            ));
        }
    }
}

/// Numbers and booleans where the API server expects text; the engine reports those in
/// `rayStartParams`.
fn numbers(object: &Value, said: &mut Vec<String>) {
    let mut tell = |path: &str, value: &Value| {
        if matches!(value, Value::Number(_) | Value::Bool(_)) {
            said.push(format!("{path}: {value} is not a string: quote it"));
        }
    };
    tell("spec.rayVersion", &object["spec"]["rayVersion"]);
    tell("metadata.name", &object["metadata"]["name"]);
    tell("metadata.namespace", &object["metadata"]["namespace"]);
    let mut maps = vec![("metadata".to_owned(), &object["metadata"])];
    let mut groups = vec![(
        "spec.headGroupSpec".to_owned(),
        &object["spec"]["headGroupSpec"],
    )];
    let workers = object["spec"]["workerGroupSpecs"].as_array();
    for (index, group) in workers.into_iter().flatten().enumerate() {
        groups.push((format!("spec.workerGroupSpecs[{index}]"), group));
    }
    for (path, group) in groups {
        tell(&format!("{path}.groupName"), &group["groupName"]);
        let template = &group["template"];
        maps.push((format!("{path}.template.metadata"), &template["metadata"]));
        let containers = template["spec"]["containers"].as_array();
        for (index, container) in containers.into_iter().flatten().enumerate() {
            let path = format!("{path}.template.spec.containers[{index}]");
            tell(&format!("{path}.image"), &container["image"]);
            let env = container["env"].as_array();
            for variable in env.into_iter().flatten() {
                let name = variable["name"].as_str().unwrap_or_default();
                tell(&format!("{path}.env {name}"), &variable["value"]);
            }
        }
    }
    for (path, metadata) in maps {
        for field in ["labels", "annotations"] {
            for (key, value) in metadata[field].as_object().into_iter().flatten() {
                if key != ANNOTATION {
                    tell(&format!("{path}.{field}.{key}"), value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
