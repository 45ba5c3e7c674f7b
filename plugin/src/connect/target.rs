//! A Ray dashboard that streams can be opened to: a cluster's head, or a plain address.

use http::uri::Authority;
use hyper_util::rt::TokioIo;
use kuberay::RayCluster;
use kuberay::head::{Pods, choose};
use ray_serve_client::http::{Dial, DialError, Dialed, Route, Stream};
use secrecy::SecretString;

use super::address::Address;
use super::api::Api;
use super::cluster_name::ClusterName;
use super::error::Error;
use super::flags::{ConnectionFlags, Via};
use super::head;
use super::next::Next;
use super::obstacle::{Seen, judge};
use super::raycluster;
use super::service_proxy::ServiceProxy;
use super::token::{self, OwnToken};
use super::tunnel;

#[derive(Clone)]
pub enum Target {
    Head(Box<Head>),
    Address(Box<Address>),
}

/// The head of a `RayCluster`; its pod is looked up when the first stream is opened.
#[derive(Clone)]
pub struct Head {
    api: Api,
    name: ClusterName,
    on_agent_port: bool,
    own_token: OwnToken,
    found: Option<Found>,
}

#[derive(Clone)]
struct Found {
    cluster: RayCluster,
    pod: String,
    token: Option<SecretString>,
}

impl Target {
    pub fn new(flags: &ConnectionFlags, name: &ClusterName) -> Result<Self, Error> {
        if let Some(address) = &flags.address {
            return Ok(Self::Address(Box::new(Address::new(flags, address)?)));
        }
        let own_token = OwnToken::of_command(flags);
        Ok(Self::through(Api::connect(flags)?, name, own_token))
    }

    pub fn through(api: Api, name: &ClusterName, own_token: OwnToken) -> Self {
        Self::Head(Box::new(Head {
            api,
            name: name.clone(),
            on_agent_port: false,
            own_token,
            found: None,
        }))
    }

    /// For a cluster that was listed together with others.
    pub async fn known(api: Api, cluster: RayCluster, pods: &Pods) -> Result<Self, Error> {
        let name = ClusterName::of(&cluster);
        let own_token = OwnToken::Kept;
        let found = Found::new(&api, cluster, pods, own_token).await?;
        Ok(Self::Head(Box::new(Head {
            api,
            name,
            on_agent_port: false,
            own_token,
            found: Some(found),
        })))
    }

    pub async fn open(&mut self) -> Result<Dialed, Error> {
        match self {
            Self::Head(head) => head.open().await,
            Self::Address(address) => address.open().await,
        }
    }

    /// Opens a stream to another port of the head, or of the address's host.
    pub async fn open_at(&mut self, port: u16) -> Result<Dialed, Error> {
        match self {
            Self::Head(head) => head.open_at(port).await,
            Self::Address(address) => address.open_at(port).await,
        }
    }

    /// Looks for the head now, so that a missing cluster is reported before anything else.
    pub async fn find(&mut self) -> Result<Option<&RayCluster>, Error> {
        match self {
            Self::Head(head) => Ok(Some(&head.find().await?.cluster)),
            Self::Address(_) => Ok(None),
        }
    }

    /// The head's pod, once it is known.
    pub fn pod(&self) -> Option<&str> {
        match self {
            Self::Head(head) => Some(&head.found.as_ref()?.pod),
            Self::Address(_) => None,
        }
    }

    /// The path of the address, below which the dashboard's page is.
    pub fn base_path(&self) -> &str {
        match self {
            Self::Address(address) => address.base_path(),
            Self::Head(_) => "",
        }
    }

    /// The Kubernetes API server, if the head is reached through one.
    pub fn api(&self) -> Option<&Api> {
        match self {
            Self::Head(head) => Some(&head.api),
            Self::Address(_) => None,
        }
    }

    /// Builds commands for messages that go to the same cluster.
    pub fn next(&self) -> &Next {
        match self {
            Self::Head(head) => head.api.next(),
            Self::Address(address) => address.next(),
        }
    }

