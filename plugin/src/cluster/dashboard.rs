//! A Ray dashboard as something streams can be opened to: a cluster's head, or a plain address.

use std::time::Duration;

use http::Uri;
use http::uri::Authority;
use hyper_util::rt::TokioIo;
use kube::Config;
use kube::config::Cluster;
use secrecy::SecretString;
use tower::ServiceExt;

use super::api::Api;
use super::connector::{self, Connector, Stream};
use super::error::{Error, root_cause};
use super::flags::ConnectionFlags;
use super::head::{self, Pods};
use super::kubeconfig;
use super::raycluster::{ClusterName, RayCluster};
use super::token;
use super::tunnel::{self, Fault};

pub enum Dashboard {
    Head(Box<Head>),
    Address(Box<Address>),
}

/// The head of a `RayCluster`; the pod is looked up when a stream is opened and it is not known.
pub struct Head {
    api: Api,
    name: ClusterName,
    on_agent_port: bool,
    found: Option<Found>,
}

struct Found {
    cluster: RayCluster,
    pod: String,
    token: Option<SecretString>,
}

pub struct Address {
    url: Uri,
    connector: Connector,
    token: Option<SecretString>,
    limit: Option<Duration>,
}

/// A fresh stream, and what can tell why it ended.
pub struct Opened {
    pub stream: Stream,
    pub fault: Option<Fault>,
}

impl Dashboard {
    pub fn new(flags: &ConnectionFlags, name: &ClusterName) -> Result<Self, Error> {
        if let Some(address) = &flags.address {
            return Ok(Self::Address(Box::new(Address::new(flags, address)?)));
        }
        Ok(Self::through(Api::connect(flags)?, name))
    }

    pub fn through(api: Api, name: &ClusterName) -> Self {
        Self::Head(Box::new(Head {
            api,
            name: name.clone(),
            on_agent_port: false,
            found: None,
        }))
    }

    /// Of a cluster that was looked up together with many others.
    pub async fn known(api: Api, cluster: RayCluster, pods: &Pods) -> Result<Self, Error> {
        let name = ClusterName::of(&cluster);
        let found = Found::new(&api, cluster, pods).await?;
        Ok(Self::Head(Box::new(Head {
            api,
            name,
            on_agent_port: false,
            found: Some(found),
        })))
    }

    pub async fn open(&mut self) -> Result<Opened, Error> {
        match self {
            Self::Head(head) => head.open().await,
            Self::Address(address) => address.open().await,
        }
    }

    /// A stream to another port of the head, or of the machine that the address names.
    pub async fn open_at(&mut self, port: u16) -> Result<Opened, Error> {
        let who = self.describe_at(port);
        let authority = self.authority_at(port);
        match self {
            Self::Head(head) => head.open_at(port).await,
            Self::Address(address) => {
                let url = format!("http://{authority}/");
                let url = url
                    .parse()
                    .map_err(|_| Error::BadUrl { what: "Serve", url })?;
                address.connect(url, who).await
            }
        }
    }

    pub fn describe_at(&self, port: u16) -> String {
        match self {
            Self::Address(_) => format!("Serve at {}", self.authority_at(port)),
            Self::Head(head) => format!("Serve on raycluster/{}", head.name),
        }
    }

    /// For the Host header there.
    pub fn authority_at(&self, port: u16) -> String {
        format!("{}:{port}", self.authority().host())
    }

    /// Looks for the head now, so that a missing cluster is told before anything else happens.
    pub async fn find(&mut self) -> Result<Option<&RayCluster>, Error> {
        match self {
            Self::Head(head) => Ok(Some(&head.find().await?.cluster)),
            Self::Address(_) => Ok(None),
        }
    }

    /// The head's pod, once it was looked up.
    pub fn pod(&self) -> Option<&str> {
        match self {
            Self::Head(head) => Some(&head.found.as_ref()?.pod),
            Self::Address(_) => None,
        }
    }

    /// After a stream that broke or did not open: the head may be another pod by now.
    pub fn forget(&mut self) {
        if let Self::Head(head) = self {
            head.found = None;
        }
    }

