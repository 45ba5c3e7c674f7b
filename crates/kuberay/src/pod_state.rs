//! Why a pod cannot take requests, from its conditions and containers.

use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod, PodStatus, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::event::Event;

/// Waiting reasons that explain nothing.
const STARTING: [&str; 2] = ["ContainerCreating", "PodInitializing"];
/// Failures after which a probe is no longer a slow start.
const OFTEN: u32 = 12;

/// A condition's status, reason and message.
pub fn condition<'a>(status: Option<&'a PodStatus>, kind: &str) -> Option<(bool, Option<&'a str>)> {
    let found = status?
        .conditions
        .as_ref()?
        .iter()
        .find(|condition| condition.type_ == kind)?;
    Some((
        found.status == "True",
        found.message.as_deref().or(found.reason.as_deref()),
    ))
}

pub fn is_ready(pod: &Pod) -> bool {
    let status = pod.status.as_ref();
    pod.metadata.deletion_timestamp.is_none()
        && status.and_then(|status| status.phase.as_deref()) == Some("Running")
        && condition(status, "Ready").is_some_and(|(met, _)| met)
}

/// Completes "pod/x …"; `events` are warnings about the pod, latest first.
pub fn why_not_ready(pod: &Pod, events: &[Event]) -> String {
    let status = pod.status.as_ref();
    let phase = status
        .and_then(|status| status.phase.as_deref())
        .unwrap_or("Pending");
    if let Some((false, Some(message))) = condition(status, "PodScheduled") {
        return format!("cannot be scheduled: {message}");
    }
    // The pod was evicted, or the node refused it.
    let ended = status.filter(|_| phase == "Failed");
    if let Some((reason, message)) =
        ended.and_then(|status| Some((status.reason.as_deref()?, status.message.as_deref())))
    {
        return format!("is {phase} ({reason}{})", after_colon(message));
    }
    if let Some(why) = containers(status).find_map(|container| of_container(container, events)) {
        return format!("is {phase}, {why}");
    }
    if phase != "Running" {
        return format!("is {phase}{}", news(events));
    }
    let Some((false, Some(message))) = condition(status, "Ready") else {
        return format!("is {phase}");
    };
    match lost_port(pod) {
        Some(why) => format!("is running and never gets ready: {why}"),
        None => format!("is running but not ready yet ({message}){}", news(events)),
    }
}

fn containers(status: Option<&PodStatus>) -> impl Iterator<Item = &ContainerStatus> {
    status.into_iter().flat_map(|status| {
        let first = status.init_container_statuses.iter().flatten();
        first.chain(status.container_statuses.iter().flatten())
    })
}

fn of_container(container: &ContainerStatus, events: &[Event]) -> Option<String> {
    let name = &container.name;
    let ended = |state: &k8s_openapi::api::core::v1::ContainerState| {
        let ended = state.terminated.as_ref()?;
        let reason = ended.reason.as_deref().filter(|reason| *reason != "Error");
        let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
        (ended.exit_code != 0).then(|| format!("ended with exit code {}{reason}", ended.exit_code))
    };
    let state = container.state.as_ref()?;
    if let Some(waiting) = &state.waiting {
        let reason = waiting.reason.as_deref().unwrap_or("waiting");
        let detail = after_colon(waiting.message.as_deref());
        let before = container.last_state.as_ref().and_then(ended);
        let before = before.map_or_else(String::new, |ended| format!(", it {ended} before"));
        let news = if waiting.message.is_none() && STARTING.contains(&reason) {
            news(events)
        } else {
            String::new()
        };
        return Some(format!(
            "container {name} is waiting ({reason}{detail}){before}{news}"
        ));
    }
    Some(format!("container {name} {}", ended(state)?))
}

/// A probe that names a port its container does not have. The kubelet cannot run it, and reports
/// that only in an event.
fn lost_port(pod: &Pod) -> Option<String> {
    let containers = &pod.spec.as_ref()?.containers;
    containers.iter().find_map(|container| {
        let probes = [
            ("startupProbe", &container.startup_probe),
            ("readinessProbe", &container.readiness_probe),
            ("livenessProbe", &container.liveness_probe),
        ];
        probes.into_iter().find_map(|(kind, probe)| {
            let port = named_port(probe.as_ref()?)?;
            let is_lost = !has_port(container, port);
            is_lost.then(|| {
                format!(
                    "the {kind} of container {} asks port \"{port}\", and no port of it has that name",
                    container.name
                )
            })
        })
    })
}

fn named_port(probe: &Probe) -> Option<&str> {
    let http = probe.http_get.as_ref().map(|http| &http.port);
    let tcp = probe.tcp_socket.as_ref().map(|tcp| &tcp.port);
    match http.or(tcp)? {
        IntOrString::String(name) if name.parse::<u16>().is_err() => Some(name),
        _ => None,
    }
}

fn has_port(container: &Container, name: &str) -> bool {
    let mut ports = container.ports.iter().flatten();
    ports.any(|port| port.name.as_deref() == Some(name))
}

/// The latest warning, unless it is about a slow start.
fn news(events: &[Event]) -> String {
    let event = events.iter().find(|event| {
        let message = event.message.as_deref().unwrap_or_default();
        event.reason.as_deref() != Some("Unhealthy")
            || message.contains("errored")
            || event.count.is_some_and(|count| count >= OFTEN)
    });
    event.map_or_else(String::new, |event| format!(": {}", event.told()))
}

fn after_colon(message: Option<&str>) -> String {
    message.map_or_else(String::new, |message| format!(": {message}"))
}
