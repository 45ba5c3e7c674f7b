//! Errors on the way to a head, a sentence each.

use std::error::Error as StdError;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use kube::client::AuthError;
use kube::config::{ExecConfig, InClusterError};
use kuberay::resource::API_VERSION;
use ray_serve_client::DialError;
use ray_serve_client::error::root_cause;
use ray_serve_client::text::seconds;
use thiserror::Error;

use super::obstacle::Obstacle;
use crate::userinfo::masked;

/// Forms of addresses, for messages.
pub(crate) const HTTP_URL: &str = "http(s)://host:port";
pub(crate) const PROXY_URL: &str = "http(s)://host:port or socks5://host:port, with special characters in user:password@ percent-encoded";

#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    #[error("no kubeconfig found at {}", paths(looked_at))]
    NoKubeconfig { looked_at: Vec<PathBuf> },
    #[error("cannot read kubeconfig {}: {problem}", file.display())]
    Kubeconfig { file: PathBuf, problem: String },
    #[error("cannot use this pod's service account: {0}")]
    InCluster(Box<InClusterError>),
    #[error("the kubeconfig has no current context{}", one_of(known))]
    NoContext { known: Vec<String> },
    #[error("the kubeconfig has no context \"{name}\"{}", one_of(known))]
    UnknownContext { name: String, known: Vec<String> },
    #[error("context \"{context}\" of the kubeconfig names no cluster")]
    NoCluster { context: String },
    #[error("groups, a UID or extras are to be impersonated, but no user")]
    NobodyToImpersonate,
    #[error("the kubeconfig has no {kind} \"{name}\"")]
    UnknownEntry { kind: &'static str, name: String },
    #[error(
        "\"{}\" is not a valid {what} address: expected {expected}",
        masked(url)
    )]
    BadUrl {
        what: &'static str,
        url: String,
        expected: &'static str,
    },
    #[error("\"{name}\" is not a name for {of}")]
    BadName { of: String, name: String },
    #[error("no PEM certificate in {from}")]
    BadCa { from: String },
    #[error("cannot read {}: {source}", file.display())]
    ReadFile {
        file: PathBuf,
        source: std::io::Error,
    },
    #[error("cannot log in to the Kubernetes API server: {0}")]
    Login(String),
    #[error("cannot log in to the Kubernetes API server: there is no credential plugin {program}")]
    NoCredentialPlugin {
        program: String,
        /// The kubeconfig's words on how to install it.
        install: Option<String>,
    },
    #[error("cannot set up TLS: {0}")]
    Tls(String),

    #[error("cannot reach {who}: {cause}")]
    Unreachable { who: String, cause: String },
    #[error("{who} did not answer within {}", seconds(*limit))]
    TimedOut { who: String, limit: Duration },
    #[error("the Kubernetes API server did not accept your credentials (401)")]
    Unauthorized,
    #[error("not allowed to {action}: {message}")]
    Forbidden { action: String, message: String },
    #[error("not allowed to port-forward to pod/{pod} in namespace {namespace}")]
    PortForwardForbidden { pod: String, namespace: String },
    #[error("the Kubernetes API server refused to {action}: {message} ({code})")]
    Api {
        action: String,
        message: String,
        code: u16,
    },
    #[error("unexpected answer of the Kubernetes API server on {action}: {cause}")]
    Unexpected { action: String, cause: String },

    #[error("raycluster/{name} not found in namespace {namespace}")]
    NotFound {
        name: String,
        namespace: String,
        /// The command for it.
        all: String,
    },
    #[error("raycluster/{name} exists in namespace {namespace} already")]
    AlreadyExists { name: String, namespace: String },
    #[error("this Kubernetes has no RayCluster resource ({API_VERSION})")]
    NoKubeRay,
    #[error(
        "raycluster/{name} in namespace {namespace} has no ready head: {}",
        obstacle.why
    )]
    HeadNotReady {
        name: String,
        namespace: String,
        obstacle: Obstacle,
    },
    #[error("rayStartParams {param} of raycluster/{name} is \"{value}\", not a port number")]
    BadPort {
        name: String,
        param: &'static str,
        value: String,
    },
    #[error("cannot read the Ray token of raycluster/{name}: {why}")]
    NoToken {
        name: String,
        why: String,
        /// Ways to a token, or to why there is none.
        next: String,
    },
    #[error(
        "nothing listens on port {port} of pod/{pod}: the Ray dashboard is still starting, or switched off"
    )]
    NotListening { pod: String, port: u16 },
    #[error("the port-forward to pod/{pod} failed: {cause}")]
    PortForward { pod: String, cause: String },
    #[error("cannot open the WebSocket of the port-forward to pod/{pod}: {cause}")]
    NoWebSocket {
        pod: String,
        cause: String,
        /// A server refused, and would refuse again.
        refused: bool,
    },
    #[error("not allowed to reach service/{service} in namespace {namespace} by --via proxy")]
    ProxyForbidden {
        service: String,
        namespace: String,
        verb: &'static str,
    },
    #[error(
        "service/{service} in namespace {namespace} has no port {port}, which --via proxy needs"
    )]
    NoServicePort {
        service: String,
        namespace: String,
        port: u16,
    },
    #[error("service/{service} in namespace {namespace} does not exist, which --via proxy needs")]
    NoService {
        service: String,
        namespace: String,
        /// The command that shows more.
        look: String,
    },
}

