//! Which of Ray's ports can be reached from outside the Kubernetes cluster.
//!
//! Ray asks nobody who they are by default: whoever reaches its dashboard, agent, client or GCS port
//! runs code in the cluster (CVE-2023-48022). The operator copies all ports of the head container
//! into the head service, so a head service that is published takes no port along but Serve's.

use std::fmt;

use kuberay::ports::{CLIENT, DASHBOARD, DASHBOARD_AGENT, GCS_SERVER, HeadPort, OPERATOR_DEFAULTS};
use serde_json::Value;

use crate::port::{Port, ServicePort};

/// The ports that run anybody's code.
pub(crate) const DANGEROUS: [HeadPort; 4] = [DASHBOARD, CLIENT, GCS_SERVER, DASHBOARD_AGENT];

/// What opens ports to those outside the Kubernetes cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publisher {
    LoadBalancer,
    NodePort,
    ExternalIps,
    Ingress,
    HostNetwork,
    HostPort,
}

impl fmt::Display for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LoadBalancer => "LoadBalancer head service",
            Self::NodePort => "NodePort head service",
            Self::ExternalIps => "headService externalIPs",
            Self::Ingress => "enableIngress",
            Self::HostNetwork => "hostNetwork",
            Self::HostPort => "hostPort",
        })
    }
}

/// How a head is published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Exposure {
    /// All ports of the head service are published, by this.
    pub(crate) service: Option<Publisher>,
    ingress: bool,
    host_network: bool,
}

/// A value of one of the two fields for the head service's type that no head service has.
pub(crate) struct BadType<'a> {
    pub(crate) field: &'static str,
    pub(crate) value: &'a Value,
}

/// What is expected in both fields.
pub(crate) const TYPES: &str = "ClusterIP, NodePort or LoadBalancer";

impl Exposure {
    pub(crate) fn read(head: &Value) -> Result<Self, BadType<'_>> {
        let service = &head["headService"]["spec"];
        let own = service_type("headService.spec.type", &service["type"])?;
        let of_group = service_type("headGroupSpec.serviceType", &head["serviceType"])?;
        // The head service's own type comes first; the serve service always has the group's.
        let by_type = match (own, of_group) {
            (ServiceType::Published(own), _) => Some(own),
            (ServiceType::Absent, ServiceType::Published(of_group)) => Some(of_group),
            _ => None,
        };
        let external = service["externalIPs"].as_array();
        let by_address = external.is_some_and(|addresses| !addresses.is_empty());
        Ok(Self {
            service: by_type.or(by_address.then_some(Publisher::ExternalIps)),
            ingress: head["enableIngress"] == true,
            host_network: head["template"]["spec"]["hostNetwork"] == true,
        })
    }

    /// The ports of Ray's that are published, and by what, most public first.
    pub(crate) fn published(
        self,
        ports: &[Port<'_>],
        head_service: &[ServicePort<'_>],
        start_params: &Value,
    ) -> Vec<(Publisher, Vec<u16>)> {
        let dangerous = DANGEROUS.map(|port| port.number_in(start_params));
        let mut found = Vec::new();
        if let Some(publisher) = self.service {
            let declared = ports
                .iter()
                .filter(|port| dangerous.contains(&port.number))
                .map(|port| port.number);
            let users = head_service
                .iter()
                .filter(|port| port.reaches(&dangerous, &DANGEROUS))
                .filter_map(|port| port.number);
            let mut numbers: Vec<u16> = if ports.is_empty() {
                let defaults = OPERATOR_DEFAULTS.iter();
                let dangerous = defaults.filter(|port| DANGEROUS.contains(port));
                dangerous.map(|port| port.number).collect()
            } else {
                declared.collect()
            };
            numbers.extend(users);
            found.push((publisher, numbers));
        }
        if self.ingress {
            found.push((Publisher::Ingress, vec![DASHBOARD.number_in(start_params)]));
        }
        if self.host_network {
            found.push((Publisher::HostNetwork, dangerous.to_vec()));
        } else {
            let on_host = ports
                .iter()
                .filter(|port| dangerous.contains(&port.number))
                .filter_map(|port| port.on_host);
            found.push((Publisher::HostPort, on_host.collect()));
        }
        for (_, numbers) in &mut found {
            numbers.sort_unstable();
            numbers.dedup();
        }
        found.retain(|(_, numbers)| !numbers.is_empty());
        found
    }
}

/// What one of the two fields says.
enum ServiceType {
    Absent,
    Private,
    Published(Publisher),
}

fn service_type<'a>(field: &'static str, value: &'a Value) -> Result<ServiceType, BadType<'a>> {
    let text = match value {
        Value::Null => "",
        Value::String(text) => text,
        _ => return Err(BadType { field, value }),
    };
    match text {
        "" => Ok(ServiceType::Absent),
        "ClusterIP" => Ok(ServiceType::Private),
        "NodePort" => Ok(ServiceType::Published(Publisher::NodePort)),
        "LoadBalancer" => Ok(ServiceType::Published(Publisher::LoadBalancer)),
        _ => Err(BadType { field, value }),
    }
}
