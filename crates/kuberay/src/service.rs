//! The serve service of a RayCluster, and where its ports lead.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::RayCluster;
use crate::labels;
use crate::role::Declared;

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
