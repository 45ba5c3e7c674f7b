//! The named ports of a head that can serve.
//!
//! Everything that needs one of these names or numbers reads it here.

/// A port the head container declares, so that the operator puts it into the head service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadPort {
    pub name: &'static str,
    /// The number Ray uses unless [`start_param`](Self::start_param) says otherwise.
    pub number: u16,
    /// The entry of `rayStartParams` that moves the port.
    pub start_param: Option<&'static str>,
    /// The operator finds this port by its name, so another name for the number is not enough.
    pub found_by_name: bool,
}

/// Without a port of this name the operator creates neither the serve service nor, as it stops
/// there, any pod.
pub const SERVE: HeadPort = HeadPort {
    name: "serve",
    number: 8000,
    start_param: None,
    found_by_name: true,
};
/// The operator adds `metrics` 8080 to the head service itself where no port has that name.
pub const METRICS: HeadPort = HeadPort {
    name: "metrics",
    number: 8080,
    start_param: Some("metrics-export-port"),
    found_by_name: true,
};
/// Also where Ray 2.8 and newer answer the Serve REST API.
pub const DASHBOARD: HeadPort = HeadPort {
    name: "dashboard",
    number: 8265,
    start_param: Some("dashboard-port"),
    found_by_name: true,
};
/// Where Ray before 2.8 answers the Serve REST API.
pub const DASHBOARD_AGENT: HeadPort = HeadPort {
    name: "dashboard-agent",
    number: 52365,
    start_param: Some("dashboard-agent-listen-port"),
    found_by_name: false,
};
pub const CLIENT: HeadPort = HeadPort {
    name: "client",
    number: 10001,
    start_param: Some("ray-client-server-port"),
    found_by_name: false,
};
pub const GCS_SERVER: HeadPort = HeadPort {
    name: "gcs-server",
    number: 6379,
    start_param: Some("port"),
    found_by_name: false,
};

/// The ports of a head that can serve. Where start params give two of them one number, the first
/// gets it: a head service without `serve` costs the cluster, one without `client` a convenience.
pub const HEAD_PORTS: [HeadPort; 6] = [
    SERVE,
    METRICS,
    DASHBOARD,
    DASHBOARD_AGENT,
    CLIENT,
    GCS_SERVER,
];

/// What the operator puts into the head service of a head that declares no port.
pub const OPERATOR_DEFAULTS: [HeadPort; 5] = [CLIENT, GCS_SERVER, DASHBOARD, METRICS, SERVE];

/// The protocol of every port here. Written out, since the API server would add it to the stored
/// object, and who compares that with git would see a difference for ever.
pub const PROTOCOL: &str = "TCP";

/// Ports of this prefix go into the serve service too, since operator 1.6.
pub const SERVE_PREFIX: &str = "serve-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_kubernetes_fifteen_characters() {
        assert!(HEAD_PORTS.iter().all(|port| port.name.len() <= 15));
    }
}
