//! What is wrong in a report, and the next command.

use std::time::{Duration, SystemTime};

use ray_serve_inject::table::{ANNOTATION, ANNOTATION_ON, SERVE};

use super::report::{Kubernetes, Report, answering};
use crate::cluster::serve_service::{Port, Service};
use crate::cluster::{self, next};
use crate::output::{age, since};
use crate::serve::details::{Application, DEPLOYING};
use crate::serve::{self, Details};

/// After which a deployment that gives no reason is worth a look.
const LONG: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub what: String,
    pub next: Option<String>,
}

impl Problem {
    fn new(what: String, next: String) -> Self {
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
                problems.extend(of_application(
                    name,
                    application,
                    reason(name, application),
                    &place,
                    now,
                ));
            }
            if details.applications.is_empty() {
                problems.push(Problem::new(
                    "it runs no application (a restart of the head loses them)".to_owned(),
                    place.submit(),
                ));
            }
            problems.extend(of_proxies(details, &place));
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
        match &kubernetes.service {
            Ok(None) => problems.push(no_service(kubernetes, &place)),
            Ok(Some(service)) => {
                let details = details.filter(|details| !details.applications.is_empty());
                if let Some(details) = details {
                    problems.extend(of_ports(details, service, &place));
                    problems.extend(of_endpoints(details, kubernetes, service, &place));
                }
            }
            Err(_) => {}
        }
    }
    problems
}

/// The commands for the cluster of a report.
struct Place<'a> {
    report: &'a Report,
}

impl Place<'_> {
    fn serve(&self, verb: &str, flags: &str) -> String {
        self.report.next.serve(verb, &[&self.report.name], flags)
    }

    fn submit(&self) -> String {
        self.serve("submit", "-f serve_config.yaml --wait")
    }

    fn kubectl(&self, verb: &str, flags: &str) -> String {
        let object = format!("raycluster/{}", self.report.name);
        self.report.next.kubectl(verb, &[&object], flags)
    }

    /// Nothing of a Ray without Kubernetes.
    fn look_at_cluster(&self) -> Option<String> {
        self.report.kubernetes.as_ref()?;
        Some(self.kubectl("describe", ""))
    }
}

fn no_answer(error: &serve::Error, place: &Place<'_>) -> Problem {
    match error {
        serve::Error::Cluster(cluster::Error::HeadNotReady {
            name,
            namespace,
            obstacle,
        }) => Problem::new(
            format!(
                "raycluster/{name} in namespace {namespace} has no ready head: {}",
                obstacle.why
            ),
            obstacle.next.clone(),
        ),
        error => Problem {
            what: error.to_string(),
            next: place.look_at_cluster(),
        },
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
        return Some(Problem::new(
            format!("application/{name} is {status}{why}"),
            format!("mend it, then {}", place.submit()),
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

fn of_proxies(details: &Details, place: &Place<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    if details.proxy_location.as_deref() == Some("Disabled") && !details.applications.is_empty() {
        problems.push(Problem::new(
            "proxy_location is Disabled, so no request reaches an application".to_owned(),
            reset(place, "proxy_location: EveryNode"),
        ));
    }
    for proxy in details.proxies.values().filter(|proxy| !proxy.is_healthy()) {
        problems.push(Problem {
            what: format!("the proxy at {} is {}", proxy.node_ip, proxy.status),
            next: None,
        });
    }
    problems
}

/// Ray takes such settings only when Serve starts.
fn reset(place: &Place<'_>, setting: &str) -> String {
    format!(
        "put {setting} into the Serve config, then {} and submit it",
        place.serve("delete", "")
    )
}

fn no_service(kubernetes: &Kubernetes, place: &Place<'_>) -> Problem {
    let cluster = &kubernetes.cluster;
    let name = &cluster.metadata.name;
    if !cluster.is_annotated() {
        return Problem::new(
            format!(
                "it has no serve service, because annotation {ANNOTATION} is not \"{ANNOTATION_ON}\""
            ),
            place.kubectl(
                "annotate",
                &format!("--overwrite {ANNOTATION}={ANNOTATION_ON}"),
            ),
        );
    }
    if cluster.lacks_serve_port() {
        return Problem::new(
            format!(
                "it has no serve service, because its head container declares no port named {}",
                SERVE.name
            ),
            format!(
                "install ray-serve-webhook and annotate it again, or {} | {} | {}",
                place.kubectl("get", "-o yaml"),
                next::offline("inject", "-f -"),
                place.report.next.kubectl("apply", &[], "-f -")
            ),
        );
    }
    Problem::new(
        "it has no serve service yet; the KubeRay operator makes it".to_owned(),
        format!(
            "see the KubeRay operator's log for {name}: {}",
            place.report.next.operator_log()
        ),
    )
}

fn of_ports(details: &Details, service: &Service, place: &Place<'_>) -> Vec<Problem> {
    let name = &service.metadata.name;
    let mut problems = Vec::new();
    let http = &details.http_options;
    let target = service.serve_port().and_then(Port::target);
    if let (Some(listens), Some(target)) = (http.port, target)
        && listens != target
    {
        problems.push(Problem::new(
            format!("service/{name} sends to port {target}, but Serve listens on {listens}"),
            reset(place, &format!("http_options: {{port: {target}}}")),
        ));
    }
    if http.is_local_only() {
        let host = http.host.as_deref().unwrap_or_default();
        problems.push(Problem::new(
            format!("Serve listens on {host} only, where service/{name} cannot reach it"),
            reset(place, "http_options: {host: 0.0.0.0}"),
        ));
    }
    problems
}

/// A serve service selects every pod of the cluster, but not on every one there is a proxy.
fn of_endpoints(
    details: &Details,
    kubernetes: &Kubernetes,
    service: &Service,
    place: &Place<'_>,
) -> Option<Problem> {
    let endpoints = kubernetes.endpoints.as_ref().ok()?;
    let name = &service.metadata.name;
    let ready: Vec<_> = endpoints.iter().filter(|endpoint| endpoint.ready).collect();
    if ready.is_empty() {
        return Some(Problem {
            what: format!("service/{name} has no ready endpoint"),
            next: place.look_at_cluster(),
        });
    }
    let answering = answering(details);
    let silent: Vec<String> = ready
        .iter()
        .filter(|endpoint| !answering.contains(endpoint.address.as_str()))
        .map(|endpoint| match &endpoint.pod {
            Some(pod) => format!("pod/{pod}"),
            None => endpoint.address.clone(),
        })
        .collect();
    if silent.is_empty() {
        return None;
    }
    let next = if details.proxy_location.as_deref() == Some("HeadOnly") {
        reset(place, "proxy_location: EveryNode")
    } else {
        "Ray starts a proxy where a replica runs: give every node one, or take idle workers away"
            .to_owned()
    };
    Some(Problem::new(
        format!(
            "{} of {} endpoints of service/{name} run no healthy proxy, and requests sent there fail: {}",
            silent.len(),
            ready.len(),
            silent.join(", ")
        ),
        next,
    ))
}
