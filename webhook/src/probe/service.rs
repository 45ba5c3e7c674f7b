//! Where on the API server's way to the webhook something is broken.
//!
//! The probe asks for a review as the API server does: at the Service the
//! `MutatingWebhookConfiguration` names, trusting its caBundle and nothing else.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ServiceReference, WebhookClientConfig,
};
use kube::{Api, Client};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::annotated_cluster;
use crate::kubernetes;

const TIMEOUT: Duration = Duration::from_secs(10);
/// What the API server takes where the configuration names no port.
const DEFAULT_PORT: i32 = 443;

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Configuration(kubernetes::Error),
    #[error("MutatingWebhookConfiguration {0} names no Service")]
    NoService(String),
    #[error(
        "MutatingWebhookConfiguration {0} has no caBundle yet: the log of the webhook's pods says why, or cert-manager's"
    )]
    NoBundle(String),
    #[error("the caBundle of MutatingWebhookConfiguration {0} holds no PEM certificate")]
    BadBundle(String),
    #[error("{service} does not answer ({cause}): are the webhook's pods ready?")]
    NotReached {
        service: String,
        cause: std::io::Error,
    },
    #[error("{0} does not answer in time: are the webhook's pods ready?")]
    Slow(String),
    #[error("the caBundle does not trust the certificate of {service} ({cause})")]
    Distrusted {
        service: String,
        cause: std::io::Error,
    },
    #[error("{service} does not speak HTTP ({cause})")]
    Http {
        service: String,
        cause: hyper::Error,
    },
    #[error("{service} answers a review with {status}")]
    Status { service: String, status: StatusCode },
    #[error("{0} answers a review without an injection: is it another version?")]
    NoPatch(String),
}

/// One clause that says what to look at.
pub(super) async fn diagnose(client: &Client, configuration: &str) -> String {
    match find(client, configuration).await {
        Err(fault) => fault.to_string(),
        Ok(webhook) => match timeout(TIMEOUT, webhook.review()).await {
            Err(_) => Fault::Slow(webhook.to_string()).to_string(),
            Ok(Err(fault)) => fault.to_string(),
            Ok(Ok(())) => format!(
                "{webhook} answers this pod well, so the API server does not reach it (a firewall between the control \
                 plane and the nodes?), or the namespace is excluded"
            ),
        },
    }
}

/// The webhook, as the API server knows it.
struct CalledService {
    name: String,
    namespace: String,
    port: i32,
    path: String,
    roots: RootCertStore,
}

impl std::fmt::Display for CalledService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "service {}/{}", self.namespace, self.name)
    }
}

async fn find(client: &Client, name: &str) -> Result<CalledService, Fault> {
    let configuration = Api::<MutatingWebhookConfiguration>::all(client.clone())
        .get(name)
        .await
        .map_err(|error| {
            let object = format!("MutatingWebhookConfiguration {name}");
            Fault::Configuration(kubernetes::Error::from_call("read", object, &error))
        })?;
    let webhook = configuration.webhooks.into_iter().flatten().next();
    registered(name, webhook.map(|webhook| webhook.client_config))
}

fn registered(name: &str, config: Option<WebhookClientConfig>) -> Result<CalledService, Fault> {
    let Some(WebhookClientConfig {
        service: Some(service),
        ca_bundle,
        ..
    }) = config
    else {
        return Err(Fault::NoService(name.to_owned()));
    };
    let Some(ByteString(bundle)) = ca_bundle.filter(|ByteString(pem)| !pem.is_empty()) else {
        return Err(Fault::NoBundle(name.to_owned()));
    };
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_slice_iter(&bundle).filter_map(Result::ok);
    if roots.add_parsable_certificates(certificates).0 == 0 {
        return Err(Fault::BadBundle(name.to_owned()));
    }
    let ServiceReference {
        name,
        namespace,
        path,
        port,
    } = service;
    Ok(CalledService {
        name,
        namespace,
        port: port.unwrap_or(DEFAULT_PORT),
        path: path.unwrap_or_else(|| "/".to_owned()),
        roots,
    })
}

impl CalledService {
    /// The API server goes to the Service's address without asking DNS; kubelet tells it to the
    /// pods of the Service's namespace.
    fn host(&self) -> String {
        let variable = format!(
            "{}_SERVICE_HOST",
            self.name.to_uppercase().replace('-', "_")
        );
        env::var(variable).unwrap_or_else(|_| self.dns_name())
    }

    fn dns_name(&self) -> String {
        format!("{}.{}.svc", self.name, self.namespace)
    }

    async fn review(&self) -> Result<(), Fault> {
        let service = || self.to_string();
        let stream = TcpStream::connect(format!("{}:{}", self.host(), self.port))
            .await
            .map_err(|cause| Fault::NotReached {
                service: service(),
                cause,
            })?;
        let config = ClientConfig::builder()
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        let name = ServerName::try_from(self.dns_name()).map_err(|error| Fault::Distrusted {
            service: service(),
            cause: std::io::Error::other(error),
        })?;
        let stream = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .map_err(|cause| Fault::Distrusted {
                service: service(),
                cause,
            })?;
        let (status, answer) = self.post(stream).await.map_err(|cause| Fault::Http {
            service: service(),
            cause,
        })?;
        if status != StatusCode::OK {
            return Err(Fault::Status {
                service: service(),
                status,
            });
        }
        if answer["response"]["patch"].is_string() {
            Ok(())
        } else {
            Err(Fault::NoPatch(service()))
        }
    }

    async fn post(
        &self,
        stream: tokio_rustls::client::TlsStream<TcpStream>,
    ) -> hyper::Result<(StatusCode, Value)> {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let review = json!({
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": { "uid": "probe", "operation": "CREATE", "object": annotated_cluster() },
        });
        let mut request = Request::new(Full::<axum::body::Bytes>::from(review.to_string()));
        *request.method_mut() = http::Method::POST;
        if let Ok(path) = self.path.parse() {
            *request.uri_mut() = path;
        }
        let headers = request.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("application/json"),
        );
        if let Ok(host) = self.dns_name().parse() {
            headers.insert(header::HOST, host);
        }
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        connection.abort();
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }
}
