//! Everything that is known of one RayCluster and its Serve at one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use ray_serve_client::api::routes::Routes;
use ray_serve_client::causes::{self, Told};
use ray_serve_client::state::details::{Application, DEPLOYING};
use ray_serve_client::{self as serve, Details};

use crate::connect::client::Client;
use crate::connect::serve_service::{self, Endpoint, Service};
use crate::connect::{self, Api, ClusterName, Next, RayCluster, raycluster};

/// Failed applications that Ray's logs are searched for: more would keep somebody waiting.
const SEARCHED: usize = 5;
/// Between two questions about replicas that do not start.
const ASK_WHY: Duration = Duration::from_secs(5);

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
                reasons: reasons.of(client, serve.as_ref().ok()).await,
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
            reasons: reasons.of(client, serve.as_ref().ok()).await,
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

/// What was asked about applications that do not run, so that watching does not ask again and again.
#[derive(Default)]
pub struct Reasons {
    /// Of failed ones, with what Ray said of them then.
    failed: BTreeMap<String, (Said, String)>,
    told: Option<(Instant, Told)>,
}

impl Reasons {
    async fn of(
        &mut self,
        client: &mut Client,
        details: Option<&Details>,
    ) -> BTreeMap<String, String> {
        let Some(details) = details else {
            return BTreeMap::new();
        };
        let mut found = self
            .of_failed(client, details, Application::has_failed)
            .await;
        let deploying =
            |(_, application): &(&String, &Application)| application.status == DEPLOYING;
        if details.applications.iter().any(|each| deploying(&each)) {
            let told = self.told(client, details).await;
            for (name, application) in details.applications.iter().filter(deploying) {
                let reasons = application.deployments.keys().filter_map(|deployment| {
                    let reason = told.about(details, name, deployment)?;
                    Some(format!("{deployment}: {reason}"))
                });
                let reasons: Vec<String> = reasons.collect();
                if !reasons.is_empty() {
                    found.insert(name.clone(), reasons.join("; "));
                }
            }
        }
        found
    }

    /// The causes of those that have failed as `which` says, by their names.
    pub async fn of_failed(
        &mut self,
        client: &mut Client,
        details: &Details,
        which: impl Fn(&Application) -> bool,
    ) -> BTreeMap<String, String> {
        let failed = details.applications.iter();
        let failed = failed.filter(|(_, application)| which(application));
        let mut found = BTreeMap::new();
        for (name, application) in failed.take(SEARCHED) {
            let said = Said::of(application);
            let known = self.failed.get(name).filter(|(of, _)| *of == said);
            let reason = match known {
                Some((_, reason)) => reason.clone(),
                None => causes::of_failure(client, name, application).await,
            };
            self.failed.insert(name.clone(), (said, reason.clone()));
            found.insert(name.clone(), reason);
        }
        found
    }

    async fn told(&mut self, client: &mut Client, details: &Details) -> &Told {
        let fresh = self.told.take().filter(|(at, _)| at.elapsed() < ASK_WHY);
        let told = match fresh {
            Some(told) => told,
            None => (Instant::now(), Told::ask(client, details).await),
        };
        &self.told.insert(told).1
    }
}

/// What Ray says of a failed application; the cause is looked for again when it says something else.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    deployed: Option<u64>,
    status: String,
    problem: Option<String>,
}

impl Said {
    fn of(application: &Application) -> Self {
        Self {
            deployed: application.last_deployed_time_s.map(f64::to_bits),
            status: application.status.clone(),
            problem: application.problem(),
        }
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
