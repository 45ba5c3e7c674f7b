//! A Ray dashboard at a plain address: `--address`.

use std::time::Duration;

use http::Uri;
use kube::Config;
use kube::config::Cluster;
use ray_serve_client::http::{Dialed, Route, Stream};
use secrecy::SecretString;

use super::connector::{self, Connector};
use super::error::{Error, HTTP_URL};
use super::flags::ConnectionFlags;
use super::kubeconfig;
use super::next::Next;
use super::proxy;
use super::service_proxy::route_below;
use super::token::OwnToken;
use super::trace::Trace;
use crate::userinfo::masked;

#[derive(Clone)]
pub struct Address {
    url: Uri,
    connector: Connector,
    token: Option<SecretString>,
    limit: Option<Duration>,
    next: Next,
    trace: Trace,
}

impl Address {
    pub fn new(flags: &ConnectionFlags, address: &str) -> Result<Self, Error> {
        let bad = || Error::BadUrl {
            what: "dashboard",
            url: address.to_owned(),
            expected: HTTP_URL,
        };
        let with_scheme = if address.contains("://") {
            address.to_owned()
        } else {
            format!("http://{address}")
        };
        let url: Uri = with_scheme.parse().map_err(|_| bad())?;
        if !matches!(url.scheme_str(), Some("http" | "https"))
            || url.host().is_none_or(str::is_empty)
        {
            return Err(bad());
        }
        let mut config = Config::new(url.clone());
        config.root_cert = kubeconfig::root_certificates(&Cluster {
            certificate_authority: flags
                .certificate_authority
                .as_ref()
                .map(|file| file.display().to_string()),
            ..Cluster::default()
        })?;
        config.accept_invalid_certs = flags.insecure_skip_tls_verify.unwrap_or(false);
        config.tls_server_name.clone_from(&flags.tls_server_name);
        config.proxy_url = proxy::between_here_and(&url)?;
        Ok(Self {
            connector: connector::connector(&config)?,
            token: OwnToken::Sent.from_environment(),
            limit: flags.request_timeout.0,
            next: Next::of(flags),
            trace: flags.trace.clone(),
            url,
        })
    }

    pub async fn open(&self) -> Result<Dialed, Error> {
        let route = route_below(&self.url, &self.trace);
        self.connect(self.url.clone(), &self.describe(), route)
            .await
    }

    /// Another port of the same host, without the path of the address.
    pub async fn open_at(&self, port: u16) -> Result<Dialed, Error> {
        let url = format!("http://{}/", self.authority_at(port));
        let url: Uri = url.parse().map_err(|_| Error::BadUrl {
            what: "Serve",
            url,
            expected: HTTP_URL,
        })?;
        let route = route_below(&url, &self.trace);
        self.connect(url, &self.describe_at(port), route).await
    }

    async fn connect(&self, url: Uri, who: &str, route: Route) -> Result<Dialed, Error> {
        let stream = connector::connect(&self.connector, url, who, self.limit).await?;
        Ok(Dialed {
            stream: Stream::new(stream),
            route,
            why_closed: None,
        })
    }

    pub fn token(&self) -> Option<&SecretString> {
        self.token.as_ref()
    }

    pub fn next(&self) -> &Next {
        &self.next
    }

    pub fn base_path(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }

    pub fn describe(&self) -> String {
        format!("the Ray dashboard at {}", masked(&self.url.to_string()))
    }

    pub fn describe_at(&self, port: u16) -> String {
        format!("Serve at {}", self.authority_at(port))
    }

    fn authority_at(&self, port: u16) -> String {
        format!("{}:{port}", self.url.host().unwrap_or_default())
    }
}
