//! The server as its users meet it: the API server, kubelet, and whoever mounts its certificate.

mod authority;
mod http;
mod lifecycle;
mod support;
mod tls;
