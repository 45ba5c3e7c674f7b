//! The parts of a `RayCluster` that the rules look at, read in place.
//!
//! What the rules write to has to have the type the API server wants, or nothing is injected and
//! the API server tells the user. What they only look at is read leniently.

use std::fmt;

use json_patch::jsonptr::PointerBuf;
use serde_json::{Map, Value};

use crate::table::POD_IP_ENV;
use crate::{Reason, Warning};

pub(crate) struct Cluster<'a> {
    /// The head's `rayStartParams`: an object, or null where there is none.
    pub(crate) start_params: &'a Value,
    /// The head container's ports; none where the field is absent.
    pub(crate) ports: Option<Vec<Port<'a>>>,
    pub(crate) head_service: Vec<ServicePort<'a>>,
    /// The groups whose start params mention the pod's IP.
    pub(crate) pod_ip_groups: Vec<PodIpGroup<'a>>,
}

pub(crate) struct Port<'a> {
    /// An empty name is none.
    pub(crate) name: Option<&'a str>,
    pub(crate) number: u16,
    pub(crate) tcp: bool,
}

/// A port that the user adds to the head service.
pub(crate) struct ServicePort<'a> {
    pub(crate) name: &'a str,
    /// The number, where it is TCP: only then can it clash with one of the operator's.
    pub(crate) tcp_number: Option<u64>,
}

pub(crate) struct PodIpGroup<'a> {
    pub(crate) place: Place,
    /// The worker group's name: an update may move the group to another index.
    pub(crate) name: Option<&'a str>,
    /// Its container's variables; none where the field is absent.
    pub(crate) env: Option<&'a [Value]>,
}

/// Where a group is in the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Head,
    Worker(usize),
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
        let start_params = &head["rayStartParams"];
        if !(start_params.is_null() || start_params.is_object()) {
            return Err(malformed("headGroupSpec.rayStartParams", "an object"));
        }
        Ok(Self {
            start_params,
            ports: read_ports(container)?,
            head_service: read_head_service(head),
            pod_ip_groups: read_pod_ip_groups(spec)?,
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

impl Place {
    /// The pointer to a field of the group's Ray container.
    pub(crate) fn container_field(self, field: &str) -> PointerBuf {
        let container = ["template", "spec", "containers", "0", field];
        match self {
            Self::Head => {
                PointerBuf::from_tokens(["spec", "headGroupSpec"].into_iter().chain(container))
            }
            Self::Worker(index) => PointerBuf::from_tokens(
                ["spec", "workerGroupSpecs", &index.to_string()]
                    .into_iter()
                    .chain(container),
            ),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head => f.write_str("headGroupSpec"),
            Self::Worker(index) => write!(f, "workerGroupSpecs[{index}]"),
        }
    }
}

/// The operator runs Ray in a group's first container, whatever its name.
fn ray_container(group: &Value) -> Option<&Map<String, Value>> {
    group["template"]["spec"]["containers"]
        .get(0)
        .and_then(Value::as_object)
}

fn read_ports(container: &Map<String, Value>) -> Result<Option<Vec<Port<'_>>>, Unreadable> {
    let Some(ports) = present(container, "ports") else {
        return Ok(None);
    };
    let field = format_args!("headGroupSpec.template.spec.containers[0].ports");
    let ports = ports.as_array().ok_or_else(|| malformed(field, "a list"))?;
    ports
        .iter()
        .enumerate()
        .map(|(index, port)| {
            read_port(port).map_err(|(key, expected)| {
                malformed(
                    format_args!("headGroupSpec.template.spec.containers[0].ports[{index}]{key}"),
                    expected,
                )
            })
        })
        .collect::<Result<_, _>>()
        .map(Some)
}

fn read_port(port: &Value) -> Result<Port<'_>, (&'static str, &'static str)> {
    let port = port.as_object().ok_or(("", "an object"))?;
    let name = match present(port, "name") {
        None => None,
        Some(Value::String(name)) => Some(name.as_str()).filter(|name| !name.is_empty()),
        Some(_) => return Err((".name", "a string")),
    };
    let number = port
        .get("containerPort")
        .and_then(Value::as_u64)
        .and_then(|number| u16::try_from(number).ok())
        .filter(|number| *number != 0)
        .ok_or((".containerPort", "a port number"))?;
    Ok(Port {
        name,
        number,
        tcp: is_tcp(port),
    })
}

fn read_head_service(head: &Value) -> Vec<ServicePort<'_>> {
    head["headService"]["spec"]["ports"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .map(|port| ServicePort {
            name: port.get("name").and_then(Value::as_str).unwrap_or_default(),
            tcp_number: port
                .get("port")
                .and_then(Value::as_u64)
                .filter(|_| is_tcp(port)),
        })
        .collect()
}

fn read_pod_ip_groups(spec: &Value) -> Result<Vec<PodIpGroup<'_>>, Unreadable> {
    let workers = spec["workerGroupSpecs"].as_array().into_iter().flatten();
    let workers = workers
        .enumerate()
        .map(|(index, group)| (Place::Worker(index), group));
    std::iter::once((Place::Head, &spec["headGroupSpec"]))
        .chain(workers)
        .filter(|(_, group)| mentions_pod_ip(&group["rayStartParams"]))
        .map(|(place, group)| {
            let container = ray_container(group).ok_or_else(|| {
                malformed(
                    format_args!("{place}.template.spec.containers[0]"),
                    "a container",
                )
            })?;
            let env = match present(container, "env") {
                None => None,
                Some(Value::Array(env)) => Some(env.as_slice()),
                Some(_) => {
                    return Err(malformed(
                        format_args!("{place}.template.spec.containers[0].env"),
                        "a list",
                    ));
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

fn is_tcp(port: &Map<String, Value>) -> bool {
    present(port, "protocol").is_none_or(|protocol| protocol == "TCP")
}

/// A field's value; the API server drops a null as if it were not there.
fn present<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    object.get(key).filter(|value| !value.is_null())
}

fn malformed(field: impl fmt::Display, expected: &'static str) -> Unreadable {
    Unreadable {
        reason: Reason::Malformed,
        warning: Warning::Malformed {
            field: field.to_string(),
            expected,
        },
    }
}
