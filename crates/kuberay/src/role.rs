//! What a port is for, judged by its name, number and protocol.
//!
//! The one place that decides which of several ports carries Serve's HTTP: for the ports of a head
//! container in the injection, and for the ports of a serve service in the plugin. The position of a
//! port says nothing: the operator puts the ports of a Service into any order. A `serve-` prefix says
//! only that the port goes into the serve service (since operator 1.6).
//!
//! Where the Serve config is known, its `http_options.port` and `grpc_options.port` know better.

use crate::ports::{HEAD_PORTS, SERVE, SERVE_PREFIX};

/// The port that Serve's gRPC proxy listens on unless `grpc_options.port` says otherwise.
pub const GRPC_NUMBER: u16 = 9000;

/// What a port is for, as far as Serve is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Http,
    Grpc,
    Metrics,
    /// Another of Ray's ports, another protocol than TCP, or a name that says nothing of Serve.
    Other,
}

/// A port as it is declared: in a container, or in a Service with the number that it targets.
#[derive(Debug, Clone, Copy)]
pub struct Declared<'a> {
    pub name: Option<&'a str>,
    pub number: u16,
    /// TCP where it is absent.
    pub protocol: Option<&'a str>,
}

impl Declared<'_> {
    pub fn role(self) -> Role {
        let name = self.name.unwrap_or_default();
        if self.protocol.is_some_and(|protocol| protocol != "TCP") {
            return Role::Other;
        }
        if name == SERVE.name {
            return Role::Http;
        }
        let lower = name.to_ascii_lowercase();
        if lower.contains("grpc") {
            return Role::Grpc;
        }
        if words(name).any(|word| is_of_metrics(&word)) {
            return Role::Metrics;
        }
        let is_rays = |name: &str| HEAD_PORTS.iter().any(|port| port.name == name);
        let is_rays_number = || {
            let mut others = HEAD_PORTS.iter().filter(|port| **port != SERVE);
            others.any(|port| port.number == self.number)
        };
        if self.number == SERVE.number && !is_rays(name) {
            return Role::Http;
        }
        if lower.contains("http") && !is_rays_number() {
            return Role::Http;
        }
        if name.starts_with(SERVE_PREFIX) && self.number == GRPC_NUMBER {
            return Role::Grpc;
        }
        Role::Other
    }

    /// Whether the port looks as if its author meant it for Serve's HTTP, whatever the operator
    /// makes of its name: `ray-serve` 8001, `http` 8001, `Serve` 9001.
    pub fn looks_like_http(self) -> bool {
        let is_tcp = self.protocol.is_none_or(|protocol| protocol == "TCP");
        match self.role() {
            Role::Http => true,
            Role::Other => {
                is_tcp && words(self.name.unwrap_or_default()).any(|word| is_of_serve(&word))
            }
            Role::Grpc | Role::Metrics => false,
        }
    }

    /// How sure it is that Serve's HTTP is here: the port named `serve` before one that says http
    /// before one with Serve's number before one that may be it. None where it is something else.
    fn rank(self) -> Option<u8> {
        let name = self.name.unwrap_or_default();
        match self.role() {
            Role::Http if name == SERVE.name => Some(0),
            Role::Http if name.to_ascii_lowercase().contains("http") => Some(1),
            Role::Http => Some(2),
            Role::Other if self.looks_like_http() => Some(3),
            _ => None,
        }
    }
}

/// The index of the port that carries Serve's HTTP among those of one service or container, whatever
/// their order. None where none can be it.
pub fn serve_http<'a>(ports: impl IntoIterator<Item = Declared<'a>>) -> Option<usize> {
    let ranked = ports
        .into_iter()
        .enumerate()
        .filter_map(|(index, port)| Some((port.rank()?, index)));
    ranked.min().map(|(_, index)| index)
}

fn words(name: &str) -> impl Iterator<Item = String> {
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .map(str::to_ascii_lowercase)
}

