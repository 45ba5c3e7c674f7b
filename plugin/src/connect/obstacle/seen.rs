//! What is looked at besides the RayCluster and its pods to find out why it has no head.

use std::time::Duration;

use kuberay::RayCluster;
use kuberay::event::Event;
use kuberay::head::Pods;
use kuberay::raycluster::Metadata;
use kuberay::resource::KIND;
use serde::Deserialize;
use tokio::time::timeout;

use crate::connect::api::Api;
use crate::connect::error::Error;
use crate::connect::events;
use crate::connect::object_name;

/// What only explains is not waited for as long as what was asked for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Objects that were read besides the RayCluster and its pods.
#[derive(Debug, Default)]
pub struct Seen {
    /// The service that has the head service's name.
    pub service: Option<Metadata>,
    /// Warnings about the pod, or about the RayCluster where there is none; the latest first.
    pub events: Vec<Event>,
}

#[derive(Deserialize)]
struct Object {
    metadata: Metadata,
}

impl Seen {
    pub async fn look(api: &Api, cluster: &RayCluster, pods: &Pods) -> Self {
        let read = timeout(PATIENCE, Self::read(api, cluster, pods));
        read.await.unwrap_or_default()
    }

    async fn read(api: &Api, cluster: &RayCluster, pods: &Pods) -> Self {
        let Metadata { name, uid, .. } = &cluster.metadata;
        let is_waiting = cluster.metadata.deletion_timestamp.is_none()
            && cluster.spec.suspend != Some(true)
            && !cluster.lacks_serve_port();
        match pods.youngest() {
            _ if !is_waiting => Self::default(),
            Some(pod) => {
                let name = pod.metadata.name.as_deref().unwrap_or_default();
                let uid = pod.metadata.uid.as_deref().unwrap_or_default();
                Self {
                    service: None,
                    events: events::warnings(api, "Pod", name, uid).await,
                }
            }
            None => {
                let own = cluster.own_head_service();
                let (service, events) =
                    tokio::join!(service(api, &own), events::warnings(api, KIND, name, uid));
                Self { service, events }
            }
        }
    }
}

/// None if the object does not exist or may not be read.
async fn service(api: &Api, name: &str) -> Option<Metadata> {
    let namespace = api.namespace();
    let path = format!("/api/v1/namespaces/{namespace}/services/{name}");
    if !object_name::is_valid(name) {
        return None;
    }
    let action = format!("get service/{name} in namespace {namespace}");
    let found: Result<Object, Error> = api.get(&action, &path).await;
    Some(found.ok()?.metadata)
}
