//! Replicas that manage their own certificate, and an API server in memory for them.
//!
//! One question is asked over and over: does the API server, with the caBundle it has at this
//! moment, trust every replica?

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt as _;
use hyper::{Method, Request, Response, StatusCode};
use kube::Client;
use ray_serve_webhook::admin::{self, Pages};
use ray_serve_webhook::certificate::ca_bundle::{Service, WebhookConfiguration};
use ray_serve_webhook::certificate::ca_secret::CaSecret;
use ray_serve_webhook::certificate::self_managed::{Error, SelfManaged, State};
use ray_serve_webhook::certificate::tls::{self, ServingCertificate};
use ray_serve_webhook::certificate::validity::Validity;
use ray_serve_webhook::metrics::Metrics;
use ray_serve_webhook::readiness::{Condition, Readiness};
use ray_serve_webhook::{kubernetes, shutdown};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConnection, RootCertStore, ServerConnection};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tower::ServiceExt as _;

const NAMESPACE: &str = "ray-serve-system";
const SECRET: &str = "ray-serve-webhook-ca";
const CONFIGURATION: &str = "ray-serve-webhook";
const SERVICE: &str = "ray-serve-webhook";
const SERVER_NAME: &str = "ray-serve-webhook.ray-serve-system.svc";

// === The API server ===

type Interruption = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// Holds the two objects, and refuses a write whose version is too old.
#[derive(Clone)]
pub(crate) struct Cluster(Arc<Mutex<Objects>>);

pub(crate) struct Objects {
    pub(crate) secret: Option<Value>,
    pub(crate) configuration: Value,
    pub(crate) version: u64,
    /// What somebody else does just before the next write of this kind arrives.
    before_write: Option<(&'static str, Interruption)>,
}

impl Cluster {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Objects {
            secret: Some(json!({
                "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
                "metadata": { "name": SECRET, "namespace": NAMESPACE, "resourceVersion": "1" },
            })),
            configuration: json!({
                "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
                "metadata": { "name": CONFIGURATION, "resourceVersion": "2", "labels": { "a": "b" } },
                "webhooks": [{
                    "name": "rayclusters.ray-serve-webhook.ray.io",
                    "admissionReviewVersions": ["v1"],
                    "sideEffects": "None",
                    "failurePolicy": "Ignore",
                    "clientConfig": { "service": { "name": SERVICE, "namespace": NAMESPACE } },
                }],
            }),
            version: 2,
            before_write: None,
        })))
    }

    pub(crate) fn edit<T>(&self, edit: impl FnOnce(&mut Objects) -> T) -> T {
        edit(&mut self.0.lock().expect("no panic before"))
    }

    pub(crate) fn before_next_write_of(&self, resource: &'static str, interruption: Interruption) {
        self.edit(|objects| objects.before_write = Some((resource, interruption)));
    }

    fn client(&self) -> Client {
        let cluster = self.clone();
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let cluster = cluster.clone();
            async move { Ok::<_, std::convert::Infallible>(cluster.answer(request).await) }
        });
        Client::new(service, NAMESPACE)
    }

    async fn answer(&self, request: Request<kube::client::Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let resource = if parts.uri.path()
            == format!("/api/v1/namespaces/{NAMESPACE}/secrets/{SECRET}")
        {
            "secrets"
        } else if parts.uri.path()
            == format!(
                "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{CONFIGURATION}"
            )
        {
            "mutatingwebhookconfigurations"
        } else {
            return status(
                StatusCode::FORBIDDEN,
                "Forbidden",
                "not in the chart's RBAC",
            );
        };
        match parts.method {
            Method::GET => self.edit(|objects| match objects.object(resource) {
                Some(object) => Response::new(Body::from(object.to_string())),
                None => status(StatusCode::NOT_FOUND, "NotFound", "not found"),
            }),
            Method::PATCH => {
                let interruption = self.edit(|objects| {
                    objects
                        .before_write
                        .take_if(|(interrupted, _)| *interrupted == resource)
                });
                if let Some((_, interrupt)) = interruption {
                    interrupt().await;
                }
                let body = body.collect().await.expect("a body").to_bytes();
                let patch: Value = serde_json::from_slice(&body).expect("JSON");
                self.edit(|objects| objects.patch(resource, patch))
            }
            _ => status(
                StatusCode::FORBIDDEN,
                "Forbidden",
                "not in the chart's RBAC",
            ),
        }
    }

    /// Puts these texts into the Secret's data.
    pub(crate) fn store(&self, entries: &[(&str, &str)]) {
        self.edit(|objects| {
            let secret = objects.secret.as_mut().expect("a secret");
            for (key, text) in entries {
                secret["data"][key] = json!(STANDARD.encode(text));
            }
        });
    }

    /// The text of one entry of the Secret's data.
    pub(crate) fn stored(&self, key: &str) -> String {
        let encoded = self.edit(|objects| {
            let secret = objects.secret.as_ref().expect("a secret");
            secret["data"][key].as_str().expect("an entry").to_owned()
        });
        String::from_utf8(STANDARD.decode(encoded).expect("base64")).expect("text")
    }

    pub(crate) fn bundle(&self) -> Vec<CertificateDer<'static>> {
        let encoded = self.edit(|objects| {
            objects.configuration["webhooks"][0]["clientConfig"]["caBundle"]
                .as_str()
                .map(str::to_owned)
        });
        let pem = STANDARD
            .decode(encoded.unwrap_or_default())
            .expect("base64");
        CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .expect("PEM")
    }
}

