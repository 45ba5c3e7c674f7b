//! What KubeRay makes of a RayCluster that serves: its pods and its serve service, as they were recorded
//! of operator 1.6.2.

use serde_json::{Value, json};

use super::{super::review::ray_cluster, node::NODE, proxies::address};

/// A head and its workers.
pub(super) const PODS_EACH: u32 = 10;

/// A worker with all that the operator and the kubelet write; the API server adds what it adds.
const WORKER: &str = include_str!("worker.json");

/// The cluster with a number of the fleet.
pub(super) struct Cluster {
    number: u32,
    name: String,
    /// Known when it was created.
    pub(super) uid: Value,
}

impl Cluster {
    pub(super) fn new(number: u32) -> Self {
        Self {
            number,
            name: format!("serving-{number:04}"),
            uid: Value::Null,
        }
    }

    /// For the operator there is nothing to do: its part is done here.
    pub(super) fn manifest(&self) -> Value {
        let mut cluster = ray_cluster();
        let annotations = cluster["metadata"]["annotations"].take();
        cluster["metadata"] = json!({"name": self.name, "annotations": annotations});
        cluster["spec"]["managedBy"] = json!("kueue.x-k8s.io/multikueue");
        cluster
    }

    /// kube-proxy leaves it alone: a thousand of them would be what this machine is busy with.
    pub(super) fn service(&self, port: u16) -> Value {
        let name = format!("{}-serve-svc", self.name);
        json!({
            "metadata": {
                "name": name,
                "labels": {
                    "ray.io/originated-from-cr-name": self.name,
                    "ray.io/originated-from-crd": "RayCluster",
                    "ray.io/cluster-serve": name,
                    "ray.io/serve": name,
                    "service.kubernetes.io/service-proxy-name": NODE,
                },
                "ownerReferences": [self.owner()],
            },
            "spec": {
                "selector": {"ray.io/cluster": self.name},
                "ports": [{"name": "serve", "port": port, "targetPort": port, "protocol": "TCP"}],
            },
        })
    }

    /// The pods, each with its status, which is to be written apart.
    pub(super) fn pods(&self) -> impl Iterator<Item = (Value, Value)> {
        (0..PODS_EACH).map(|index| {
            let mut pod: Value = serde_json::from_str(WORKER).unwrap_or_default();
            let mut status = pod["status"].take();
            let (group, node_type) = match index {
                0 => ("headgroup", "head"),
                _ => ("workers", "worker"),
            };
            let metadata = &mut pod["metadata"];
            metadata["name"] = json!(format!("{}-{group}-{index}", self.name));
            metadata["ownerReferences"] = json!([self.owner()]);
            let labels = &mut metadata["labels"];
            labels["ray.io/cluster"] = json!(self.name);
            labels["ray.io/group"] = json!(group);
            labels["ray.io/node-type"] = json!(node_type);
            labels["ray.io/identifier"] = json!(format!("{}-{node_type}", self.name));
            pod["spec"]["nodeName"] = json!(NODE);
            let ip = address(self.number * PODS_EACH + index).to_string();
            status["podIPs"] = json!([{"ip": ip}]);
            status["podIP"] = json!(ip);
            (pod, json!({"status": status}))
        })
    }

    fn owner(&self) -> Value {
        json!({
            "apiVersion": "ray.io/v1",
            "kind": "RayCluster",
            "name": self.name,
            "uid": self.uid,
            "controller": true,
            "blockOwnerDeletion": true,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_pod_of_the_fleet_has_a_name_and_an_address_of_its_own() {
        let clusters: Vec<Cluster> = (0..3).map(Cluster::new).collect();
        let pods: Vec<_> = clusters.iter().flat_map(Cluster::pods).collect();
        let all = |field: fn(&(Value, Value)) -> &Value| {
            let values: BTreeSet<String> = pods.iter().map(|pod| field(pod).to_string()).collect();
            values.len()
        };
        let names = all(|(pod, _)| &pod["metadata"]["name"]);
        let addresses = all(|(_, status)| &status["status"]["podIP"]);
        assert_eq!((names, addresses), (30, 30));
        let is_head =
            |(pod, _): &&(Value, Value)| pod["metadata"]["labels"]["ray.io/node-type"] == "head";
        let heads = pods.iter().filter(is_head);
        assert_eq!(heads.count(), 3);
    }
}
