//! Pods and services as the watches read them: a dozen fields of the hundreds that they have.
//!
//! Whatever is not named here is skipped while the answer is parsed, so that ten thousand pods cost a few
//! megabytes. `kube` asks for an `ObjectMeta`, which is given no more than these fields.

use std::borrow::Cow;
use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time};
use kube::Resource;
use kube::api::ApiResource;
use kuberay::labels::{CLUSTER, NODE_TYPE, SERVE};
use kuberay::resource::{API_VERSION, KIND, PLURAL, is_of_kuberay};
use kuberay::role::{self, Declared};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::traffic::pod::{NodeType, SeenPod, ServeLabel};
use crate::traffic::service::ServeService;
use crate::world::Key;

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Pod {
    #[serde(deserialize_with = "few_fields")]
    metadata: ObjectMeta,
    #[serde(default)]
    status: PodStatus,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PodStatus {
    #[serde(rename = "podIP")]
    pod_ip: Option<String>,
    conditions: Vec<Condition>,
    container_statuses: Vec<ContainerStatus>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ContainerStatus {
    container_id: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Service {
    #[serde(deserialize_with = "few_fields")]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: ServiceSpec,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct ServiceSpec {
    selector: BTreeMap<String, String>,
    ports: Vec<ServicePort>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ServicePort {
    name: Option<String>,
    port: u16,
    protocol: Option<String>,
    target_port: Value,
}

impl Pod {
    pub(super) fn key(&self) -> Option<Key> {
        let labels = self.metadata.labels.as_ref()?;
        Some(Key {
            namespace: self.metadata.namespace.clone()?,
            name: labels.get(CLUSTER)?.clone(),
        })
    }

    /// None for a pod that is none of Ray's, such as the one that cleans Redis up.
    pub(super) fn seen(&self) -> Option<SeenPod> {
        let labels = self.metadata.labels.as_ref()?;
        let status = &self.status;
        let is_ready =
            |condition: &Condition| condition.kind == "Ready" && condition.status == "True";
        let container = status.container_statuses.first();
        Some(SeenPod {
            name: self.metadata.name.clone()?,
            uid: self.metadata.uid.clone()?,
            node_type: NodeType::read(labels.get(NODE_TYPE)?)?,
            ip: status.pod_ip.as_ref().and_then(|ip| ip.parse().ok()),
            is_ready: status.conditions.iter().any(is_ready),
            is_terminating: self.metadata.deletion_timestamp.is_some(),
            label: ServeLabel::read(labels.get(SERVE).map(String::as_str)),
            container: container.and_then(|container| container.container_id.clone()),
        })
    }
}

impl Service {
    /// The RayCluster that owns it. Those that a RayService owns are none of ours.
    pub(super) fn key(&self) -> Option<Key> {
        Some(Key {
            namespace: self.metadata.namespace.clone()?,
            name: self.owner()?.name.clone(),
        })
    }

    pub(super) fn seen(&self) -> Option<ServeService> {
        Some(ServeService {
            name: self.metadata.name.clone()?,
            uid: self.metadata.uid.clone()?,
            owner_uid: self.owner().map(|owner| owner.uid.clone()),
            selector: self.spec.selector.clone(),
            port: self.port(),
        })
    }

    fn owner(&self) -> Option<&OwnerReference> {
        let mut owners = self.metadata.owner_references.iter().flatten();
        owners.find(|owner| owner.kind == KIND && is_of_kuberay(&owner.api_version))
    }

    /// The number on the pods of its port for Serve's HTTP.
    fn port(&self) -> Option<u16> {
        let mut ports: Vec<Declared<'_>> =
            self.spec.ports.iter().map(ServicePort::declared).collect();
        // A service lists its ports in any order.
        ports.sort_by_key(|port| port.number);
        let serve = role::serve_http(ports.iter().copied())?;
        Some(ports[serve].number)
    }
}

impl ServicePort {
    /// The operator leaves the target to the API server, which makes it the port's own number.
    fn declared(&self) -> Declared<'_> {
        let target = self.target_port.as_u64();
        Declared {
            name: self.name.as_deref(),
            number: target
                .and_then(|target| u16::try_from(target).ok())
                .unwrap_or(self.port),
            protocol: self.protocol.as_deref(),
        }
    }
}

/// Reads the fields of `metadata` that matter here.
fn few_fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ObjectMeta, D::Error> {
    let few = Metadata::deserialize(deserializer)?;
    let is_ours = |(key, _): &(String, String)| [CLUSTER, NODE_TYPE, SERVE].contains(&key.as_str());
    Ok(ObjectMeta {
        name: few.name,
        namespace: few.namespace,
        uid: few.uid,
        resource_version: few.resource_version,
        deletion_timestamp: few.deletion_timestamp,
        labels: Some(few.labels.into_iter().filter(is_ours).collect()),
        owner_references: few.owner_references,
        ..ObjectMeta::default()
    })
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    deletion_timestamp: Option<Time>,
    labels: BTreeMap<String, String>,
    owner_references: Option<Vec<OwnerReference>>,
}

/// The RayCluster, of which only the metadata is read.
pub(super) fn raycluster() -> ApiResource {
    let (group, version) = API_VERSION.split_once('/').unwrap_or_default();
    ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        plural: PLURAL.to_owned(),
    }
}

macro_rules! core_resource {
    ($of:ident, $kind:literal, $plural:literal) => {
        impl Resource for $of {
            type DynamicType = ();
            type Scope = kube::core::NamespaceResourceScope;

            fn kind((): &()) -> Cow<'_, str> {
                $kind.into()
            }

            fn group((): &()) -> Cow<'_, str> {
                "".into()
            }

            fn version((): &()) -> Cow<'_, str> {
                "v1".into()
            }

            fn plural((): &()) -> Cow<'_, str> {
                $plural.into()
            }

            fn meta(&self) -> &ObjectMeta {
                &self.metadata
            }

            fn meta_mut(&mut self) -> &mut ObjectMeta {
                &mut self.metadata
            }
        }
    };
}

core_resource!(Pod, "Pod", "pods");
core_resource!(Service, "Service", "services");
