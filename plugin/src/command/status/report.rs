//! Everything that is known of one RayCluster and its Serve at one moment.

use std::collections::{BTreeMap, BTreeSet};

use ray_serve_client::api::routes::Routes;
use ray_serve_client::{self as serve, Details};

use crate::command::reasons::Reasons;
use crate::connect::client::Client;
use crate::connect::serve_service::{self, Endpoint, Service};
use crate::connect::{self, Api, ClusterName, Next, RayCluster, raycluster};

pub struct Report {
    pub name: String,
    /// Commands that go to the same cluster.
    pub next: Next,
    /// `None` of a Ray without Kubernetes.
    pub kubernetes: Option<Kubernetes>,
    pub serve: Result<Details, serve::Error>,
    /// Why applications do not run, by their names, as far as Ray tells it anywhere.
    pub reasons: BTreeMap<String, String>,
    /// What the proxy on the head says, where it was asked.
    pub routes: Option<Result<Routes, serve::Error>>,
}

pub struct Kubernetes {
    pub cluster: RayCluster,
    /// The pod that answered.
    pub head: Option<String>,
    pub service: Result<Option<Service>, connect::Error>,
    pub endpoints: Result<Vec<Endpoint>, connect::Error>,
}

impl Report {
    /// A head that does not answer is part of the report; a cluster that is not there is an error.
    pub async fn look(
        api: Option<&Api>,
        client: &mut Client,
        reasons: &mut Reasons,
        name: &ClusterName,
    ) -> Result<Self, connect::Error> {
        let Some(api) = api else {
            let serve = client.applications().await.map(|answer| answer.details);
            return Ok(Self {
                name: name.to_string(),
                next: client.dial().next().clone(),
                kubernetes: None,
                reasons: reasons.of_applications(client, serve.as_ref().ok()).await,
                serve,
                routes: None,
            });
        };
        let (cluster, traffic, answer) = tokio::join!(
            raycluster::get(api, name),
            traffic(api, name),
            client.applications()
        );
        let (service, endpoints) = traffic;
        let kubernetes = Kubernetes {
            cluster: cluster?,
            head: client.dial_mut().pod().map(str::to_owned),
            service,
            endpoints,
        };
        let serve = answer.map(|answer| answer.details);
        Ok(Self {
            name: name.to_string(),
            next: client.dial().next().clone(),
            kubernetes: Some(kubernetes),
            reasons: reasons.of_applications(client, serve.as_ref().ok()).await,
            serve,
            routes: None,
        })
    }

    /// Asks the proxy on the head for its routes. Not where the head cannot have a proxy that
    /// answers there: that is told by its state.
    pub async fn ask_proxy(&mut self, client: &mut Client) {
        let Ok(details) = &self.serve else { return };
        let has_proxy = details.healthy_proxies() > 0 && !details.applications.is_empty();
        let is_reached = self.head().is_some_and(|pod| self.runs_proxy(details, pod));
        if let Some(port) = details
            .http_options
            .port
            .filter(|_| has_proxy && is_reached)
        {
            self.routes = Some(client.routes(port).await);
        }
    }

    fn head(&self) -> Option<&str> {
        self.kubernetes.as_ref()?.head.as_deref()
    }

    fn runs_proxy(&self, details: &Details, pod: &str) -> bool {
        let pod_at = |address| self.kubernetes.as_ref()?.pod_at(address);
        let answering = answering(details);
        answering
            .into_iter()
            .any(|address| pod_at(address) == Some(pod))
    }

    /// The pod whose proxy told its routes, and these.
    pub fn proxy(&self) -> Option<(String, &Routes)> {
        let routes = self.routes.as_ref()?.as_ref().ok()?;
        Some((format!("pod/{}", self.head()?), routes))
    }
}

async fn traffic(
    api: &Api,
    name: &ClusterName,
) -> (
    Result<Option<Service>, connect::Error>,
    Result<Vec<Endpoint>, connect::Error>,
) {
    let service = serve_service::of(api, &name.to_string()).await;
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