    /// Ray before 2.8 has the Serve REST API on the dashboard agent's port only.
    /// Gives whether there is such a port that was not tried yet.
    pub fn try_agent_port(&mut self) -> bool {
        match self {
            Self::Head(head) => !std::mem::replace(&mut head.on_agent_port, true),
            Self::Address(_) => false,
        }
    }

    pub fn token(&self) -> Option<&SecretString> {
        match self {
            Self::Head(head) => head.found.as_ref()?.token.as_ref(),
            Self::Address(address) => address.token.as_ref(),
        }
    }

    /// For the Host header, which Ray does not look at but a proxy in between may.
    pub fn authority(&self) -> Authority {
        match self {
            Self::Address(address) => address.url.authority().cloned(),
            Self::Head(_) => None,
        }
        .unwrap_or_else(|| Authority::from_static("localhost"))
    }

    /// A path below which a reverse proxy may have put the dashboard.
    pub fn base_path(&self) -> &str {
        match self {
            Self::Address(address) => address.url.path().trim_end_matches('/'),
            Self::Head(_) => "",
        }
    }

    pub fn describe(&self) -> String {
        match self {
            Self::Address(address) => format!("the Ray dashboard at {}", address.url),
            Self::Head(head) => format!("the head of raycluster/{}", head.name),
        }
    }
}

impl Head {
    async fn open(&mut self) -> Result<Opened, Error> {
        let on_agent_port = self.on_agent_port;
        let found = self.find().await?;
        let pod = found.pod.clone();
        let port = if on_agent_port {
            found.cluster.agent_port()?
        } else {
            found.cluster.dashboard_port()?
        };
        self.tunnel(&pod, port).await
    }

    async fn open_at(&mut self, port: u16) -> Result<Opened, Error> {
        let pod = self.find().await?.pod.clone();
        self.tunnel(&pod, port).await
    }

    async fn tunnel(&self, pod: &str, port: u16) -> Result<Opened, Error> {
        let (tunnel, fault) = tunnel::open(&self.api, pod, port).await?;
        Ok(Opened {
            stream: Stream::new(TokioIo::new(tunnel)),
            fault: Some(fault),
        })
    }

    async fn find(&mut self) -> Result<&Found, Error> {
        if self.found.is_none() {
            self.found = Some(self.look_up().await?);
        }
        self.found.as_ref().ok_or(Error::NoKubeRay)
    }

    async fn look_up(&self) -> Result<Found, Error> {
        // Side by side: neither needs the other's answer, and the second connection that this
        // opens is the one the tunnel is then made of.
        let (cluster, pods) = tokio::join!(
            RayCluster::get(&self.api, &self.name),
            Pods::of_head(&self.api, &self.name)
        );
        Found::new(&self.api, cluster?, &pods?).await
    }
}

impl Found {
    async fn new(api: &Api, cluster: RayCluster, pods: &Pods) -> Result<Self, Error> {
        let pod = head::choose(&cluster, pods)?;
        let token = token::of(api, &cluster).await?;
        Ok(Self {
            cluster,
            pod,
            token,
        })
    }
}

impl Address {
    fn new(flags: &ConnectionFlags, address: &str) -> Result<Self, Error> {
        let bad = || Error::BadUrl {
            what: "dashboard",
            url: address.to_owned(),
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
        config.proxy_url = connector::proxy_for(&url);
        Ok(Self {
            connector: connector::connector(&config)?,
            token: token::from_environment(),
            limit: flags.request_timeout.0,
            url,
        })
    }

    async fn open(&self) -> Result<Opened, Error> {
        let who = format!("the Ray dashboard at {}", self.url);
        self.connect(self.url.clone(), who).await
    }

    async fn connect(&self, url: Uri, who: String) -> Result<Opened, Error> {
        let connected = async { self.connector.clone().oneshot(url).await };
        let connected = match self.limit {
            None => connected.await,
            Some(limit) => {
                tokio::time::timeout(limit, connected)
                    .await
                    .map_err(|_| Error::TimedOut {
                        who: who.clone(),
                        limit,
                    })?
            }
        };
        let stream = connected.map_err(|error| Error::Unreachable {
            who,
            cause: root_cause(error.as_ref()),
        })?;
        Ok(Opened {
            stream,
            fault: None,
        })
    }
}
