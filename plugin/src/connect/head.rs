//! Lists head pods, of one RayCluster or of all.
//!
//! Pods are listed by the labels that the head service selects. Asking the service would cost two
//! more round trips for the same pod, and would not tell readiness: it is headless and publishes
//! addresses that are not ready.

use std::collections::HashMap;

use k8s_openapi::api::core::v1::Pod;
use kuberay::head::Pods;
use kuberay::labels;
use ray_serve_client::http::request::percent;

use super::api::{Api, Scope};
use super::cluster_name::ClusterName;
use super::error::Error;

/// The head pods of many clusters, by namespace and name of the cluster.
pub type Heads = HashMap<(String, String), Pods>;

pub async fn of(api: &Api, name: &ClusterName) -> Result<Pods, Error> {
    let namespace = api.namespace();
    let selector = percent(&labels::head_of(name.as_str()));
    let path = format!("/api/v1/namespaces/{namespace}/pods?labelSelector={selector}");
    api.get(&format!("list pods in namespace {namespace}"), &path)
        .await
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
