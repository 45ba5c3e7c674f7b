//! A pod of the drilled RayCluster, and what its own proxy says.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    cluster::PORT,
    manifest::{HEAD_CONTAINER, WORKER_CONTAINER},
};
use crate::http;

/// By which the controller knows the pods that get requests.
pub(super) const SERVE_LABEL: &str = "ray.io/serve";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pod {
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) ip: String,
    pub(super) is_head: bool,
    pub(super) is_ready: bool,
    pub(super) is_terminating: bool,
    /// The value of [`SERVE_LABEL`].
    pub(super) label: Option<String>,
}

impl Pod {
    /// Reads a pod of the API server's.
    pub(super) fn new(pod: &Value) -> Self {
        let metadata = &pod["metadata"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let label = |name: &str| metadata["labels"][name].as_str().map(str::to_owned);
        let conditions = pod["status"]["conditions"].as_array();
        let is_ready = conditions
            .into_iter()
            .flatten()
            .any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
        Self {
            name: text(&metadata["name"]),
            uid: text(&metadata["uid"]),
            ip: text(&pod["status"]["podIP"]),
            is_head: label("ray.io/node-type").as_deref() == Some("head"),
            is_ready,
            is_terminating: metadata["deletionTimestamp"].is_string(),
            label: label(SERVE_LABEL),
        }
    }

    /// The HTTP status with which its proxy answers the controller's own question, if it answers.
    pub(super) fn health(&self) -> Option<u16> {
        let address = format!("{}:{PORT}", self.ip);
        http::status(&address, "/-/healthz")
    }

    pub(super) fn serves(&self) -> bool {
        self.health() == Some(200)
    }

    pub(super) fn container(&self) -> &'static str {
        if self.is_head {
            HEAD_CONTAINER
        } else {
            WORKER_CONTAINER
        }
    }
}

/// The addresses to which a service's endpoint slices, of the API server's, send requests.
pub(super) fn ready_addresses<'a>(slices: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    let endpoints = slices
        .into_iter()
        .filter_map(|slice| slice["endpoints"].as_array())
        .flatten();
    endpoints
        .filter(|endpoint| endpoint["conditions"]["ready"] != false)
        .filter_map(|endpoint| endpoint["addresses"][0].as_str())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pods_are_read_as_the_api_server_writes_them() {
        let pod = json!({
            "metadata": {
                "name": "x-head", "uid": "u", "deletionTimestamp": "2026-11-01T00:00:00Z",
                "labels": {"ray.io/node-type": "head", "ray.io/serve": "false"},
            },
            "status": {"podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]},
        });
        let expected = Pod {
            name: "x-head".into(),
            uid: "u".into(),
            ip: "10.0.0.1".into(),
            is_head: true,
            is_ready: true,
            is_terminating: true,
            label: Some("false".into()),
        };
        assert_eq!(Pod::new(&pod), expected);
        let new = Pod::new(&json!({"metadata": {"name": "x-worker"}}));
        assert!(!new.is_head && !new.is_ready && !new.is_terminating);
        assert_eq!((new.ip.as_str(), new.label), ("", None));
    }

    #[test]
    fn an_endpoint_without_conditions_is_ready() {
        let slices = [
            json!({"endpoints": [
                {"addresses": ["10.0.0.1"], "conditions": {"ready": true}},
                {"addresses": ["10.0.0.2"], "conditions": {"ready": false, "serving": true}},
            ]}),
            json!({"endpoints": [{"addresses": ["10.0.0.3"]}]}),
            json!({"endpoints": null}),
        ];
        let ready: Vec<_> = ready_addresses(&slices).into_iter().collect();
        assert_eq!(ready, ["10.0.0.1", "10.0.0.3"]);
    }
}
