//! The server as its users meet it: the API server, kubelet, and whoever mounts its certificate.

mod any_body;
mod authority;
mod bounds;
mod chart_values;
mod fixtures;
mod floods;
mod http;
mod lifecycle;
mod logs;
mod memory;
mod monitoring;
mod replicas;
mod rotation;
mod running;
mod stalls;
mod support;
mod tls;
mod values;
mod wire;
mod withstand;
