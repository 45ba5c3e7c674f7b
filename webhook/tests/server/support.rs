//! What several of the tests need: reviews to send, certificates, and TLS clients.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use ray_serve_webhook::certificate::tls::install_crypto_provider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub(crate) const UID: &str = "705ab4f5-6393-11e8-b7cc-42010a800002";

pub(crate) fn annotated_cluster() -> Value {
    json!({
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {
            "name": "test-cluster",
            "namespace": "default",
            "annotations": { "ray.io/enable-serve-service": "true" }
        },
        "spec": {
            "headGroupSpec": {
                "rayStartParams": {},
                "template": { "spec": { "containers": [{ "name": "ray-head", "image": "ray" }] } }
            }
        }
    })
}

pub(crate) fn review(operation: &str, object: &Value, old_object: &Value) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": UID,
            "kind": { "group": "ray.io", "version": "v1", "kind": "RayCluster" },
            "resource": { "group": "ray.io", "version": "v1", "resource": "rayclusters" },
            "name": "test-cluster",
            "namespace": "default",
            "operation": operation,
            "userInfo": { "username": "jane" },
            "object": object,
            "oldObject": old_object,
            "dryRun": false,
            "options": { "apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions" }
        }
    })
}

pub(crate) fn create_review() -> Vec<u8> {
    review("CREATE", &annotated_cluster(), &Value::Null)
        .to_string()
        .into_bytes()
}

pub(crate) fn request(body: impl Into<Vec<u8>>) -> Request<Body> {
    Request::post("/mutate")
        .header("content-type", "application/json")
        .body(Body::from(body.into()))
        .expect("a request")
}

/// A certificate for `localhost` that is its own authority.
pub(crate) struct SelfSigned {
    pub(crate) certificate: rcgen::Certificate,
    pub(crate) key: rcgen::KeyPair,
}

impl SelfSigned {
    pub(crate) fn new() -> Self {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        Self {
            certificate: cert,
            key: signing_key,
        }
    }
}

pub(crate) fn client_config(
    roots: impl IntoIterator<Item = CertificateDer<'static>>,
) -> ClientConfig {
    install_crypto_provider();
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root).expect("a root certificate");
    }
    ClientConfig::builder()
        .with_root_certificates(store)
        .with_no_client_auth()
}

pub(crate) async fn connect(
    address: SocketAddr,
    trusted: &SelfSigned,
    protocol: &[u8],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut config = client_config([trusted.certificate.der().clone()]);
    config.alpn_protocols = vec![protocol.to_vec()];
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config))
        .connect(name, TcpStream::connect(address).await?)
        .await
}

/// Waits for what comes by itself, and fails instead of hanging where it does not.
pub(crate) async fn eventually(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !done().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
    assert!(waited.is_ok(), "waited in vain: {what}");
}

/// One connection that requests can be sent over, one after the other.
pub(crate) enum Connection {
    Http1(hyper::client::conn::http1::SendRequest<Full<bytes::Bytes>>),
    Http2(hyper::client::conn::http2::SendRequest<Full<bytes::Bytes>>),
}

impl Connection {
    pub(crate) async fn http1(address: SocketAddr, trusted: &SelfSigned) -> Self {
        let stream = connect(address, trusted, b"http/1.1")
            .await
            .expect("a TLS connection");
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .expect("an HTTP/1.1 connection");
        tokio::spawn(connection);
        Self::Http1(sender)
    }

    pub(crate) async fn http2(address: SocketAddr, trusted: &SelfSigned) -> Self {
        let stream = connect(address, trusted, b"h2")
            .await
            .expect("a TLS connection");
        let (sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .expect("an HTTP/2 connection");
        tokio::spawn(connection);
        Self::Http2(sender)
    }

    pub(crate) async fn send(&mut self, body: Vec<u8>) -> hyper::Result<Response<Vec<u8>>> {
        self.send_as("application/json", body).await
    }

    pub(crate) async fn send_as(
        &mut self,
        content_type: &str,
        body: Vec<u8>,
    ) -> hyper::Result<Response<Vec<u8>>> {
        let request = |uri: &str| {
            Request::post(uri)
                .header("host", "localhost")
                .header("content-type", content_type)
                .body(Full::from(body.clone()))
                .expect("a request")
        };
        let response = match self {
            Self::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request("/mutate")).await?
            }
            Self::Http2(sender) => {
                sender.ready().await?;
                sender
                    .send_request(request("https://localhost/mutate"))
                    .await?
            }
        };
        let (parts, body) = response.into_parts();
        Ok(Response::from_parts(
            parts,
            body.collect().await?.to_bytes().to_vec(),
        ))
    }
}

/// `GET` over plain HTTP, as kubelet and Prometheus do it.
pub(crate) async fn get(address: SocketAddr, path: &str) -> (StatusCode, String) {
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .expect("an HTTP/1.1 connection");
    tokio::spawn(connection);
    let request = Request::get(path)
        .header("host", "localhost")
        .body(Full::<bytes::Bytes>::default())
        .expect("a request");
    let response = sender.send_request(request).await.expect("a response");
    let status = response.status();
    let body = response
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("text"))
}
