//! A report as trees: the cluster, its applications, its proxies, its serve service.

use std::time::SystemTime;

use ray_serve_client::Details;
use ray_serve_client::state::details::{Application, Deployment, Replica};

use super::report::{Kubernetes, Report, answering};
use crate::connect;
use crate::output::{NONE, Node, Tone, UNKNOWN, age, since};

/// Running replicas of a deployment that are drawn one by one.
const RUNNING_SHOWN: usize = 8;

pub fn trees(report: &Report, now: SystemTime) -> Vec<Node> {
    let mut trees = vec![cluster(report)];
    if let Ok(details) = &report.serve {
        trees.extend(
            details
                .applications
                .iter()
                .map(|(name, found)| application(name, found, now)),
        );
        trees.push(proxies(details, report.kubernetes.as_ref()));
    }
    if let Some(kubernetes) = &report.kubernetes {
        trees.push(service(kubernetes, report.serve.as_ref().ok()));
    }
    trees
}

fn cluster(report: &Report) -> Node {
    let node = Node::new(&format!("raycluster/{}", report.name));
    let mut about = Vec::new();
    if let Some(kubernetes) = &report.kubernetes {
        let version = kubernetes.cluster.spec.ray_version.as_deref();
        about.push(format!("Ray {}", version.unwrap_or(UNKNOWN)));
        if let Some(pod) = &kubernetes.head {
            about.push(format!("head pod/{pod}"));
        }
        about.extend(
            kubernetes
                .cluster
                .owner()
                .map(|owner| format!("belongs to {owner}")),
        );
    }
    let node = match &report.serve {
        Err(_) => node.state("no answer", Tone::Bad),
        Ok(details) if !details.serve_is_running() => {
            about.push("Serve does not run".to_owned());
            node
        }
        Ok(details) => {
            about.extend(
                details
                    .target_capacity
                    .map(|capacity| format!("target capacity {capacity} %")),
            );
            node
        }
    };
    node.detail(&about.join(", "))
}

fn application(name: &str, application: &Application, now: SystemTime) -> Node {
    let mut about = vec![
        application
            .route_prefix
            .clone()
            .unwrap_or_else(|| "no route".to_owned()),
    ];
    if application.is_imperative() {
        about.push("started from Python".to_owned());
    }
    let deployed = application
        .last_deployed_time_s
        .and_then(|seconds| since(seconds, now));
    let deployed = deployed.map(|ago| format!("deployed {} ago", age(ago)));
    Node::new(&format!("application/{name}"))
        .state(&application.status, Tone::of_state(&application.status))
        .detail(&about.join(", "))
        .aging(&deployed.unwrap_or_default())
        .children(
            application
                .deployments
                .iter()
                .map(|(name, found)| deployment(name, found, now))
                .collect(),
        )
}

fn deployment(name: &str, deployment: &Deployment, now: SystemTime) -> Node {
    let running = deployment.running_replicas();
    let target = deployment
        .target_replicas()
        .map_or_else(String::new, |target| format!("/{target}"));
    let mut replicas = Vec::new();
    let (up, other): (Vec<&Replica>, Vec<&Replica>) = deployment
        .replicas
        .iter()
        .partition(|replica| replica.is_running());
    replicas.extend(other.into_iter().map(|found| replica(found, now)));
    replicas.extend(
        up.iter()
            .take(RUNNING_SHOWN)
            .map(|found| replica(found, now)),
    );
    if up.len() > RUNNING_SHOWN {
        let more = up.len() - RUNNING_SHOWN;
        replicas.push(Node::new(&format!("{more} more")).state("RUNNING", Tone::Good));
    }
    Node::new(name)
        .state(&deployment.status, Tone::of_state(&deployment.status))
        .detail(&format!("{running}{target} replicas"))
        .children(replicas)
}

fn replica(replica: &Replica, now: SystemTime) -> Node {
    let place = replica.node_ip.as_deref().map(|ip| format!("on {ip}"));
    let since = replica.start_time_s.and_then(|seconds| since(seconds, now));
    let since = since.map(|since| format!("started {} ago", age(since)));
    Node::new(replica.short_id())
        .state(&replica.state, Tone::of_state(&replica.state))
        .detail(&place.unwrap_or_default())
        .aging(&since.unwrap_or_default())
}

fn proxies(details: &Details, kubernetes: Option<&Kubernetes>) -> Node {
    let mut about = vec![format!(
        "{}/{} healthy",
        details.healthy_proxies(),
        details.proxies.len()
    )];
    about.extend(details.proxy_location.clone());
    about.extend(details.http_options.port.map(|port| format!("port {port}")));
    let proxies = details.proxies.values().map(|proxy| {
        let pod = kubernetes.and_then(|kubernetes| kubernetes.pod_at(&proxy.node_ip));
        Node::new(&proxy.node_ip)
            .state(&proxy.status, Tone::of_state(&proxy.status))
            .detail(&pod.map(|pod| format!("pod/{pod}")).unwrap_or_default())
    });
    Node::new("proxies")
        .detail(&about.join(", "))
        .children(proxies.collect())
}

fn service(kubernetes: &Kubernetes, details: Option<&Details>) -> Node {
    let unknown = |error: &connect::Error| {
        Node::new("serve service")
            .state(UNKNOWN, Tone::Moving)
            .detail(&error.to_string())
    };
    let service = match &kubernetes.service {
        Err(error) => return unknown(error),
        Ok(None) => return Node::new("serve service").state(NONE, Tone::Bad),
        Ok(Some(service)) => service,
    };
    let ports = service.numbers();
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    let node = Node::new(&format!("service/{}", service.metadata.name))
        .detail(&format!("port {}", ports.join(", ")));
    let endpoints = match &kubernetes.endpoints {
        Err(error) => return node.children(vec![unknown(error)]),
        Ok(endpoints) => endpoints,
    };
    let answering = details.map(answering);
    let endpoints = endpoints.iter().map(|endpoint| {
        let mut about: Vec<String> = Vec::new();
        about.extend(endpoint.pod.as_ref().map(|pod| format!("pod/{pod}")));
        let without_proxy = answering
            .as_ref()
            .is_some_and(|answering| !answering.contains(endpoint.address.as_str()));
        if without_proxy {
            about.push("no healthy proxy".to_owned());
        }
        let (state, tone) = match (endpoint.ready, without_proxy) {
            (false, _) => ("not ready", Tone::Moving),
            (true, true) => ("ready", Tone::Bad),
            (true, false) => ("ready", Tone::Good),
        };
        Node::new(&endpoint.address)
            .state(state, tone)
            .detail(&about.join(", "))
    });
    node.children(endpoints.collect())
}
