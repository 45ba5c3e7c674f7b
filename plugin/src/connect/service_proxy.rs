//! One port of a head service as plain HTTP, through the API server's proxy: no WebSocket.
//!
//! If the API server cannot reach the head, it answers in its place with a `Status`. Only that body
//! tells the two apart, because 404 or 500 may come from either, and Ray never sends a `Status`.

use http::header::{AUTHORIZATION, HeaderName};
use http::{HeaderMap, Method, StatusCode, Uri};
use kuberay::RayCluster;
use ray_serve_client::DialError;
use ray_serve_client::http::{Intermediary, Refusal, Route};
use serde::Deserialize;

use super::api::Api;
use super::error::Error;
use super::object_name::checked;
use super::obstacle::Obstacle;
use super::proxy::basic_auth;
use super::trace::{Trace, server_of};
use std::pin::Pin;
use std::sync::Arc;

/// Prefix of the proxy's message when it got no answer.
const NO_ANSWER: &str = "error trying to reach service: ";

#[derive(Clone)]
pub struct ServiceProxy {
    api: Api,
    cluster: String,
    service: String,
    /// The pod behind the service, for messages.
    pod: String,
    port: u16,
}

/// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    kind: String,
    api_version: String,
    #[serde(default)]
    message: String,
}

impl ServiceProxy {
    pub fn new(api: Api, cluster: &RayCluster, pod: String, port: u16) -> Self {
        Self {
            api,
            cluster: cluster.metadata.name.clone(),
            service: cluster.head_service(),
            pod,
            port,
        }
    }

    pub fn route(self) -> Result<Route, Error> {
        let (namespace, port) = (self.api.namespace(), self.port);
        let of = format!("a Service (of the head of raycluster/{})", self.cluster);
        let service = checked(&of, &self.service)?;
        let path = format!("/api/v1/namespaces/{namespace}/services/http:{service}:{port}/proxy");
        let route = route_below(self.api.url(), self.api.trace());
        Ok(Route {
            base_path: route.base_path + &path,
            proxy: Some(Arc::new(self)),
            ..route
        })
    }

    fn no_answer(&self, cause: &str) -> Refusal {
        // Unless the fault is known to precede the first byte, the whole request may have arrived.
        if !cause.starts_with("dial ") {
            return Refusal::Broken(cause.to_owned());
        }
        let error = if cause.contains("connection refused") {
            Error::NotListening {
                pod: self.pod.clone(),
                port: self.port,
            }
        } else {
            Error::Unreachable {
                who: format!("pod/{} from the Kubernetes API server", self.pod),
                cause: cause.to_owned(),
            }
        };
        Refusal::Unsent(error.into())
    }

    fn refused(&self, method: &Method, status: StatusCode, message: String) -> Error {
        let service = self.service.clone();
        let namespace = self.api.namespace().to_owned();
        match status {
            StatusCode::UNAUTHORIZED => Error::Unauthorized,
            StatusCode::FORBIDDEN => Error::ProxyForbidden {
                service,
                namespace,
                verb: verb(method),
            },
            StatusCode::NOT_FOUND => {
                let object = format!("raycluster/{}", self.cluster);
                Error::NoService {
                    service,
                    namespace,
                    look: self.api.next().kubectl("describe", &[&object], ""),
                }
            }
            StatusCode::SERVICE_UNAVAILABLE if message.starts_with("no service port ") => {
                Error::NoServicePort {
                    service,
                    namespace,
                    port: self.port,
                }
            }
            StatusCode::SERVICE_UNAVAILABLE if message.starts_with("no endpoints available ") => {
                Error::HeadNotReady {
                    name: self.cluster.clone(),
                    namespace,
                    obstacle: Obstacle::passing(
                        format!("service/{service} has no endpoint for port {}", self.port),
                        self.api
                            .next()
                            .kubectl("describe", &[&format!("service/{service}")], ""),
                    ),
                }
            }
            _ => Error::Api {
                action: format!("pass the request on to service/{service}"),
                message,
                code: status.as_u16(),
            },
        }
    }
}

impl Intermediary for ServiceProxy {
    fn login(&self) -> Pin<Box<dyn Future<Output = Result<HeaderMap, DialError>> + Send + '_>> {
        Box::pin(async { Ok(self.api.login().await?) })
    }

    fn refusal(&self, method: &Method, status: StatusCode, body: &[u8]) -> Option<Refusal> {
        if !status.is_client_error() && !status.is_server_error() {
            return None;
        }
        let told: Status = serde_json::from_slice(body).ok()?;
        if told.kind != "Status" || told.api_version != "v1" {
            return None;
        }
        Some(match told.message.strip_prefix(NO_ANSWER) {
            Some(cause) => self.no_answer(cause),
            None => Refusal::Unsent(self.refused(method, status, told.message).into()),
        })
    }
}

/// The way to a server whose paths begin with that of `url`, with the login that may be in it.
pub fn route_below(url: &Uri, trace: &Trace) -> Route {
    Route {
        login: basic_auth(url),
        observer: trace.observer(&server_of(url)),
        ..Route::below(url)
    }
}

/// Headers the API server consumes itself: credentials and impersonation.
pub fn is_of_the_api_server(header: &HeaderName) -> bool {
    *header == AUTHORIZATION || header.as_str().starts_with("impersonate-")
}

/// The RBAC verb that a request needs.
fn verb(method: &Method) -> &'static str {
    match *method {
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "get",
    }
}
