//! What is nearly right in a manifest: asked for in the wrong place, one level off, or a number where
//! the API server takes text. Each gets a sentence that says where it belongs.

use ray_serve_inject::table::{ANNOTATION, ANNOTATION_ON};
use serde_json::Value;

/// How alike two keys are, from which on one is taken for a misspelling of the other.
const ALIKE: f64 = 0.8;

/// Fields of the head group and of its container, and where else they are found.
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

/// Sentences about an object of Ray's.
pub fn advice(object: &Value) -> Vec<String> {
    let mut said = Vec::new();
    let api_version = &object["apiVersion"];
    let of_ray = |version: &Value| version.as_str().unwrap_or_default().starts_with("ray.io/");
    match object["kind"].as_str() {
        Some("RayCluster") if of_ray(api_version) => {
            if object["metadata"]["annotations"][ANNOTATION].is_null() {
                said.extend(misplaced_annotation(object, "").map(|path| format!(
                    "{path} is not read: KubeRay looks for {ANNOTATION}: \"{ANNOTATION_ON}\" in metadata.annotations"
                )));
            }
            misplaced_fields(object, &mut said);
            numbers(object, &mut said);
        }
        Some("RayCluster") => {
            let found = if api_version.is_null() {
                "absent".to_owned()
            } else {
                api_version.to_string()
            };
            said.push(format!("apiVersion is {found}, not ray.io/v1"));
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

/// The place of a key or text that may be meant for the annotation.
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

/// The annotation itself, a misspelling of it, and `KubeRay`'s name for it before 1.1.
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
                "{parent}.{field} is not read there: it belongs into {belongs}"
            ));
        }
    }
    for field in ["headGroupSpec", "workerGroupSpecs", "rayVersion"] {
        if object.get(field).is_some() {
            said.push(format!("{field} is not read there: it belongs into spec"));
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

/// Numbers and booleans where the API server takes text; those of `rayStartParams` the engine tells.
fn numbers(object: &Value, said: &mut Vec<String>) {
    let mut tell = |path: &str, value: &Value| {
        if matches!(value, Value::Number(_) | Value::Bool(_)) {
            said.push(format!("{path}: {value} is not a string: put it in quotes"));
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
mod tests {
    use super::*;

    fn said(yaml: &str) -> Vec<String> {
        let start = "apiVersion: ray.io/v1\nkind: RayCluster\n";
        let yaml = if yaml.contains("kind:") {
            yaml.to_owned()
        } else {
            format!("{start}{yaml}")
        };
        let mut documents = crate::manifest::read(yaml.as_bytes()).unwrap();
        advice(&documents.remove(0).object)
    }

    #[test]
    fn an_annotation_that_is_nearly_right_is_told_where_it_belongs() {
        for (yaml, place) in [
            (
                "metadata: {annotations: {ray.io/enable-serve-svc: 'true'}}",
                "metadata.annotations.ray.io/enable-serve-svc",
            ),
            (
                "metadata: {annotations: {ray.io/enable-serve-servce: 'true'}}",
                "metadata.annotations.ray.io/enable-serve-servce",
            ),
            (
                "metadata: {annotations: {enable-serve-service: 'true'}}",
                "metadata.annotations.enable-serve-service",
            ),
            (
                "metadata: {annotations: {ray.io/enableAgentService: 'true'}}",
                "metadata.annotations.ray.io/enableAgentService",
            ),
            (
                "metadata: {labels: {ray.io/enable-serve-service: 'true'}}",
                "metadata.labels.ray.io/enable-serve-service",
            ),
            (
                "annotations: {ray.io/enable-serve-service: 'true'}",
                "annotations.ray.io/enable-serve-service",
            ),
            (
                "metadata: {annotations: ['ray.io/enable-serve-service=true']}",
                "metadata.annotations[0]",
            ),
            (
                "spec: {enableServeService: true}",
                "spec.enableServeService",
            ),
            (
                "spec: {headGroupSpec: {template: {metadata: {annotations: {ray.io/enable-serve-service: 'true'}}}}}",
                "spec.headGroupSpec.template.metadata.annotations.ray.io/enable-serve-service",
            ),
        ] {
            let said = said(yaml);
            assert!(
                said[0].starts_with(&format!("{place} is not read: KubeRay looks for")),
                "{yaml}: {said:?}"
            );
        }
        for fine in [
            "metadata: {annotations: {ray.io/enable-serve-service: 'true'}}",
            "metadata: {annotations: {ray.io/overwrite-container-cmd: 'true'}}",
        ] {
            assert_eq!(said(fine), Vec::<String>::new(), "{fine}");
        }
        let service = "apiVersion: ray.io/v1\nkind: RayService\nmetadata: {annotations: {ray.io/enable-serve-service: 'true'}}";
        assert!(said(service)[0].contains("does nothing here"));
    }

    #[test]
    fn what_is_one_level_off_is_told_where_it_belongs() {
        for (yaml, sentence) in [
            (
                "spec: {serviceType: LoadBalancer}",
                "spec.serviceType is not read there: it belongs into spec.headGroupSpec",
            ),
            (
                "spec: {rayStartParams: {}}",
                "spec.rayStartParams is not read there: it belongs into spec.headGroupSpec",
            ),
            (
                "spec: {headGroupSpec: {template: {spec: {ports: []}}}}",
                "spec.headGroupSpec.template.spec.ports is not read there: it belongs into spec.headGroupSpec.template.spec.containers[0]",
            ),
            (
                "headGroupSpec: {}",
                "headGroupSpec is not read there: it belongs into spec",
            ),
            (
                "spec: {workerGroupSpecs: {groupName: a}}",
                "spec.workerGroupSpecs is an object, not a list: begin its first entry with -",
            ),
            (
                "apiVersion: v1\nkind: RayCluster",
                "apiVersion is \"v1\", not ray.io/v1",
            ),
            ("kind: RayCluster", "apiVersion is absent, not ray.io/v1"),
        ] {
            assert_eq!(said(yaml), [sentence], "{yaml}");
        }
    }

    #[test]
    fn numbers_where_text_is_taken_are_told() {
        for (yaml, start) in [
            (
                "spec: {rayVersion: 2.10}",
                "spec.rayVersion: 2.10 is not a string",
            ),
            (
                "spec: {workerGroupSpecs: [{groupName: 1.10}]}",
                "spec.workerGroupSpecs[0].groupName: 1.10 is not a string",
            ),
            (
                "metadata: {labels: {version: 1.20}}",
                "metadata.labels.version: 1.20 is not a string",
            ),
            (
                "metadata: {annotations: {a: true}}",
                "metadata.annotations.a: true is not a string",
            ),
            (
                "spec: {headGroupSpec: {template: {spec: {containers: [{env: [{name: LEVEL, value: 1}]}]}}}}",
                "spec.headGroupSpec.template.spec.containers[0].env LEVEL: 1 is not a string",
            ),
        ] {
            let said = said(yaml);
            assert!(said[0].starts_with(start), "{yaml}: {said:?}");
        }
    }
}
