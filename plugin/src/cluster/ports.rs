//! Names and numbers that the plugin shares with the operator and the webhook.

pub const SERVE_ANNOTATION: &str = "ray.io/enable-serve-service";
pub const SERVE_PORT_NAME: &str = "serve";
pub const DASHBOARD_PORT: u16 = 8265;
pub const DASHBOARD_PORT_PARAM: &str = "dashboard-port";
pub const AGENT_PORT: u16 = 52365;
pub const AGENT_PORT_PARAM: &str = "dashboard-agent-listen-port";