    /// A value that identifies this dashboard.
    pub fn identity(&self) -> String {
        match self {
            Self::Address(address) => address.describe(),
            Self::Head(head) => {
                let api = &head.api;
                format!("{} {} {}", api.url(), api.namespace(), head.name)
            }
        }
    }
}

impl Dial for Target {
    async fn open(&mut self) -> Result<Dialed, DialError> {
        Ok(Self::open(self).await?)
    }

    async fn open_at(&mut self, port: u16) -> Result<Dialed, DialError> {
        Ok(Self::open_at(self, port).await?)
    }

    fn describe_at(&self, port: u16) -> String {
        match self {
            Self::Address(address) => address.describe_at(port),
            Self::Head(head) => format!("Serve on raycluster/{}", head.name),
        }
    }

    fn forget(&mut self) {
        if let Self::Head(head) = self {
            head.found = None;
        }
    }

    fn try_agent_port(&mut self) -> bool {
        match self {
            Self::Head(head) => !std::mem::replace(&mut head.on_agent_port, true),
            Self::Address(_) => false,
        }
    }

    fn token(&self) -> Option<&SecretString> {
        match self {
            Self::Head(head) => head.found.as_ref()?.token.as_ref(),
            Self::Address(address) => address.token(),
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Address(address) => address.describe(),
            Self::Head(head) => format!("the head of raycluster/{}", head.name),
        }
    }
}

impl Head {
    async fn open(&mut self) -> Result<Dialed, Error> {
        let on_agent_port = self.on_agent_port;
        let cluster = &self.find().await?.cluster;
        let port = if on_agent_port {
            cluster.agent_port()
        } else {
            cluster.dashboard_port()
        };
        let port = port.map_err(|bad| raycluster::bad_port(cluster, bad))?;
        self.open_at(port).await
    }

    async fn open_at(&mut self, port: u16) -> Result<Dialed, Error> {
        let api = self.api.clone();
        let found = self.find().await?;
        match api.via() {
            Via::PortForward => {
                let (tunnel, fault) = tunnel::open(&api, &found.pod, port).await?;
                Ok(Dialed {
                    stream: Stream::new(TokioIo::new(tunnel)),
                    route: Route {
                        observer: api
                            .trace()
                            .observer(&format!("http://{}:{port}", found.pod)),
                        ..Route::to(Authority::from_static("localhost"))
                    },
                    why_closed: Some(fault.explain()),
                })
            }
            Via::Proxy => {
                let stream = api.stream().await?;
                let proxy = ServiceProxy::new(api, &found.cluster, found.pod.clone(), port);
                Ok(Dialed {
                    stream: Stream::new(stream),
                    route: proxy.route()?,
                    why_closed: None,
                })
            }
        }
    }

    async fn find(&mut self) -> Result<&Found, Error> {
        if self.found.is_none() {
            self.found = Some(Box::pin(self.look_up()).await?);
        }
        self.found.as_ref().ok_or(Error::NoKubeRay)
    }

    async fn look_up(&self) -> Result<Found, Error> {
        // Both at once, because neither needs the other's answer; the second connection is then
        // used for the tunnel.
        let (cluster, pods) = tokio::join!(
            raycluster::get(&self.api, &self.name),
            head::of(&self.api, &self.name)
        );
        Found::new(&self.api, cluster?, &pods?, self.own_token).await
    }
}

impl Found {
    async fn new(
        api: &Api,
        cluster: RayCluster,
        pods: &Pods,
        own_token: OwnToken,
    ) -> Result<Self, Error> {
        let Some(pod) = choose(&cluster, pods) else {
            let seen = Box::pin(Seen::look(api, &cluster, pods)).await;
            let obstacle = judge(&cluster, pods, &seen, api.next());
            return Err(Error::HeadNotReady {
                name: cluster.metadata.name,
                namespace: cluster.metadata.namespace,
                obstacle,
            });
        };
        let token = Box::pin(token::of(api, &cluster, own_token)).await?;
        Ok(Self {
            cluster,
            pod,
            token,
        })
    }
}