impl Objects {
    fn object(&mut self, resource: &str) -> Option<&mut Value> {
        match resource {
            "secrets" => self.secret.as_mut(),
            _ => Some(&mut self.configuration),
        }
    }

    fn patch(&mut self, resource: &str, mut patch: Value) -> Response<Body> {
        self.version += 1;
        let version = self.version.to_string();
        let Some(object) = self.object(resource) else {
            return status(StatusCode::NOT_FOUND, "NotFound", "not found");
        };
        if patch["metadata"]["resourceVersion"] != object["metadata"]["resourceVersion"] {
            return status(
                StatusCode::CONFLICT,
                "Conflict",
                "the object has been modified",
            );
        }
        patch["metadata"]["resourceVersion"] = json!(version);
        // What a strategic merge does to a list whose elements have names.
        if let Some(webhooks) = patch.as_object_mut().expect("an object").remove("webhooks") {
            for changed in webhooks.as_array().expect("a list") {
                object["webhooks"]
                    .as_array_mut()
                    .expect("a list")
                    .iter_mut()
                    .filter(|webhook| webhook["name"] == changed["name"])
                    .for_each(|webhook| json_patch::merge(webhook, changed));
            }
        }
        json_patch::merge(object, &patch);
        Response::new(Body::from(object.to_string()))
    }
}

fn status(code: StatusCode, reason: &str, message: &str) -> Response<Body> {
    let body = json!({
        "apiVersion": "v1", "kind": "Status", "status": "Failure",
        "code": code.as_u16(), "reason": reason, "message": message,
    });
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = code;
    response
}

// === The replicas ===

pub(crate) struct Replica {
    pub(crate) manager: SelfManaged,
    serving: Arc<ServingCertificate>,
    readiness: Arc<Readiness>,
    metrics: Arc<Metrics>,
}

impl Replica {
    pub(crate) fn of(cluster: &Cluster) -> Self {
        tls::install_crypto_provider();
        let metrics = Arc::new(Metrics::new());
        let serving = Arc::new(ServingCertificate::new(metrics.clone()));
        let readiness = Arc::new(Readiness::default());
        let client = cluster.client();
        let service = Service {
            namespace: NAMESPACE.to_owned(),
            name: SERVICE.to_owned(),
        };
        Self {
            manager: SelfManaged {
                secret: CaSecret::new(client.clone(), NAMESPACE, SECRET),
                configuration: WebhookConfiguration::new(client, CONFIGURATION, service),
                dns_names: vec![SERVER_NAME.to_owned()],
                serving: serving.clone(),
                readiness: readiness.clone(),
                metrics: metrics.clone(),
                state: State::default(),
            },
            serving,
            readiness,
            metrics,
        }
    }

    pub(crate) async fn pass(&mut self, now: OffsetDateTime) {
        self.manager.pass(now).await.expect("a pass");
    }

    /// Passes until one is not beaten by another replica.
    pub(crate) async fn settle(&mut self, now: OffsetDateTime) {
        while let Err(error) = self.manager.pass(now).await {
            let conflict = matches!(error, Error::Api(kubernetes::Error::Conflict { .. }));
            assert!(conflict, "{error}");
        }
    }

    pub(crate) async fn is_ready(&self) -> bool {
        let (_trigger, shutdown) = shutdown::channel();
        self.readiness.set(Condition::Listener);
        let (readiness, metrics) = (self.readiness.clone(), self.metrics.clone());
        let router = admin::router(Pages::of_webhook(readiness, metrics), shutdown);
        let request = Request::get("/readyz")
            .body(Body::empty())
            .expect("a request");
        router.oneshot(request).await.expect("infallible").status() == StatusCode::OK
    }

    /// A TLS handshake, with the caBundle as it is and the clock at `now`.
    pub(crate) fn is_trusted(&self, cluster: &Cluster, now: OffsetDateTime) -> bool {
        let mut roots = RootCertStore::empty();
        for root in cluster.bundle() {
            // As Go does, and so the API server; rustls asks nothing of a root but its key.
            if Validity::of(&root).expect("a certificate").holds(now) {
                roots.add(root).expect("a root certificate");
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_details(provider, Arc::new(Clock(now)))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(SERVER_NAME).expect("a name");
        let mut client = ClientConnection::new(Arc::new(config), name).expect("a client");
        let config = tls::server_config(self.serving.clone()).expect("a configuration");
        let mut server = ServerConnection::new(Arc::new(config)).expect("a server");
        while client.is_handshaking() {
            let mut wire = Vec::new();
            client.write_tls(&mut wire).expect("written");
            server.read_tls(&mut wire.as_slice()).expect("read");
            if server.process_new_packets().is_err() {
                return false;
            }
            wire.clear();
            server.write_tls(&mut wire).expect("written");
            client.read_tls(&mut wire.as_slice()).expect("read");
            if client.process_new_packets().is_err() {
                return false;
            }
        }
        true
    }
}

#[derive(Debug)]
struct Clock(OffsetDateTime);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.unix_timestamp()).ok()?;
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(
            seconds,
        )))
    }
}

pub(crate) fn start() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_800_000_000).expect("a time")
}
