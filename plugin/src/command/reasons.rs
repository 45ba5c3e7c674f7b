//! Why applications and deployments do not run, as far as Ray tells it anywhere.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ray_serve_client::Details;
use ray_serve_client::causes::{self, Told};
use ray_serve_client::state::details::{Application, DEPLOYING};

use crate::connect::client::Client;

/// Failed applications that Ray's logs are searched for: more would keep somebody waiting.
const SEARCHED: usize = 5;
/// Between two questions about replicas that do not start, and before the first one of a wait.
const ASK_WHY: Duration = Duration::from_secs(5);

/// What was asked before, so that a command that looks again and again does not ask each time.
#[derive(Default)]
pub struct Reasons {
    /// Of failed ones, with what Ray said of them then.
    failed: BTreeMap<String, (Said, String)>,
    told: Option<(Instant, Told)>,
    starting: Option<Instant>,
}

impl Reasons {
    /// Of applications that do not run, by their names.
    pub(super) async fn of_applications(
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
    pub(super) async fn of_failed(
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

    /// Of the deployments whose replicas are `starting`: application, deployment and reason. Ray is
    /// asked when replicas have been starting for a while, or at once in a `hurry`.
    pub(super) async fn of_starting(
        &mut self,
        client: &mut Client,
        details: &Details,
        starting: &[(String, String)],
        hurry: bool,
    ) -> BTreeMap<(String, String), String> {
        if starting.is_empty() {
            self.starting = None;
            self.told = None;
            return BTreeMap::new();
        }
        let since = *self.starting.get_or_insert_with(Instant::now);
        if since.elapsed() < ASK_WHY && !hurry {
            return BTreeMap::new();
        }
        let told = self.told(client, details).await;
        let reasons = starting.iter().filter_map(|deployment| {
            let (application, name) = deployment;
            let why = told.about(details, application, name)?;
            Some((deployment.clone(), why))
        });
        reasons.collect()
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
