//! Requests to the Kubernetes API server, each with a time limit and a clear error.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, Request, Uri};
use http_body_util::LengthLimitError;
use kube::Client;
use kube::client::{AuthError, Body};
use ray_serve_client::error::root_cause;
use ray_serve_client::http::request::percent;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt;

use super::connector::{self, ANSWER_AT_MOST, Connector, Login, Stream};
use super::error::{Error, caused_by};
use super::flags::{ConnectionFlags, Via};
use super::kubeconfig;
use super::next::Next;
use super::object_name::checked_namespace;
use super::trace::Trace;
use crate::userinfo::masked;

/// Objects per page of a list.
const PAGE: u32 = 500;

/// Replaces k8s-openapi's `List`, which requires fields that are not needed here.
#[derive(Deserialize)]
struct Page<T> {
    #[serde(default)]
    metadata: PageMetadata,
    items: Vec<T>,
}

#[derive(Default, Deserialize)]
struct PageMetadata {
    #[serde(default, rename = "continue")]
    proceed: Option<String>,
}

/// The namespace or namespaces to search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    Namespace(String),
    All,
}

impl Scope {
    /// The path of a list below its API group.
    pub fn path(&self, group: &str, resource: &str) -> String {
        match self {
            Self::Namespace(name) => format!("{group}/namespaces/{name}/{resource}"),
            Self::All => format!("{group}/{resource}"),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespace(name) => write!(formatter, "namespace {name}"),
            Self::All => formatter.write_str("all namespaces"),
        }
    }
}

#[derive(Clone)]
pub struct Api {
    client: Client,
    connector: Connector,
    login: Login,
    url: Uri,
    server: String,
    namespace: String,
    limit: Option<Duration>,
    via: Via,
    next: Next,
    trace: Trace,
}

impl Api {
    pub fn connect(flags: &ConnectionFlags) -> Result<Self, Error> {
        let config = kubeconfig::load(flags)?;
        checked_namespace(&config.default_namespace)?;
        let server = connector::api_server(&config, &flags.trace)?;
        Ok(Self {
            client: server.client,
            connector: server.connector,
            login: server.login,
            server: format!(
                "the Kubernetes API server at {}",
                masked(&config.cluster_url.to_string())
            ),
            url: config.cluster_url,
            next: Next::of(flags).in_namespace(&config.default_namespace),
            namespace: config.default_namespace,
            limit: flags.request_timeout.0,
            via: flags.via,
            trace: flags.trace.clone(),
        })
    }

    /// The way to reach heads.
    pub fn via(&self) -> Via {
        self.via
    }

    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    pub fn url(&self) -> &Uri {
        &self.url
    }

    /// Opens a separate connection, for requests that are not part of its API.
    pub async fn stream(&self) -> Result<Stream, Error> {
        connector::connect(&self.connector, self.url.clone(), &self.server, self.limit).await
    }

    /// The login headers of such a request; asked for each one, since a login may be renewed.
    pub async fn login(&self) -> Result<HeaderMap, Error> {
        let headers = self.login.clone().oneshot(Request::new(Body::empty()));
        let headers = async { headers.await.map_err(kube::Error::Service) };
        self.bounded("log in", headers).await
    }

    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    pub fn in_namespace(&self, namespace: &str) -> Result<Self, Error> {
        Ok(Self {
            namespace: checked_namespace(namespace)?.to_owned(),
            next: self.next.in_namespace(namespace),
            ..self.clone()
        })
    }

    /// Builds commands for messages that go to the same cluster.
    pub fn next(&self) -> &Next {
        &self.next
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

    /// GETs every object of a list, in pages as kubectl does; `path` ends in its query.
    pub async fn list<T: DeserializeOwned>(
        &self,
        action: &str,
        path: &str,
    ) -> Result<Vec<T>, Error> {
        let mut items = Vec::new();
        let mut next = String::new();
        loop {
            let page: Page<T> = self
                .get(action, &format!("{path}&limit={PAGE}{next}"))
                .await?;
            items.extend(page.items);
            match page.metadata.proceed.filter(|token| !token.is_empty()) {
                Some(token) => next = format!("&continue={}", percent(&token)),
                None => return Ok(items),
            }
        }
    }

    pub async fn bounded<T>(
        &self,
        action: &str,
        request: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, Error> {
        let result = self.within_limit(request).await?;
        result.map_err(|error| self.explain(action, error))
    }

    pub async fn within_limit<T>(&self, request: impl Future<Output = T>) -> Result<T, Error> {
        match self.limit {
            Some(limit) => {
                tokio::time::timeout(limit, request)
                    .await
                    .map_err(|_| Error::TimedOut {
                        who: self.server.clone(),
                        limit,
                    })
            }
            None => Ok(request.await),
        }
    }

    pub fn explain(&self, action: &str, error: kube::Error) -> Error {
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
            kube::Error::Auth(_) => Error::login(&error),
            // The error of a login that could not be renewed.
            kube::Error::Service(ref cause) if cause.is::<AuthError>() => Error::login(&error),
            kube::Error::SerdeError(cause) => Error::Unexpected {
                action,
                cause: cause.to_string(),
            },
            other if caused_by::<LengthLimitError>(&other) => Error::Unexpected {
                action,
                cause: format!("it is longer than {} MiB", ANSWER_AT_MOST >> 20),
            },
            other => Error::Unreachable {
                who: self.server.clone(),
                cause: root_cause(&other),
            },
        }
    }
}

/// The part of `rayclusters.ray.io "x" is forbidden: User "u" cannot get …` that our message does
/// not already say.
fn reason(message: &str) -> &str {
    message
        .split_once(" is forbidden: ")
        .map_or(message, |(_, reason)| reason)
}
