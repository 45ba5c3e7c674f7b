//! Requests to the Kubernetes API server, each with a time limit and a clear error.

use std::time::Duration;

use http::Request;
use kube::Client;
use serde::de::DeserializeOwned;

use super::connector;
use super::error::{Error, root_cause};
use super::flags::ConnectionFlags;
use super::kubeconfig;

#[derive(Clone)]
pub struct Api {
    client: Client,
    server: String,
    namespace: String,
    limit: Option<Duration>,
}

impl Api {
    pub fn connect(flags: &ConnectionFlags) -> Result<Self, Error> {
        let config = kubeconfig::load(flags)?;
        Ok(Self {
            client: connector::client(&config)?,
            server: format!("the Kubernetes API server at {}", config.cluster_url),
            namespace: config.default_namespace,
            limit: flags.request_timeout.0,
        })
    }

    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// GETs `path`; `action` completes "not allowed to …".
    pub async fn get<T: DeserializeOwned>(&self, action: &str, path: &str) -> Result<T, Error> {
        let request = Request::get(path)
            .body(Vec::new())
            .map_err(|error| Error::Unexpected {
                action: action.to_owned(),
                cause: error.to_string(),
            })?;
        self.bounded(action, self.client.request(request)).await
    }

    pub async fn bounded<T>(
        &self,
        action: &str,
        request: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, Error> {
        let result = match self.limit {
            Some(limit) => {
                tokio::time::timeout(limit, request)
                    .await
                    .map_err(|_| Error::TimedOut {
                        who: self.server.clone(),
                        limit,
                    })?
            }
            None => request.await,
        };
        result.map_err(|error| self.explain(action, error))
    }

    fn explain(&self, action: &str, error: kube::Error) -> Error {
        let action = action.to_owned();
        match error {
            kube::Error::Api(status) => match status.code {
                401 => Error::Unauthorized,
                403 => Error::Forbidden {
                    action,
                    message: reason(&status.message).to_owned(),
                },
                code => Error::Api {
                    action,
                    message: status.message,
                    code,
                },
            },
            kube::Error::Auth(_) => Error::login(error),
            kube::Error::SerdeError(cause) => Error::Unexpected {
                action,
                cause: cause.to_string(),
            },
            kube::Error::UpgradeConnection(cause) => Error::Unexpected {
                action,
                cause: cause.to_string(),
            },
            other => Error::Unreachable {
                who: self.server.clone(),
                cause: root_cause(&other),
            },
        }
    }
}

/// Of `rayclusters.ray.io "x" is forbidden: User "u" cannot get …` the part that says more than
/// our own words before it.
fn reason(message: &str) -> &str {
    message
        .split_once(" is forbidden: ")
        .map_or(message, |(_, reason)| reason)
}