impl Error {
    pub(crate) fn login(error: &kube::Error) -> Self {
        let cause = match error {
            kube::Error::Auth(cause) => Some(cause),
            kube::Error::Service(cause) => cause.downcast_ref(),
            _ => None,
        };
        let Some(cause) = cause else {
            return Self::Login(root_cause(error));
        };
        Self::Login(match cause {
            AuthError::AuthExecStart(source) => {
                format!("the credential plugin did not start: {source}")
            }
            // Its message is on stderr already, or in its output; its arguments may hold secrets.
            AuthError::AuthExecRun { out, .. } => {
                let said = String::from_utf8_lossy(&out.stderr);
                match said.lines().rfind(|line| !line.trim().is_empty()) {
                    Some(line) => format!(
                        "the credential plugin failed ({}): {}",
                        out.status,
                        line.trim()
                    ),
                    None => format!("the credential plugin failed ({})", out.status),
                }
            }
            other => root_cause(other),
        })
    }

    /// Classifies the first login's error; a missing credential plugin comes with the kubeconfig's
    /// install hint.
    pub(crate) fn first_login(error: &kube::Error, plugin: Option<&ExecConfig>) -> Self {
        let (kube::Error::Auth(AuthError::AuthExecStart(cause)), Some(plugin)) = (error, plugin)
        else {
            return Self::login(error);
        };
        let program = plugin.command.as_deref().unwrap_or_default();
        if cause.kind() != ErrorKind::NotFound {
            return Self::Login(format!(
                "the credential plugin {program} did not start: {cause}"
            ));
        }
        let install = plugin.install_hint.as_deref().map(str::trim);
        Self::NoCredentialPlugin {
            program: program.to_owned(),
            install: install.filter(|hint| !hint.is_empty()).map(str::to_owned),
        }
    }

    pub(crate) fn tls(error: &kube::Error) -> Self {
        Self::Tls(root_cause(error))
    }

    /// Whether the same try may work a little later: what `--wait` waits for.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::HeadNotReady { .. }
                | Self::NotListening { .. }
                | Self::PortForward { .. }
                | Self::NoWebSocket { refused: false, .. }
                | Self::NoService { .. }
                | Self::Unreachable { .. }
                | Self::TimedOut { .. }
        ) || matches!(self, Self::Api { code, .. } if *code == 429 || *code >= 500)
    }
}

/// Whether an error in the source chain is of this kind.
pub(crate) fn caused_by<E: StdError + 'static>(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<E>() {
            return true;
        }
        next = error.source();
    }
    false
}

fn paths(paths: &[PathBuf]) -> String {
    paths
        .iter()
        .map(|path| path.display().to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

fn one_of(known: &[String]) -> String {
    if known.is_empty() {
        return String::new();
    }
    format!(" (it has {})", known.join(", "))
}

impl From<Error> for DialError {
    fn from(error: Error) -> Self {
        let may_pass = error.may_pass();
        let is_elsewhere = matches!(
            error,
            Error::NotListening { .. } | Error::NoServicePort { .. }
        );
        Self::new(error).passing(may_pass).elsewhere(is_elsewhere)
    }
}
