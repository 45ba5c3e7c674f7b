//! Everything that is known of one RayCluster and its Serve at one moment.

use std::collections::BTreeSet;

use crate::cluster::serve_service::{self, Endpoint, Service};
use crate::cluster::{self, Api, ClusterName, RayCluster};
use crate::serve::{self, Client, Details};

pub struct Report {
    pub name: String,
    /// `None` of a Ray without Kubernetes.
    pub kubernetes: Option<Kubernetes>,
    pub serve: Result<Details, serve::Error>,
}

pub struct Kubernetes {
    pub cluster: RayCluster,
    /// The pod that answered.
    pub head: Option<String>,
    pub service: Result<Option<Service>, cluster::Error>,
    pub endpoints: Result<Vec<Endpoint>, cluster::Error>,
}

impl Report {
    /// A head that does not answer is part of the report; a cluster that is not there is an error.
    pub async fn look(
        api: Option<&Api>,
        client: &mut Client,
        name: &ClusterName,
    ) -> Result<Self, cluster::Error> {
        let Some(api) = api else {
            return Ok(Self {
                name: name.to_string(),
                kubernetes: None,
                serve: client.applications().await.map(|answer| answer.details),
            });
        };
        let (cluster, traffic, answer) = tokio::join!(
            RayCluster::get(api, name),
            traffic(api, name),
            client.applications()
        );
        let (service, endpoints) = traffic;
        if answer.is_err() {
            // Another pod may be the head by the next look.
            client.dashboard().forget();
        }
        Ok(Self {
            name: name.to_string(),
            kubernetes: Some(Kubernetes {
                cluster: cluster?,
                head: client.dashboard().pod().map(str::to_owned),
                service,
                endpoints,
            }),
            serve: answer.map(|answer| answer.details),
        })
    }
}

async fn traffic(
    api: &Api,
    name: &ClusterName,
) -> (
    Result<Option<Service>, cluster::Error>,
    Result<Vec<Endpoint>, cluster::Error>,
) {
    let service = Service::of(api, &name.to_string()).await;
    let endpoints = match &service {
        Ok(Some(service)) => serve_service::endpoints(api, &service.metadata.name).await,
        _ => Ok(Vec::new()),
    };
    (service, endpoints)
}

impl Kubernetes {
    pub fn pod_at(&self, address: &str) -> Option<&str> {
        let endpoints = self.endpoints.as_ref().ok()?;
        let there = endpoints
            .iter()
            .find(|endpoint| endpoint.address == address)?;
        there.pod.as_deref()
    }
}

/// The addresses at which a proxy answers requests.
pub fn answering(details: &Details) -> BTreeSet<&str> {
    details
        .proxies
        .values()
        .filter(|proxy| proxy.is_healthy())
        .map(|proxy| proxy.node_ip.as_str())
        .collect()
}