/// `serve`, `rayserve`, `serve1`, `serving`; a `server` is anything.
fn is_of_serve(word: &str) -> bool {
    let word = word.strip_prefix("ray").unwrap_or(word);
    (word.starts_with(SERVE.name) && !word.starts_with("server")) || word.starts_with("serving")
}

fn is_of_metrics(word: &str) -> bool {
    matches!(word, "metric" | "metrics" | "prom" | "exporter") || word.starts_with("prometheus")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(name: &str, number: u16) -> Declared<'_> {
        Declared {
            name: Some(name).filter(|name| !name.is_empty()),
            number,
            protocol: None,
        }
    }

    #[test]
    fn name_number_and_protocol_decide() {
        use Role::{Grpc, Http, Metrics, Other};
        for (name, number, role) in [
            ("serve", 8000, Http),
            ("serve", 9000, Http),
            ("serve-http", 8001, Http),
            ("serve-https", 8443, Http),
            ("http-serve", 9001, Http),
            ("serve-api", 8000, Http),
            ("serve-api", 8001, Other),
            ("", 8000, Http),
            ("container-port", 8000, Http),
            ("http", 8001, Http),
            ("serve-grpc", 9000, Grpc),
            ("serve-grpc", 8000, Grpc),
            ("grpc", 9000, Grpc),
            ("serve-x", 9000, Grpc),
            ("x", 9000, Other),
            ("serve-metrics", 9091, Metrics),
            ("serve-metrics", 8000, Metrics),
            ("metrics", 8080, Metrics),
            ("prom", 8080, Metrics),
            ("prompts", 8000, Http),
            ("http-metrics", 9090, Metrics),
            ("dashboard", 8265, Other),
            ("http", 8265, Other),
            ("dashboard", 8000, Other),
            ("ray-serve", 8001, Other),
            ("", 8001, Other),
        ] {
            assert_eq!(port(name, number).role(), role, "{name} {number}");
        }
        for protocol in ["UDP", "SCTP"] {
            for name in ["serve", "serve-http", ""] {
                let udp = Declared {
                    protocol: Some(protocol),
                    ..port(name, 8000)
                };
                assert_eq!(udp.role(), Other, "{name}");
                assert!(!udp.looks_like_http(), "{name}");
            }
        }
    }

    #[test]
    fn a_port_may_look_meant_for_serve_without_being_found() {
        for name in [
            "ray-serve",
            "rayserve",
            "Serve",
            "http",
            "serve-api",
            "ray-serving",
        ] {
            assert!(port(name, 8001).looks_like_http(), "{name}");
        }
        for (name, number) in [
            ("serve-grpc", 9000),
            ("serve-metrics", 9091),
            ("gcs-server", 6380),
            ("client-server", 10002),
            ("observer", 9001),
            ("dashboard", 8265),
            ("http", 8265),
            ("ssh", 22),
            ("", 8001),
        ] {
            assert!(!port(name, number).looks_like_http(), "{name}");
        }
    }

    #[test]
    fn the_order_of_the_ports_says_nothing() {
        let named = |ports: &[(&'static str, u16)]| {
            let found = serve_http(ports.iter().map(|(name, number)| port(name, *number)));
            found.map(|index| ports[index].0)
        };
        for (ports, http) in [
            (
                &[("serve-grpc", 9000), ("serve-http", 8000)][..],
                Some("serve-http"),
            ),
            (&[("serve-http", 8001), ("serve", 9001)], Some("serve")),
            (&[("serve-api", 8001), ("web", 8000)], Some("web")),
            (
                &[("serve-metrics", 9091), ("serve-api", 8001)],
                Some("serve-api"),
            ),
            (&[("serve-grpc", 9000), ("serve-metrics", 9091)], None),
            (&[], None),
        ] {
            assert_eq!(named(ports), http, "{ports:?}");
            let reversed: Vec<_> = ports.iter().rev().copied().collect();
            assert_eq!(named(&reversed), http, "{reversed:?}");
        }
    }
}
