//! The fields of a RayCluster that its readers need, and what they mean.
//!
//! Read leniently: a field that is missing is absent, and one that is newer than this program is left
//! alone.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::Deserialize;
use serde_json::Value;

use crate::labels::{ANNOTATION, ANNOTATION_ON};
use crate::names;
use crate::owner::{Controller, Owner};
use crate::ports::HeadPort;
use crate::ports::{DASHBOARD, DASHBOARD_AGENT, SERVE, SERVE_PREFIX};
use crate::resource::{KIND, REPLICA_FAILURE};
use crate::role::{self, Declared};
use crate::start_params::NotAPort;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RayCluster {
    pub metadata: Metadata,
    pub spec: Spec,
    pub status: Status,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Metadata {
    pub name: String,
    pub namespace: String,
    pub uid: String,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub owner_references: Vec<OwnerReference>,
    pub creation_timestamp: Option<Time>,
    pub deletion_timestamp: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OwnerReference {
    pub api_version: String,
    pub kind: String,
    pub name: String,
    pub controller: Option<bool>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Spec {
    /// The version that its author wrote; the image may hold another one.
    pub ray_version: Option<String>,
    pub suspend: Option<bool>,
    /// The controller that creates its pods, if not this cluster's operator.
    pub managed_by: Option<String>,
    pub auth_options: Option<AuthOptions>,
    pub head_group_spec: HeadGroupSpec,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AuthOptions {
    pub mode: Option<String>,
    pub secret_name: Option<String>,
    #[serde(rename = "enableK8sTokenAuth")]
    pub kubernetes_tokens: Option<bool>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HeadGroupSpec {
    pub ray_start_params: Option<BTreeMap<String, Value>>,
    /// Kept untyped: a pod template newer than this program must not be an error.
    pub template: Value,
    /// The user's template for the head service.
    pub head_service: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Status {
    pub reason: Option<String>,
    pub head: HeadStatus,
    pub conditions: Vec<Condition>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Condition {
    #[serde(rename = "type")]
    pub kind: String,
    pub status: String,
    pub reason: String,
    pub message: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HeadStatus {
    pub pod_name: Option<String>,
    pub service_name: Option<String>,
}

impl OwnerReference {
    /// Whether it leads to the RayCluster of this name.
    pub fn is_to_cluster(&self, name: &str) -> bool {
        self.kind == KIND && self.name == name
    }
}

impl RayCluster {
    /// Whether it asks for a serve service.
    pub fn is_annotated(&self) -> bool {
        self.metadata
            .annotations
            .get(ANNOTATION)
            .is_some_and(|value| value == ANNOTATION_ON)
    }

    /// The RayService or RayJob whose operator logic would overwrite what a user deploys here.
    pub fn owner(&self) -> Option<Owner<'_>> {
        let Metadata {
            labels,
            owner_references,
            ..
        } = &self.metadata;
        let mut references = owner_references.iter();
        let controller = references.find(|reference| reference.controller == Some(true));
        Owner::find(
            |key| labels.get(key).map(String::as_str),
            controller.map(|found| Controller {
                api_version: &found.api_version,
                kind: &found.kind,
                name: &found.name,
            }),
        )
    }

    /// Why the operator could not create a pod, in the API server's words: a quota, a service
    /// account.
    pub fn failure(&self) -> Option<String> {
        let mut conditions = self.status.conditions.iter();
        let failure = conditions
            .find(|condition| condition.kind == REPLICA_FAILURE && condition.status == "True")?;
        Some(format!("{} ({})", failure.message, failure.reason))
    }

    pub fn manager(&self) -> Option<&str> {
        let manager = self.spec.managed_by.as_deref();
        manager.filter(|manager| !manager.is_empty())
    }

    /// The name of the head service that the operator creates.
    pub fn own_head_service(&self) -> String {
        let own = self
            .spec
            .head_group_spec
            .head_service
            .pointer("/metadata/name");
        match own.and_then(Value::as_str).filter(|name| !name.is_empty()) {
            Some(name) => name.to_owned(),
            None => names::head_service(&self.metadata.name),
        }
    }

    /// Name of the head service: from the status, else KubeRay's default.
    pub fn head_service(&self) -> String {
        let named = self.status.head.service_name.as_deref();
        match named.filter(|name| !name.is_empty()) {
            Some(name) => name.to_owned(),
            None => names::head_service(&self.metadata.name),
        }
    }

    pub fn dashboard_port(&self) -> Result<u16, NotAPort> {
        self.port(&DASHBOARD)
    }

    pub fn agent_port(&self) -> Result<u16, NotAPort> {
        self.port(&DASHBOARD_AGENT)
    }

    /// Where its serve service sends requests.
    pub fn serve_port(&self) -> u16 {
        let declared: Vec<Declared<'_>> = self.head_ports().collect();
        let http = role::serve_http(declared.iter().copied());
        http.map_or(SERVE.number, |http| declared[http].number)
    }

    /// The ports that the head's first container, which is Ray's, declares.
    pub fn head_ports(&self) -> impl Iterator<Item = Declared<'_>> {
        let template = &self.spec.head_group_spec.template;
        let ports = template.pointer("/spec/containers/0/ports");
        let ports = ports.and_then(Value::as_array).into_iter().flatten();
        ports.filter_map(|port| {
            let number = port["containerPort"].as_u64()?;
            Some(Declared {
                name: port["name"].as_str(),
                number: number.try_into().ok()?,
                protocol: port["protocol"].as_str(),
            })
        })
    }

    fn port(&self, port: &HeadPort) -> Result<u16, NotAPort> {
        let params = self.spec.head_group_spec.ray_start_params.as_ref();
        port.read_in(|param| params?.get(param))
    }

    /// Whether it asks for a serve service but declares head ports that cannot be its target. The
    /// operator then creates no pod, and reports it only in its log.
    pub fn lacks_serve_port(&self) -> bool {
        let declared = self
            .spec
            .head_group_spec
            .template
            .pointer("/spec/containers/0/ports")
            .and_then(Value::as_array);
        let serves = |port: &Value| {
            port["name"]
                .as_str()
                .is_some_and(|name| name == SERVE.name || name.starts_with(SERVE_PREFIX))
        };
        self.is_annotated()
            && declared.is_some_and(|declared| !declared.is_empty() && !declared.iter().any(serves))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(yaml: &str) -> RayCluster {
        serde_json::from_value(serde_saphyr::from_str(yaml).unwrap()).unwrap()
    }

    #[test]
    fn ports_come_from_the_start_params() {
        assert_eq!(
            cluster("spec: {headGroupSpec: {}}")
                .dashboard_port()
                .unwrap(),
            8265
        );
        let own = cluster(
            "spec: {headGroupSpec: {rayStartParams: {dashboard-port: '9000', dashboard-agent-listen-port: '9001'}}}",
        );
        assert_eq!(
            (own.dashboard_port().unwrap(), own.agent_port().unwrap()),
            (9000, 9001)
        );
        let without_quotes = cluster(
            "spec: {headGroupSpec: {rayStartParams: {dashboard-port: 9000, dashboard-agent-listen-port: null}}}",
        );
        assert_eq!(
            (
                without_quotes.dashboard_port().unwrap(),
                without_quotes.agent_port().unwrap()
            ),
            (9000, 52365)
        );
        let bad = cluster("spec: {headGroupSpec: {rayStartParams: {dashboard-port: '0'}}}");
        let expected = NotAPort {
            param: "dashboard-port",
            value: "0".to_owned(),
        };
        assert_eq!(bad.dashboard_port(), Err(expected));
    }

    #[test]
    fn the_owner_is_found_by_label_or_reference() {
        let labels = "metadata: {labels: {ray.io/originated-from-crd: RayService, ray.io/originated-from-cr-name: s}}";
        let owner = |yaml: &str| cluster(yaml).owner().map(|owner| owner.to_string());
        assert_eq!(owner(labels).as_deref(), Some("rayservice/s"));
        let reference = "metadata: {ownerReferences: [{apiVersion: ray.io/v1, kind: RayJob, name: j, controller: true}]}";
        assert_eq!(owner(reference).as_deref(), Some("rayjob/j"));
        assert_eq!(
            owner("metadata: {ownerReferences: [{kind: AppWrapper, name: a, controller: true}]}"),
            None
        );
    }

    #[test]
    fn the_serve_port_is_the_one_of_that_name() {
        let with = |ports: &str| {
            let spec = format!("{{containers: [{{ports: {ports}}}]}}");
            cluster(&format!(
                "spec: {{headGroupSpec: {{template: {{spec: {spec}}}}}}}"
            ))
            .serve_port()
        };
        assert_eq!(with("[{name: serve, containerPort: 9000}]"), 9000);
        assert_eq!(with("[{name: other, containerPort: 9000}]"), 8000);
        assert_eq!(with("[]"), 8000);
    }

    #[test]
    fn a_head_with_ports_but_none_for_serve_is_recognised() {
        let with = |annotation: &str, ports: &str| {
            cluster(&format!(
                "metadata: {{annotations: {{ray.io/enable-serve-service: '{annotation}'}}}}\n\
                 spec: {{headGroupSpec: {{template: {{spec: {{containers: [{{ports: {ports}}}]}}}}}}}}"
            ))
        };
        assert!(with("true", "[{name: dashboard, containerPort: 8265}]").lacks_serve_port());
        assert!(!with("true", "[{name: serve-grpc, containerPort: 9000}]").lacks_serve_port());
        assert!(!with("true", "[]").lacks_serve_port());
        assert!(!with("false", "[{name: dashboard, containerPort: 8265}]").lacks_serve_port());
    }
}
