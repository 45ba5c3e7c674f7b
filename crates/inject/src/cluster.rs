//! The parts of a `RayCluster` that the rules look at, read in place.
//!
//! What the rules write to has to have the type the API server wants, or nothing is injected and
//! the API server tells the user. What they only look at is read leniently.

use std::fmt;

use kuberay::start_params::POD_IP_ENV;
use serde_json::{Map, Value};

use crate::drain::{Drain, HeadLabel};
use crate::exposure::{self, Exposure};
use crate::place::{Place, groups, ray_container};
use crate::port::{Port, ServicePort, present, read_head_service, read_port};
use crate::text::found;
use crate::warning::Short;
use crate::{Reason, Warning};

pub(crate) struct Cluster<'a> {
    /// The head's `rayStartParams`: an object, or null where there is none.
    pub(crate) start_params: &'a Value,
    /// The `rayStartParams` of each worker group that has some.
    pub(crate) worker_start_params: Vec<(Place, &'a Map<String, Value>)>,
    pub(crate) has_workers: bool,
    /// The head's Ray container.
    pub(crate) container: &'a Map<String, Value>,
    /// The head container's ports; none where the field is absent.
    pub(crate) ports: Option<Vec<Port<'a>>>,
    pub(crate) head_service: Vec<ServicePort<'a>>,
    pub(crate) exposure: Exposure,
    /// The groups whose start params mention the pod's IP.
    pub(crate) pod_ip_groups: Vec<PodIpGroup<'a>>,
    pub(crate) drain: Drain<'a>,
    pub(crate) head_label: HeadLabel<'a>,
}

pub(crate) struct PodIpGroup<'a> {
    pub(crate) place: Place,
    /// The worker group's name: an update may move the group to another index.
    pub(crate) name: Option<&'a str>,
    /// Its container's variables; none where the field is absent.
    pub(crate) env: Option<&'a [Value]>,
}

/// Why nothing can be injected.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) reason: Reason,
    pub(crate) warning: Warning,
}

impl<'a> Cluster<'a> {
    pub(crate) fn read(object: &'a Value) -> Result<Self, Unreadable> {
        let spec = &object["spec"];
        let head = &spec["headGroupSpec"];
        let container = ray_container(head).ok_or(Unreadable {
            reason: Reason::NoHeadContainer,
            warning: Warning::NoHeadContainer,
        })?;
        let exposure =
            Exposure::read(head).map_err(|bad| malformed(bad.field, bad.value, exposure::TYPES))?;
        let workers = spec["workerGroupSpecs"].as_array();
        let mut worker_start_params = Vec::new();
        read_start_params(Place::Head, head)?;
        for (index, group) in workers.into_iter().flatten().enumerate() {
            let place = Place::Worker(index);
            let params = read_start_params(place, group)?;
            worker_start_params.extend(params.map(|params| (place, params)));
        }
        Ok(Self {
            start_params: &head["rayStartParams"],
            worker_start_params,
            has_workers: workers.is_some_and(|groups| !groups.is_empty()),
            container,
            ports: read_ports(container)?,
            head_service: read_head_service(head),
            exposure,
            pod_ip_groups: read_pod_ip_groups(spec)?,
            drain: Drain::read(object),
            head_label: HeadLabel::read(head),
        })
    }

    pub(crate) fn declares(&self, name: &str, number: u16) -> bool {
        self.ports.as_ref().is_some_and(|ports| {
            ports
                .iter()
                .any(|port| port.name == Some(name) && port.number == number)
        })
    }
}

impl PodIpGroup<'_> {
    pub(crate) fn has_pod_ip(&self) -> bool {
        self.env
            .is_some_and(|env| env.iter().any(|variable| variable["name"] == POD_IP_ENV))
    }
}

/// The group's `rayStartParams`, of which each value has to mean a text.
fn read_start_params(
    place: Place,
    group: &Value,
) -> Result<Option<&Map<String, Value>>, Unreadable> {
    let params = match &group["rayStartParams"] {
        Value::Null => return Ok(None),
        Value::Object(params) => params,
        other => {
            let field = format_args!("{place}.rayStartParams");
            return Err(malformed(field, other, "an object"));
        }
    };
    let no_text = |value: &Value| value.is_array() || value.is_object();
    match params.iter().find(|(_, value)| no_text(value)) {
        None => Ok(Some(params)),
        Some((name, value)) => {
            let field = format_args!("{place}.rayStartParams.{}", Short(name));
            Err(malformed(field, value, "text"))
        }
    }
}

fn read_ports(container: &Map<String, Value>) -> Result<Option<Vec<Port<'_>>>, Unreadable> {
    let Some(ports) = present(container, "ports") else {
        return Ok(None);
    };
    let ports = ports
        .as_array()
        .ok_or_else(|| malformed("head container's ports", ports, "a list"))?;
    ports
        .iter()
        .enumerate()
        .map(|(index, port)| {
            read_port(port).map_err(|(key, value, expected)| {
                let field = format_args!("head container's ports[{index}]{key}");
                malformed(field, value, expected)
            })
        })
        .collect::<Result<_, _>>()
        .map(Some)
}

fn read_pod_ip_groups(spec: &Value) -> Result<Vec<PodIpGroup<'_>>, Unreadable> {
    groups(spec)
        .filter(|(_, group)| mentions_pod_ip(&group["rayStartParams"]))
        .map(|(place, group)| {
            let container = ray_container(group).ok_or_else(|| {
                let containers = &group["template"]["spec"]["containers"];
                let first = containers.get(0).unwrap_or(containers);
                let field = format_args!("{place}.template.spec.containers[0]");
                malformed(field, first, "a container")
            })?;
            let env = match present(container, "env") {
                None => None,
                Some(Value::Array(env)) => Some(env.as_slice()),
                Some(other) => {
                    let field = format_args!("{place}.template.spec.containers[0].env");
                    return Err(malformed(field, other, "a list"));
                }
            };
            Ok(PodIpGroup {
                place,
                name: group["groupName"].as_str(),
                env,
            })
        })
        .collect()
}

fn mentions_pod_ip(start_params: &Value) -> bool {
    start_params.as_object().is_some_and(|params| {
        params
            .values()
            .filter_map(Value::as_str)
            .any(|value| expands(value, POD_IP_ENV))
    })
}

/// Whether the shell (`$NAME`, `${NAME}`) or Kubernetes (`$(NAME)`) replaces the variable in `text`.
fn expands(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        before.ends_with("${")
            || (before.ends_with("$(") && after.starts_with(')'))
            || (before.ends_with('$')
                && !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
    })
}

fn malformed(field: impl fmt::Display, value: &Value, expected: &'static str) -> Unreadable {
    Unreadable {
        reason: Reason::Malformed,
        warning: Warning::Malformed {
            field: field.to_string(),
            found: found(value),
            expected,
        },
    }
}
