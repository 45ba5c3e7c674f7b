//! Whether requests that are sent to the serve service arrive: not the same as that all is RUNNING.

use kuberay::labels::{ANNOTATION, ANNOTATION_ON};
use kuberay::ports::SERVE;
use kuberay::role::{self, Role};
use ray_serve_client::Details;

use super::problems::{Place, Problem};
use super::report::{Kubernetes, Report, answering};
use crate::connect::next;
use crate::connect::serve_service::Service;

/// All of it, for whoever has waited until everything runs.
pub fn problems(report: &Report) -> Vec<Problem> {
    let place = Place { report };
    let mut problems = Vec::new();
    if let Ok(details) = &report.serve {
        problems.extend(of_proxies(details, &place));
    }
    if let Some(kubernetes) = &report.kubernetes {
        problems.extend(of_service(report, kubernetes, &place));
    }
    problems
}

/// What can be said where nothing is wrong; nothing where it was not to be seen.
pub fn well(report: &Report) -> Option<String> {
    let details = report.serve.as_ref().ok()?;
    let kubernetes = report.kubernetes.as_ref()?;
    let service = kubernetes.service.as_ref().ok()?.as_ref()?;
    let endpoints = kubernetes.endpoints.as_ref().ok()?;
    let ready = endpoints.iter().filter(|endpoint| endpoint.ready).count();
    let (pod, routes) = report.proxy()?;
    let served = |route: &&String| details.applications.contains_key(&routes[*route]);
    let routes: Vec<&str> = routes.keys().filter(served).map(String::as_str).collect();
    let s = if routes.len() == 1 { "" } else { "s" };
    let endpoints = match ready {
        1 => "the endpoint".to_owned(),
        _ => format!("all {ready} endpoints"),
    };
    let run = if ready == 1 { "runs" } else { "run" };
    Some(format!(
        "The proxy on {pod} has the route{s} {}; {endpoints} of service/{} {run} a healthy proxy.",
        routes.join(", "),
        service.metadata.name
    ))
}

pub(super) fn of_service(
    report: &Report,
    kubernetes: &Kubernetes,
    place: &Place<'_>,
) -> Vec<Problem> {
    let service = match &kubernetes.service {
        Ok(None) => return vec![no_service(kubernetes, place)],
        Ok(Some(service)) => service,
        Err(_) => return Vec::new(),
    };
    let details = report.serve.as_ref().ok();
    let Some(details) = details.filter(|details| !details.applications.is_empty()) else {
        return Vec::new();
    };
    let mut problems = of_ports(details, kubernetes, service, place);
    problems.extend(of_endpoints(details, kubernetes, service, place));
    problems.extend(of_routes(report, details));
    problems
}

pub(super) fn of_proxies(details: &Details, place: &Place<'_>) -> Vec<Problem> {
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

fn of_ports(
    details: &Details,
    kubernetes: &Kubernetes,
    service: &Service,
    place: &Place<'_>,
) -> Vec<Problem> {
    let name = &service.metadata.name;
    let http = &details.http_options;
    let mut problems = Vec::new();
    let targets = service.targets(&kubernetes.cluster).unwrap_or_default();
    let reaches = |number: u16| targets.iter().any(|target| target.number == number);
    let grpc = details.grpc_options.listens();
    if let Some(listens) = http.port.filter(|port| !reaches(*port)) {
        // Serve's own word for gRPC's port counts for more than what a name says.
        let others = targets.iter().filter(|target| Some(target.number) != grpc);
        let others: Vec<_> = others.copied().collect();
        match role::serve_http(others.iter().copied()).map(|found| others[found].number) {
            Some(target) => problems.push(Problem::new(
                format!("service/{name} sends to port {target}, but Serve listens on {listens}"),
                reset(place, &format!("http_options: {{port: {target}}}")),
            )),
            None if targets.is_empty() => {}
            None => problems.push(Problem::new(
                format!("service/{name} has no port that sends to {listens}, where Serve listens for HTTP"),
                format!(
                    "declare port {listens} under the name {} in the head's container, or {}",
                    SERVE.name,
                    reset(place, "another http_options.port")
                ),
            )),
        }
    }
    if let Some(listens) = grpc.filter(|port| !reaches(*port)) {
        let found = targets.iter().find(|target| target.role() == Role::Grpc);
        if let Some(target) = found.map(|target| target.number) {
            problems.push(Problem::new(
                format!("service/{name} sends gRPC to port {target}, but Serve listens for it on {listens}"),
                reset(place, &format!("grpc_options: {{port: {target}}}")),
            ));
        }
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

/// A running application whose route the proxy does not have, or a proxy that does not say.
fn of_routes(report: &Report, details: &Details) -> Option<Problem> {
    let what = match report.routes.as_ref()? {
        Err(error) => format!("the proxy does not tell its routes: {error}"),
        Ok(routes) => {
            let pod = report.proxy().map(|(pod, _)| pod)?;
            let missing = details.applications.iter().filter(|(name, application)| {
                let has_route = application.route_prefix.is_some();
                let is_known = routes.values().any(|known| known == *name);
                application.is_running() && has_route && !is_known
            });
            let missing: Vec<String> = missing
                .map(|(name, _)| format!("application/{name}"))
                .collect();
            if missing.is_empty() {
                return None;
            }
            format!("the proxy on {pod} has no route for {}", missing.join(", "))
        }
    };
    Some(Problem { what, next: None })
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
        "Ray starts a proxy where a replica runs: give every worker a replica, or remove idle workers"
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
