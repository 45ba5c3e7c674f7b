//! The connection to the API server, needed only where the webhook manages its own certificate.

use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::ConfigExt;
use kube::config::InClusterError;
use kube::{Client, Config};
use std::time::Duration;
use tower::{BoxError, ServiceBuilder};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "not in a Kubernetes pod ({0}); give --tls-cert and --tls-key to serve without Kubernetes"
    )]
    NotInCluster(InClusterError),
    #[error("cannot connect to the API server: {0}")]
    Client(kube::Error),
    #[error("cannot {verb} {object}: {reason}")]
    Call {
        verb: &'static str,
        object: String,
        reason: String,
    },
    /// Somebody else, most likely another replica, wrote between our read and our write.
    #[error("{object} was changed by somebody else")]
    Conflict { object: String },
}

impl Error {
    /// One sentence of `error`, which by itself prints its whole Status twice.
    pub fn from_call(verb: &'static str, object: String, error: &kube::Error) -> Self {
        let reason = match error {
            kube::Error::Api(status) if status.is_conflict() => return Self::Conflict { object },
            kube::Error::Api(status) if status.is_not_found() => {
                "it does not exist; `helm upgrade` of the chart makes it again".to_owned()
            }
            kube::Error::Api(status) => status.message.clone(),
            // Its words quote what was read, which may be a key.
            kube::Error::SerdeError(_) => "the answer is not what it should be".to_owned(),
            other => other.to_string(),
        };
        Self::Call {
            verb,
            object,
            reason,
        }
    }
}

/// A client with this pod's service account, and the pod's namespace.
///
/// Built by hand, not by `Client::try_default`: that one leaves Nagle's algorithm on, so that the
/// first request waits for the server's delayed acknowledgement, and repeats a refused request for
/// up to hours. Here the caller's own loop is the retry.
pub fn in_cluster_client() -> Result<(Client, String), Error> {
    let config = Config::incluster().map_err(Error::NotInCluster)?;
    let namespace = config.default_namespace.clone();
    let client = client(&config).map_err(Error::Client)?;
    Ok((client, namespace))
}

fn client(config: &Config) -> Result<Client, kube::Error> {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let connector = config.rustls_https_connector_with_connector(connector)?;
    let http = HttpClient::builder(TokioExecutor::new()).build(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .map_err(BoxError::from)
        .service(http);
    Ok(Client::new(service, config.default_namespace.clone()))
}
