//! The serve service of a `RayCluster`, and the pods its traffic goes to.

use std::collections::BTreeMap;

use kuberay::role::Declared;
use kuberay::{RayCluster, labels, names};
use ray_serve_client::http::request::percent;
use serde::Deserialize;
use serde_json::Value;

use super::api::{Api, Scope};
use super::error::Error;
use super::object_name::checked;

/// Label of every EndpointSlice of a service.
const SERVICE_NAME_LABEL: &str = "kubernetes.io/service-name";

/// The few fields of a Service that matter here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Service {
    pub metadata: Metadata,
    pub spec: Spec,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Metadata {
    pub name: String,
    pub namespace: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Spec {
    pub selector: BTreeMap<String, String>,
    pub ports: Vec<Port>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Port {
    pub name: Option<String>,
    pub port: u16,
    pub protocol: Option<String>,
    /// A number, or the name of a container port.
    pub target_port: Value,
}

impl Service {
    /// The serve services of all clusters, possibly including those of a `RayService`.
    pub async fn list(api: &Api, scope: &Scope) -> Result<Vec<Self>, Error> {
        let path = scope.path("/api/v1", "services");
        let path = format!("{path}?labelSelector={}", percent(labels::SERVE));
        api.list(&format!("list services in {scope}"), &path).await
    }

    /// The serve service of one cluster, by its labels or else by its name.
    pub async fn of(api: &Api, cluster: &str) -> Result<Option<Self>, Error> {
        let namespace = api.namespace();
        let all = Self::list(api, &Scope::Namespace(namespace.to_owned())).await?;
        if let Some(found) = all
            .into_iter()
            .find(|service| service.cluster() == Some(cluster))
        {
            return Ok(Some(found));
        }
        // The operator adopts any service of that name.
        let name = name_for(cluster);
        let name = checked("a Service", &name)?;
        let path = format!("/api/v1/namespaces/{namespace}/services/{name}");
        let action = format!("get service/{name} in namespace {namespace}");
        match api.get(&action, &path).await {
            Ok(service) => Ok(Some(service)),
            Err(Error::Api { code: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The name of the `RayCluster` whose pods it selects.
    pub fn cluster(&self) -> Option<&str> {
        self.spec.selector.get(labels::CLUSTER).map(String::as_str)
    }

    /// The target of each port, sorted by number because a service lists its ports in any order.
    /// None if a target is a name that the head does not declare.
    pub fn targets(&self, cluster: &RayCluster) -> Option<Vec<Declared<'_>>> {
        let targets = self.spec.ports.iter().map(|port| {
            Some(Declared {
                name: port.name.as_deref(),
                number: port.target(cluster)?,
                protocol: port.protocol.as_deref(),
            })
        });
        let mut targets: Vec<Declared<'_>> = targets.collect::<Option<_>>()?;
        targets.sort_by_key(|target| (target.number, target.name));
        Some(targets)
    }

    /// The numbers it listens on, sorted.
    pub fn numbers(&self) -> Vec<u16> {
        let mut numbers: Vec<u16> = self.spec.ports.iter().map(|port| port.port).collect();
        numbers.sort_unstable();
        numbers
    }
}

impl Port {
    /// The port's number on the pods.
    fn target(&self, cluster: &RayCluster) -> Option<u16> {
        match &self.target_port {
            Value::Null => Some(self.port),
            Value::String(name) => {
                let mut declared = cluster.head_ports();
                declared.find_map(|port| (port.name == Some(name)).then_some(port.number))
            }
            target => target.as_u64().and_then(|number| number.try_into().ok()),
        }
    }
}

pub fn name_for(cluster: &str) -> String {
    names::serve_service(cluster)
}

/// A pod that a service sends traffic to, or would if it were ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub address: String,
    pub pod: Option<String>,
    pub ready: bool,
}

#[derive(Deserialize)]
struct Slice {
    #[serde(default)]
    endpoints: Option<Vec<SliceEndpoint>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SliceEndpoint {
    addresses: Vec<String>,
    #[serde(default)]
    conditions: Conditions,
    target_ref: Option<TargetRef>,
}

#[derive(Default, Deserialize)]
struct Conditions {
    ready: Option<bool>,
}

#[derive(Deserialize)]
struct TargetRef {
    name: Option<String>,
}

/// The pods sorted by address, without duplicates.
pub async fn endpoints(api: &Api, service: &str) -> Result<Vec<Endpoint>, Error> {
    let namespace = api.namespace();
    let selector = percent(&format!("{SERVICE_NAME_LABEL}={service}"));
    let scope = Scope::Namespace(namespace.to_owned());
    let path = scope.path("/apis/discovery.k8s.io/v1", "endpointslices");
    let path = format!("{path}?labelSelector={selector}");
    let slices: Vec<Slice> = api
        .list(&format!("list endpointslices in {scope}"), &path)
        .await?;
    let mut found = BTreeMap::new();
    for endpoint in slices
        .into_iter()
        .filter_map(|slice| slice.endpoints)
        .flatten()
    {
        let pod = endpoint.target_ref.and_then(|target| target.name);
        // The API defines null as ready.
        let ready = endpoint.conditions.ready != Some(false);
        for address in endpoint.addresses {
            let pod = pod.clone();
            found.insert(
                address.clone(),
                Endpoint {
                    address,
                    pod,
                    ready,
                },
            );
        }
    }
    Ok(found.into_values().collect())
}
