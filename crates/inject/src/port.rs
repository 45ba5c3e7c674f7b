//! The ports of the head's container and those of its service, as a `RayCluster` declares them.

use kuberay::ports::HeadPort;
use kuberay::role::Declared;
use serde_json::{Map, Value};

pub(crate) struct Port<'a> {
    /// An empty name is none.
    pub(crate) name: Option<&'a str>,
    pub(crate) number: u16,
    /// TCP where it is absent.
    pub(crate) protocol: Option<&'a str>,
    pub(crate) on_host: Option<u16>,
}

/// A port that the user adds to the head service.
pub(crate) struct ServicePort<'a> {
    pub(crate) name: &'a str,
    /// The number, where it is TCP: only then can it clash with one of the operator's.
    pub(crate) tcp_number: Option<u64>,
    pub(crate) number: Option<u16>,
    /// A number or a name; null stands for the port's own number.
    target: &'a Value,
}

impl Port<'_> {
    pub(crate) fn tcp(&self) -> bool {
        self.protocol.is_none_or(|protocol| protocol == "TCP")
    }

    pub(crate) fn declared(&self) -> Declared<'_> {
        Declared {
            name: self.name,
            number: self.number,
            protocol: self.protocol,
        }
    }
}

impl ServicePort<'_> {
    /// Whether it leads to one of these numbers, or to one of these ports by name.
    pub(crate) fn reaches(&self, numbers: &[u16], ports: &[HeadPort]) -> bool {
        match self.target {
            Value::String(name) => ports.iter().any(|port| port.name == name),
            Value::Null => self.number.is_some_and(|own| numbers.contains(&own)),
            target => port_number(target).is_some_and(|target| numbers.contains(&target)),
        }
    }
}

/// What is wrong with a port: in which field, with which value, and what is expected.
pub(crate) type BadPort<'a> = (&'static str, &'a Value, &'static str);

pub(crate) fn read_port(value: &Value) -> Result<Port<'_>, BadPort<'_>> {
    const PORT: &str = "a port number";
    let port = value
        .as_object()
        .ok_or(("", value, "{name: …, containerPort: …}"))?;
    let name = match present(port, "name") {
        None => None,
        Some(Value::String(name)) => Some(name.as_str()).filter(|name| !name.is_empty()),
        Some(other) => return Err((".name", other, "text")),
    };
    let protocol = match present(port, "protocol") {
        None => None,
        Some(Value::String(protocol)) => Some(protocol.as_str()),
        Some(other) => return Err((".protocol", other, "TCP, UDP or SCTP")),
    };
    let number = port.get("containerPort").unwrap_or(&Value::Null);
    Ok(Port {
        name,
        number: port_number(number).ok_or((".containerPort", number, PORT))?,
        protocol,
        on_host: present(port, "hostPort").and_then(port_number),
    })
}

/// The ports that the user adds to the head service.
pub(crate) fn read_head_service(head: &Value) -> Vec<ServicePort<'_>> {
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
            number: port.get("port").and_then(port_number),
            target: port.get("targetPort").unwrap_or(&Value::Null),
        })
        .collect()
}

fn port_number(value: &Value) -> Option<u16> {
    let number = u16::try_from(value.as_u64()?).ok()?;
    Some(number).filter(|number| *number != 0)
}

fn is_tcp(port: &Map<String, Value>) -> bool {
    present(port, "protocol").is_none_or(|protocol| protocol == "TCP")
}

/// A field's value; the API server drops a null as if it were not there.
pub(crate) fn present<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    object.get(key).filter(|value| !value.is_null())
}
