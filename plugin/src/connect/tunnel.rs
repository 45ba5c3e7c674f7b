//! One port of one pod as a stream, through the API server.
//!
//! Nothing listens on this machine, so its other users cannot reach the dashboard through the
//! tunnel.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::StatusCode;
use hyper_util::client::legacy::connect::{Connected, Connection};
use k8s_openapi::api::core::v1::Pod;
use kube::api::Portforwarder;
use ray_serve_client::error::root_cause;
use ray_serve_client::http::WhyClosed;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tower::BoxError;

use super::api::Api;
use super::error::Error;
use super::object_name::checked;

/// kube's reason for an answer that is not a `Status`, and so does not come from the API server.
const NO_STATUS: &str = "Failed to parse error data";
/// The API server's answer to a request that lost its `Upgrade` header on the way.
const BAD_REQUEST: u16 = 400;
/// Time for the reason of a closed stream to arrive after the closing.
const GRACE: Duration = Duration::from_millis(250);

pub struct Tunnel {
    stream: DuplexStream,
    forwarder: Portforwarder,
}

/// Tells why a tunnel ended.
pub struct Fault {
    reason: Pin<Box<dyn Future<Output = Option<String>> + Send>>,
    pod: String,
    port: u16,
}

pub async fn open(api: &Api, pod: &str, port: u16) -> Result<(Tunnel, Fault), Error> {
    let pods: kube::Api<Pod> = kube::Api::namespaced(api.client(), api.namespace());
    let pod = checked("a Pod", pod)?;
    let ports = [port];
    let forward = api.within_limit(pods.portforward(pod, &ports)).await;
    let mut forwarder = forward
        .map_err(|late| Error::NoWebSocket {
            pod: pod.to_owned(),
            cause: late.to_string(),
            refused: false,
        })?
        .map_err(|error| not_opened(api, pod, error))?;
    let (Some(stream), Some(reason)) = (forwarder.take_stream(port), forwarder.take_error(port))
    else {
        return Err(Error::PortForward {
            pod: pod.to_owned(),
            cause: "no stream for the port".to_owned(),
        });
    };
    let fault = Fault {
        reason: Box::pin(reason),
        pod: pod.to_owned(),
        port,
    };
    Ok((Tunnel { stream, forwarder }, fault))
}

fn not_opened(api: &Api, pod: &str, error: kube::Error) -> Error {
    let pod = pod.to_owned();
    match error {
        kube::Error::UpgradeConnection(cause) => Error::NoWebSocket {
            pod,
            cause: cause.to_string(),
            refused: true,
        },
        kube::Error::Api(status) if status.reason == NO_STATUS || status.code == BAD_REQUEST => {
            Error::NoWebSocket {
                pod,
                cause: StatusCode::from_u16(status.code).map_or(status.message, |code| {
                    format!("it was answered with {code}")
                }),
                refused: status.code < 500,
            }
        }
        kube::Error::Api(status) if status.code == 403 => Error::PortForwardForbidden {
            pod,
            namespace: api.namespace().to_owned(),
        },
        // The pod went between being listed and being forwarded to.
        kube::Error::Api(status) if status.code == 404 => Error::PortForward {
            pod,
            cause: status.message,
        },
        kube::Error::Service(cause) if is_cut(&cause) => Error::NoWebSocket {
            pod,
            cause: root_cause(cause.as_ref()),
            refused: false,
        },
        other => {
            let action = format!("port-forward to pod/{pod} in namespace {}", api.namespace());
            api.explain(&action, other)
        }
    }
}

/// A failed connection does not count, since the WebSocket is not to blame.
fn is_cut(cause: &BoxError) -> bool {
    let cause = cause.downcast_ref::<hyper_util::client::legacy::Error>();
    cause.is_some_and(|cause| !cause.is_connect())
}

impl Fault {
    /// The reason given by the kubelet, if it gave one.
    pub fn explain(self) -> WhyClosed {
        Box::pin(async move {
            let cause = tokio::time::timeout(GRACE, self.reason).await.ok()??;
            let Self { pod, port, .. } = self;
            let error = if cause.contains("connection refused") {
                Error::NotListening { pod, port }
            } else {
                Error::PortForward {
                    pod,
                    cause: cause.trim().to_owned(),
                }
            };
            Some(error.into())
        })
    }
}

// kube's forwarder keeps its task and WebSocket open until it is aborted.
impl Drop for Tunnel {
    fn drop(&mut self) {
        self.forwarder.abort();
    }
}

impl AsyncRead for Tunnel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Tunnel {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, data)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Connection for Tunnel {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}
