//! What listens for requests to Serve, and where.

use serde::Deserialize;
use serde_json::Value;

use super::status::HEALTHY;
use crate::state::lenient;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct HttpOptions {
    #[serde(deserialize_with = "lenient::field")]
    pub host: Option<String>,
    #[serde(deserialize_with = "lenient::field")]
    pub port: Option<u16>,
    #[serde(deserialize_with = "lenient::field")]
    ssl_keyfile: Option<String>,
    #[serde(deserialize_with = "lenient::field")]
    ssl_certfile: Option<String>,
}

impl HttpOptions {
    /// Whether the proxies speak HTTPS. Ray wants both files or none (`HTTPOptions` of 2.60.0); releases
    /// without the fields know no HTTPS.
    pub fn is_https(&self) -> bool {
        self.ssl_keyfile.is_some() && self.ssl_certfile.is_some()
    }

    /// Whether Serve listens where only processes on its own node reach it.
    pub fn is_local_only(&self) -> bool {
        let host = self.host.as_deref().unwrap_or_default();
        host == "localhost" || host == "::1" || host.starts_with("127.")
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct GrpcOptions {
    #[serde(deserialize_with = "lenient::field")]
    port: Option<u16>,
    #[serde(deserialize_with = "lenient::field")]
    grpc_servicer_functions: Vec<Value>,
}

impl GrpcOptions {
    /// Where Serve listens for gRPC, which it does only for servicers that it was given.
    pub fn listens(&self) -> Option<u16> {
        self.port
            .filter(|_| !self.grpc_servicer_functions.is_empty())
    }
}

/// What listens for Serve's requests on one node.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Proxy {
    #[serde(deserialize_with = "lenient::field")]
    pub node_ip: String,
    #[serde(deserialize_with = "lenient::field")]
    pub status: String,
    #[serde(deserialize_with = "lenient::field")]
    pub log_file_path: Option<String>,
}

impl Proxy {
    pub fn is_healthy(&self) -> bool {
        self.status == HEALTHY
    }
}
