//! Finds the head pod.
//!
//! Pods are listed by the labels that the head service selects. Asking the service would cost two
//! more round trips for the same pod, and would not tell readiness: it is headless and publishes
//! addresses that are not ready.

use std::collections::HashMap;

use k8s_openapi::api::core::v1::Pod;
use kuberay::RayCluster;
use kuberay::labels;
use ray_serve_client::http::request::percent;
use serde::Deserialize;

use super::api::{Api, Scope};
use super::cluster_name::ClusterName;
use super::error::Error;
use super::pod_state::is_ready;

/// Replaces k8s-openapi's `List`, which requires fields that are not needed here.
#[derive(Default, Deserialize)]
pub struct Pods {
    items: Vec<Pod>,
}

/// The head pods of many clusters, by namespace and name of the cluster.
pub type Heads = HashMap<(String, String), Pods>;

impl Pods {
    pub async fn of_head(api: &Api, name: &ClusterName) -> Result<Self, Error> {
        let namespace = api.namespace();
        let selector = percent(&labels::head_of(name.as_str()));
        let path = format!("/api/v1/namespaces/{namespace}/pods?labelSelector={selector}");
        api.get(&format!("list pods in namespace {namespace}"), &path)
            .await
    }

    /// The youngest pod; one that is not being deleted comes first.
    pub fn youngest(&self) -> Option<&Pod> {
        self.items.iter().max_by_key(|pod| {
            let stays = pod.metadata.deletion_timestamp.is_none();
            (stays, pod.metadata.creation_timestamp.clone())
        })
    }
}

/// One list for all clusters, so that many cost no more requests than one.
pub async fn all(api: &Api, scope: &Scope) -> Result<Heads, Error> {
    let selector = percent(&labels::heads());
    let path = scope.path("/api/v1", "pods");
    let path = format!("{path}?labelSelector={selector}");
    let pods: Vec<Pod> = api.list(&format!("list pods in {scope}"), &path).await?;
    let mut heads = Heads::new();
    for pod in pods {
        let labels = pod.metadata.labels.as_ref();
        let cluster = labels.and_then(|labels| labels.get(labels::CLUSTER));
        if let (Some(namespace), Some(cluster)) = (&pod.metadata.namespace, cluster) {
            let key = (namespace.clone(), cluster.clone());
            heads.entry(key).or_default().items.push(pod);
        }
    }
    Ok(heads)
}

/// The name of the pod to talk to, if one is ready.
pub fn choose(cluster: &RayCluster, pods: &Pods) -> Option<String> {
    let named_by_operator = cluster.status.head.pod_name.as_deref();
    let ready = pods.items.iter().filter(|pod| is_ready(pod));
    // Two heads exist for a moment when one is replaced. Only the operator knows which one counts,
    // and its status lags behind, so the youngest is the best guess.
    let chosen = ready.max_by_key(|pod| {
        let is_named = named_by_operator == pod.metadata.name.as_deref();
        (is_named, pod.metadata.creation_timestamp.clone())
    });
    Some(chosen?.metadata.name.clone().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pods(yaml: &str) -> Pods {
        serde_json::from_value(
            crate::yaml::go_yaml::documents(yaml)
                .unwrap()
                .remove(0)
                .value,
        )
        .unwrap()
    }

    fn cluster(yaml: &str) -> RayCluster {
        let mut cluster: RayCluster = serde_json::from_value(
            crate::yaml::go_yaml::documents(yaml)
                .unwrap()
                .remove(0)
                .value,
        )
        .unwrap();
        cluster.metadata.name = "x".into();
        cluster.metadata.namespace = "ns".into();
        cluster
    }

    const READY: &str = "status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}";

    #[test]
    fn a_terminating_head_is_never_chosen() {
        let list = format!(
            "items:\n- metadata: {{name: old, deletionTimestamp: 2026-01-01T00:00:00Z}}\n  {READY}\n\
             - metadata: {{name: new, creationTimestamp: 2026-01-01T00:00:00Z}}\n  {READY}\n"
        );
        assert_eq!(
            choose(&cluster("status: {head: {podName: old}}"), &pods(&list),).unwrap(),
            "new"
        );
    }

    #[test]
    fn of_two_ready_heads_the_operator_s_counts_then_the_youngest() {
        let list = format!(
            "items:\n- metadata: {{name: a, creationTimestamp: 2026-01-02T00:00:00Z}}\n  {READY}\n\
             - metadata: {{name: b, creationTimestamp: 2026-01-01T00:00:00Z}}\n  {READY}\n"
        );
        assert_eq!(
            choose(&cluster("status: {head: {podName: b}}"), &pods(&list),).unwrap(),
            "b"
        );
        assert_eq!(choose(&cluster("status: {}"), &pods(&list)).unwrap(), "a");
    }
}
