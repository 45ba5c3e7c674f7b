//! A kubeconfig and a refusal, for tests against an API server of their own.

use std::path::Path;

use serde_json::json;

use super::server::Reply;

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
    Reply::Answer(code, status.to_string())
}
