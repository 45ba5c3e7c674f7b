//! What a head that can serve has: its named ports, its start params, and the words for asking.
//!
//! Everything that needs one of these names or numbers reads it here.

use serde_json::Value;

use crate::start_param;

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

/// An entry of the head's `rayStartParams`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartParam {
    pub name: &'static str,
    pub value: &'static str,
}

pub const DASHBOARD_HOST: StartParam = StartParam {
    name: "dashboard-host",
    value: "0.0.0.0",
};

/// The start params of a head that can serve.
pub const START_PARAMS: [StartParam; 3] = [
    DASHBOARD_HOST,
    StartParam {
        name: "dashboard-agent-listen-port",
        value: "52365",
    },
    StartParam {
        name: "metrics-export-port",
        value: "8080",
    },
];

/// The variable that `rayStartParams` such as `node-ip-address: $MY_POD_IP` count on.
pub const POD_IP_ENV: &str = "MY_POD_IP";

impl HeadPort {
    /// The number this port has under these `rayStartParams`; a value that is no port moves nothing.
    pub fn number_in(&self, ray_start_params: &Value) -> u16 {
        self.start_param
            .and_then(|name| ray_start_params.get(name))
            .and_then(start_param::meant)
            .and_then(|text| port_number(&text))
            .unwrap_or(self.number)
    }
}

/// Reads a port as Ray's command line does, which takes spaces around a number.
pub fn port_number(text: &str) -> Option<u16> {
    text.trim().parse().ok().filter(|number| *number != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_params_and_ports_agree_on_the_numbers() {
        for param in START_PARAMS {
            if let Some(port) = HEAD_PORTS
                .iter()
                .find(|port| port.start_param == Some(param.name))
            {
                assert_eq!(param.value, port.number.to_string(), "{}", param.name);
            }
        }
    }

    #[test]
    fn names_fit_kubernetes_fifteen_characters() {
        assert!(HEAD_PORTS.iter().all(|port| port.name.len() <= 15));
    }

    #[test]
    fn a_start_param_moves_a_port_only_when_it_is_a_port() {
        for (value, number) in [
            ("9265", 9265),
            ("0", 8265),
            ("65536", 8265),
            ("-1", 8265),
            ("8265 ", 8265),
            ("", 8265),
        ] {
            let params = serde_json::json!({ "dashboard-port": value });
            assert_eq!(DASHBOARD.number_in(&params), number, "{value:?}");
        }
        let without_quotes = serde_json::json!({ "dashboard-port": 8266 });
        assert_eq!(DASHBOARD.number_in(&without_quotes), 8266);
        assert_eq!(DASHBOARD.number_in(&Value::Null), 8265);
        assert_eq!(SERVE.number_in(&Value::Null), 8000);
    }
}
