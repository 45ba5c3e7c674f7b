//! Which of several head pods is the head.

use k8s_openapi::api::core::v1::Pod;
use serde::Deserialize;

use crate::RayCluster;
use crate::pod_state::is_ready;

/// Replaces k8s-openapi's `List`, which requires fields that are not needed here.
#[derive(Default, Deserialize)]
pub struct Pods {
    pub items: Vec<Pod>,
}

impl Pods {
    /// The youngest pod; one that is not being deleted comes first.
    pub fn youngest(&self) -> Option<&Pod> {
        self.items.iter().max_by_key(|pod| {
            let stays = pod.metadata.deletion_timestamp.is_none();
            (stays, pod.metadata.creation_timestamp.clone())
        })
    }
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
        serde_json::from_value(serde_saphyr::from_str(yaml).unwrap()).unwrap()
    }

    fn cluster(yaml: &str) -> RayCluster {
        let mut cluster: RayCluster =
            serde_json::from_value(serde_saphyr::from_str(yaml).unwrap()).unwrap();
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
