//! What is wrong in a report, and the next command.

use std::time::{Duration, SystemTime};

use ray_serve_client::state::details::{Application, DEPLOYING};
use ray_serve_client::{self as serve, causes::version_before};

use super::report::Report;
use super::traffic;
use crate::connect::{self, SUBMIT};
use crate::hint::Hint;
use crate::output::{age, since};

/// After which a deployment that gives no reason is worth a look.
const LONG: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub what: String,
    pub next: Option<String>,
}

impl Problem {
    pub(super) fn new(what: String, next: String) -> Self {
        Self {
            what,
            next: Some(next),
        }
    }
}

pub fn problems(report: &Report, now: SystemTime) -> Vec<Problem> {
    let mut problems = Vec::new();
    let place = Place { report };
    match &report.serve {
        Err(error) => problems.push(no_answer(error, &place)),
        Ok(details) => {
            let reason = |name: &String, application: &Application| {
                let found = report.reasons.get(name).cloned();
                found.or_else(|| application.problem())
            };
            for (name, application) in &details.applications {
                let reason = reason(name, application);
                problems.extend(of_application(name, application, reason, &place, now));
            }
            if details.applications.is_empty() {
                problems.push(Problem::new(
                    "it runs no application: none was submitted, Serve was shut down, or the head restarted".to_owned(),
                    place.submit(),
                ));
            }
            problems.extend(traffic::of_proxies(details, &place));
        }
    }
    if let Some(kubernetes) = &report.kubernetes {
        let details = report.serve.as_ref().ok();
        // Without a head it is why there is none.
        if let (Some(failure), Some(_)) = (kubernetes.cluster.failure(), details) {
            problems.push(Problem {
                what: format!("the KubeRay operator could not make a pod: {failure}"),
                next: place.look_at_cluster(),
            });
        }
        problems.extend(traffic::of_service(report, kubernetes, &place));
    }
    problems
}

/// The commands for the cluster of a report.
pub(super) struct Place<'a> {
    pub(super) report: &'a Report,
}

impl Place<'_> {
    pub(super) fn serve(&self, verb: &str, flags: &str) -> String {
        self.report.next.serve(verb, &[&self.report.name], flags)
    }

    fn submit(&self) -> String {
        self.serve("submit", SUBMIT)
    }

    pub(super) fn kubectl(&self, verb: &str, flags: &str) -> String {
        let object = format!("raycluster/{}", self.report.name);
        self.report.next.kubectl(verb, &[&object], flags)
    }

    /// Nothing of a Ray without Kubernetes.
    pub(super) fn look_at_cluster(&self) -> Option<String> {
        self.report.kubernetes.as_ref()?;
        Some(self.kubectl("describe", ""))
    }
}

fn no_answer(error: &serve::Error, place: &Place<'_>) -> Problem {
    let way = match error {
        serve::Error::Dial(error) => error.downcast_ref(),
        _ => None,
    };
    let next = match way {
        Some(connect::Error::HeadNotReady { obstacle, .. }) => Some(obstacle.next.clone()),
        _ => error.hint().or_else(|| place.look_at_cluster()),
    };
    Problem {
        what: error.to_string(),
        next,
    }
}

fn of_application(
    name: &str,
    application: &Application,
    reason: Option<String>,
    place: &Place<'_>,
    now: SystemTime,
) -> Option<Problem> {
    if application.is_running() {
        return None;
    }
    let status = &application.status;
    if application.has_failed() {
        let why = reason.map_or_else(String::new, |why| format!(": {why}"));
        let before = version_before::told(name, application, place.report.proxy());
        let before = before.map_or_else(String::new, |before| format!("; {before}"));
        return Some(Problem::new(
            format!("application/{name} is {status}{why}{before}"),
            format!("fix it, then {}", place.submit()),
        ));
    }
    let ago = since(application.last_deployed_time_s?, now)?;
    if status != DEPLOYING || ago < LONG {
        return None;
    }
    let why = reason.unwrap_or_else(|| {
        let needs = application.deployments.iter().filter_map(|(name, found)| {
            let needs = found.wants().filter(|_| !found.is_healthy())?;
            Some(format!("{name} needs {needs} for each replica"))
        });
        let needs: Vec<String> = needs.collect();
        let needs = if needs.is_empty() {
            String::new()
        } else {
            format!(" ({})", needs.join("; "))
        };
        format!("Ray gives no reason, the cluster may lack the resources{needs}")
    });
    Some(Problem {
        what: format!("application/{name} is {status} for {}: {why}", age(ago)),
        next: place.look_at_cluster(),
    })
}
