//! Sockets: TCP without delay, through the user's proxy if there is one, and TLS on top.

use std::future::ready;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, Request, Response, Uri};
use http_body_util::Limited;
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ConfigExt};
use kube::{Client, Config};
use ray_serve_client::error::root_cause;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};

use super::Error;
use super::proxy::{basic_auth, unreadable};
use super::trace::Trace;

/// Upper bound for an answer of the API server, in bytes; lists come in pages.
pub const ANSWER_AT_MOST: usize = 128 << 20;

pub type Connector = BoxCloneSyncService<Uri, Stream, BoxError>;

/// Gives the login headers of a request: credentials and impersonation.
pub type Login = BoxCloneSyncService<Request<Body>, HeaderMap, BoxError>;

/// Two ways to the API server that share one login: a client of its API, and separate connections.
pub struct ApiServer {
    pub client: Client,
    pub connector: Connector,
    pub login: Login,
}

/// The client is not built by kube because its connector leaves Nagle's algorithm on: the first
/// request after the TLS handshake then waits for the server's delayed ACK, 43 ms of a 20 ms command.
pub fn api_server(config: &Config, trace: &Trace) -> Result<ApiServer, Error> {
    let plugin = config.auth_info.exec.as_ref();
    let auth = config
        .auth_layer()
        .map_err(|error| Error::first_login(&error, plugin))?;
    let headers = config
        .extra_headers_layer()
        .map_err(|error| Error::login(&error))?;
    // A login with a token has no client certificate; asking for one would run the credential
    // plugin again.
    let mut tls = config.clone();
    if auth.is_some() {
        tls.auth_info.exec = None;
    }
    let connector = connector(&tls)?;
    let http: HyperClient<_, Body> =
        HyperClient::builder(TokioExecutor::new()).build(connector.clone());
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(auth.as_ref())
        .layer(&headers)
        .map_err(BoxError::from)
        .map_response(|answer: Response<Incoming>| {
            answer.map(|body| Limited::new(body, ANSWER_AT_MOST))
        })
        .service(trace.of(http));
    let login = ServiceBuilder::new()
        .map_response(|echo: Response<()>| echo.into_parts().0.headers)
        .option_layer(auth.as_ref())
        .layer(&headers)
        .service(service_fn(|request: Request<Body>| {
            let mut echo = Response::new(());
            *echo.headers_mut() = request.into_parts().0.headers;
            ready(Ok::<_, BoxError>(echo))
        }));
    Ok(ApiServer {
        client: Client::new(service, config.default_namespace.clone()),
        connector,
        login: Login::new(login),
    })
}

/// Connects to the server at `url`, called `who` in messages.
pub async fn connect(
    connector: &Connector,
    url: Uri,
    who: &str,
    limit: Option<Duration>,
) -> Result<Stream, Error> {
    let connected = connector.clone().oneshot(url);
    let connected = match limit {
        None => connected.await,
        Some(limit) => {
            tokio::time::timeout(limit, connected)
                .await
                .map_err(|_| Error::TimedOut {
                    who: who.to_owned(),
                    limit,
                })?
        }
    };
    connected.map_err(|error| Error::Unreachable {
        who: who.to_owned(),
        cause: root_cause(error.as_ref()),
    })
}

/// Builds the connector for `config`'s proxy, trusted roots and server name.
pub fn connector(config: &Config) -> Result<Connector, Error> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(config.connect_timeout);
    let Some(proxy) = &config.proxy_url else {
        return secured(config, tcp);
    };
    match proxy.scheme_str() {
        Some("socks5" | "socks5h") => secured(config, SocksV5::new(proxy.clone(), tcp)),
        Some("http") => secured(config, tunnel(proxy, tcp)),
        Some("https") => {
            let to_proxy = config
                .rustls_https_connector_with_connector(tcp)
                .map_err(|error| Error::tls(&error))?;
            secured(config, tunnel(proxy, to_proxy))
        }
        _ => Err(unreadable("proxy", &proxy.to_string())),
    }
}

fn tunnel<C>(proxy: &Uri, connector: C) -> Tunnel<C> {
    let tunnel = Tunnel::new(proxy.clone(), connector);
    match basic_auth(proxy) {
        Some(credentials) => tunnel.with_auth(credentials),
        None => tunnel,
    }
}

fn secured<C>(config: &Config, connector: C) -> Result<Connector, Error>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Connection + Read + Write + Unpin + Send + 'static,
    C::Future: Send + 'static,
    C::Error: Into<BoxError>,
{
    // Plain HTTP must work where no roots are installed, and must not wait for them to be read.
    if config.cluster_url.scheme_str() == Some("http") {
        let plain = connector.map_response(Stream::new).map_err(Into::into);
        return Ok(BoxCloneSyncService::new(plain));
    }
    let https = config
        .rustls_https_connector_with_connector(connector)
        .map_err(|error| Error::tls(&error))?;
    Ok(BoxCloneSyncService::new(
        https.map_response(Stream::new).map_err(Into::into),
    ))
}

trait Io: Connection + Read + Write + Unpin + Send {}
impl<T: Connection + Read + Write + Unpin + Send> Io for T {}

/// Any kind of connection.
pub struct Stream(Box<dyn Io>);

impl Stream {
    pub(super) fn new(io: impl Connection + Read + Write + Unpin + Send + 'static) -> Self {
        Self(Box::new(io))
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.0.connected()
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(context, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(context, data)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write_vectored(context, parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A credential plugin may take seconds or ask for a password.
    #[tokio::test]
    async fn a_credential_plugin_runs_once() {
        let directory = tempfile::TempDir::new().unwrap();
        let log = directory.path().join("runs");
        let credential = r#"{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "t"}}"#;
        let script = format!("echo run >> {}; echo '{credential}'", log.display());
        let mut config = Config::new(Uri::from_static("https://127.0.0.1:1"));
        config.root_cert = Some(Vec::new());
        config.auth_info = serde_json::from_value(serde_json::json!({
            "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script]},
        }))
        .unwrap();
        api_server(&config, &Trace::default()).unwrap();
        assert_eq!(std::fs::read_to_string(log).unwrap(), "run\n");
    }

    #[test]
    fn a_credential_plugin_that_is_not_there_is_named_with_its_hint() {
        let login = |hint: &str| {
            let mut config = Config::new(Uri::from_static("https://127.0.0.1:1"));
            config.auth_info.exec = serde_json::from_value(serde_json::json!({
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": "no-such-login",
                "installHint": hint,
            }))
            .unwrap();
            let error = api_server(&config, &Trace::default()).err().unwrap();
            let Error::NoCredentialPlugin { install, .. } = &error else {
                panic!("{error}")
            };
            (error.to_string(), install.clone())
        };
        let fact = "cannot log in to the Kubernetes API server: there is no credential plugin no-such-login";
        assert_eq!(
            login("brew install no-such-login\n"),
            (
                fact.to_owned(),
                Some("brew install no-such-login".to_owned())
            )
        );
        assert_eq!(login(""), (fact.to_owned(), None));
    }
}
