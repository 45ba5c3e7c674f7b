//! Warns about other objects in the same input: those that name a port of an injected `RayCluster`
//! by its old name, and a Service whose name the operator needs.

use std::collections::BTreeMap;

use kuberay::{labels, names};
use serde_json::Value;

/// A head port's name before and after the injection.
pub struct Rename<'a> {
    pub from: &'a str,
    pub to: &'a str,
}

/// Keys under which objects name a port, such as a Service, `PodMonitor`, `ServiceMonitor`,
/// `NetworkPolicy`, Ingress or Route.
const KEYS: [&str; 3] = ["port", "targetPort", "portName"];

/// Sentences about `other`, for a `RayCluster` whose head ports were renamed.
pub fn of_renames(cluster: &Value, renames: &[Rename<'_>], other: &Value) -> Vec<String> {
    if super::nested::is_ray_cluster(other) || !may_meet(cluster, other) {
        return Vec::new();
    }
    let mut said = Vec::new();
    for Rename { from, to } in renames {
        if let Some(path) = names_port(&other["spec"], "spec", from) {
            said.push(format!(
                "{path} of {} says \"{from}\", which is now \"{to}\": change it there, or nothing is found",
                super::name(other)
            ));
        }
    }
    said
}

/// A sentence about a Service that keeps the operator from creating the head's or the serve
/// service.
pub fn in_the_way(cluster: &Value, other: &Value) -> Option<String> {
    if other["kind"] != "Service" || !same_namespace(cluster, other) {
        return None;
    }
    let name = cluster["metadata"]["name"].as_str()?;
    let own = cluster.pointer("/spec/headGroupSpec/headService/metadata/name");
    let own = own.and_then(Value::as_str).filter(|own| !own.is_empty());
    let head = own.map_or_else(|| names::head_service(name), str::to_owned);
    let service = other["metadata"]["name"].as_str()?;
    (service == head).then(|| format!(
        "service/{service} is in the way: KubeRay makes the head service of this name, and no pod before; call yours otherwise"
    )).or_else(|| (service == names::serve_service(name)).then(|| format!(
        "service/{service} has the name of the serve service, which KubeRay then does not make; call yours otherwise"
    )))
}

/// The paths under `value` at which a port has this name.
fn names_port(value: &Value, path: &str, name: &str) -> Option<String> {
    match value {
        Value::Object(members) => members.iter().find_map(|(key, inner)| {
            let inner_path = format!("{path}.{key}");
            let is_it = KEYS.contains(&key.as_str()) && inner == name;
            // An Ingress has {port: {name: http}}.
            let by_name = KEYS.contains(&key.as_str()) && inner["name"] == name;
            if is_it || by_name {
                return Some(inner_path);
            }
            names_port(inner, &inner_path, name)
        }),
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .find_map(|(index, inner)| names_port(inner, &format!("{path}[{index}]"), name)),
        _ => None,
    }
}

/// Whether the object may mean the head of this cluster: in the same namespace, and with a selector,
/// if it has one, that the head's labels or the head service's do not contradict.
fn may_meet(cluster: &Value, other: &Value) -> bool {
    let spec = &other["spec"];
    let selector = ["podSelector", "selector"]
        .iter()
        .find_map(|key| spec[*key].as_object());
    let labels = selector.map(|selector| {
        let inner = selector.get("matchLabels").and_then(Value::as_object);
        inner.unwrap_or(selector)
    });
    let head = head_labels(cluster);
    let contradicts = |(key, value): (&String, &Value)| match (value, head.get(key.as_str())) {
        (Value::String(wanted), Some(has)) => wanted != has,
        (Value::String(_), None) => true,
        _ => false,
    };
    same_namespace(cluster, other) && !labels.into_iter().flatten().any(contradicts)
}

/// The labels of the head pod and of the head service, as the operator makes them.
fn head_labels(cluster: &Value) -> BTreeMap<&str, String> {
    let name = cluster["metadata"]["name"].as_str().unwrap_or_default();
    let template = cluster.pointer("/spec/headGroupSpec/template/metadata/labels");
    let own = template.and_then(Value::as_object).into_iter().flatten();
    let mut head: BTreeMap<&str, String> = own
        .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?.to_owned())))
        .collect();
    head.extend([
        (labels::CLUSTER, name.to_owned()),
        (labels::NODE_TYPE, labels::HEAD.to_owned()),
        (labels::GROUP, labels::HEAD_GROUP.to_owned()),
        (labels::IS_RAY_NODE, "yes".to_owned()),
        (labels::IDENTIFIER, labels::head_identifier(name)),
        ("app.kubernetes.io/name", "kuberay".to_owned()),
        (
            "app.kubernetes.io/created-by",
            "kuberay-operator".to_owned(),
        ),
    ]);
    head
}

/// Whether both may be in one namespace; an object without one can be applied to any.
fn same_namespace(cluster: &Value, other: &Value) -> bool {
    let namespace = |object: &Value| object["metadata"]["namespace"].as_str().map(str::to_owned);
    match (namespace(cluster), namespace(other)) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}
