//! What tests against an API server of their own share: a kubeconfig, and what it answers.

use std::path::Path;

use fake_ray::{Reply, Request};
use serde_json::{Value, json};

pub(crate) const NAMESPACE: &str = "team";

pub(crate) fn kubeconfig(directory: &Path, name: &str, server: &str, user: &str) -> String {
    let file = directory.join(name);
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: {name}\n\
         clusters: [{{name: {name}, cluster: {{server: '{server}'}}}}]\n\
         contexts: [{{name: {name}, context: {{cluster: {name}, user: {name}, namespace: {NAMESPACE}}}}}]\n\
         users: [{{name: {name}, user: {user}}}]\n"
    );
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}

pub(crate) fn failure(code: u16, message: &str) -> Reply {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": "R", "code": code});
    Reply::With("Content-Type: application/json", code, status.to_string())
}

pub(crate) fn raycluster(more: &Value) -> Reply {
    let mut cluster =
        json!({"metadata": {"name": "x", "namespace": NAMESPACE}, "spec": {"headGroupSpec": {}}});
    for (key, value) in more.as_object().unwrap() {
        cluster[key] = value.clone();
    }
    Reply::ok(cluster.to_string())
}

pub(crate) fn ready_pod() -> Reply {
    let conditions = json!([{"type": "Ready", "status": "True"}]);
    Reply::ok(json!({"items": [{"metadata": {"name": "head"}, "status": {"phase": "Running", "conditions": conditions}}]}).to_string())
}

pub(crate) fn is_pods(request: &Request) -> bool {
    request.path.contains("/pods?")
}

pub(crate) fn is_raycluster(request: &Request) -> bool {
    request.path.ends_with("/rayclusters/x")
}
