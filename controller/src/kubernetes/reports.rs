//! Reads Serve's REST API at the head of a RayCluster, for what a probe cannot know.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hyper_util::rt::TokioIo;
use kuberay::ports::{DASHBOARD, DASHBOARD_AGENT};
use ray_serve_client::http::{Dialed, Route, Stream};
use ray_serve_client::{Client, Dial, DialError};
use secrecy::SecretString;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::events::REPORTER;
use crate::traffic::ClusterState;
use crate::traffic::probe::Outcome;
use crate::traffic::report::Report;

/// How often a cluster that serves is asked, and how often where a pod's silence is a riddle.
const USUAL: Duration = Duration::from_secs(60);
const AMBIGUOUS: Duration = Duration::from_secs(5);
/// Unknown results in a row that make a pod a riddle: one less than it takes to leave.
const UNKNOWNS: u32 = 2;
/// For a connection and its answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where to ask for a report now. `asked` is when that was done last.
pub(super) fn due(
    state: &ClusterState,
    asked: Option<Instant>,
    now: Instant,
) -> Option<SocketAddr> {
    let is_riddle = state.pods().any(|pod| {
        let last = pod.probes.last();
        pod.is_in() && last.is_some_and(Outcome::is_unknown) && pod.probes.run() >= UNKNOWNS
    });
    let serves = state
        .pods()
        .any(|pod| pod.probes.last().is_some_and(Outcome::is_answer));
    let pause = match (is_riddle, serves) {
        (true, _) => AMBIGUOUS,
        (false, true) => USUAL,
        // Nobody knows where no proxy answers whether there is a dashboard.
        (false, false) => return None,
    };
    if asked.is_some_and(|asked| now.saturating_duration_since(asked) < pause) {
        return None;
    }
    let mut heads = state
        .pods()
        .filter(|pod| pod.is_head() && !pod.seen.is_terminating);
    let head = heads.find(|head| head.seen.is_ready)?;
    Some(SocketAddr::new(head.seen.ip?, DASHBOARD.number))
}

/// What Serve says there. None where it says nothing to us: without a token, on another port, or because
/// the head is busy. Nothing follows from that.
pub(super) async fn read(dashboard: SocketAddr) -> Option<Report> {
    let dial = HeadDial {
        dashboard,
        on_agent_port: false,
    };
    let mut client = Client::new(dial, Some(PATIENCE), REPORTER);
    match timeout(2 * PATIENCE, client.applications()).await {
        Ok(Ok(applications)) => Some(Report::new(&applications.details, Instant::now())),
        Ok(Err(error)) => {
            tracing::debug!(%dashboard, %error, "no report of Serve");
            None
        }
        Err(_) => None,
    }
}

/// The dashboard of a head pod, at its address.
struct HeadDial {
    dashboard: SocketAddr,
    on_agent_port: bool,
}

impl HeadDial {
    async fn connect(&self, address: SocketAddr) -> Result<Dialed, DialError> {
        let stream = TcpStream::connect(address).await.map_err(DialError::new)?;
        stream.set_nodelay(true).map_err(DialError::new)?;
        let authority = address.to_string().parse().map_err(DialError::new)?;
        Ok(Dialed {
            stream: Stream::new(TokioIo::new(stream)),
            route: Route::to(authority),
            why_closed: None,
        })
    }
}

impl Dial for HeadDial {
    async fn open(&mut self) -> Result<Dialed, DialError> {
        let port = if self.on_agent_port {
            DASHBOARD_AGENT.number
        } else {
            self.dashboard.port()
        };
        self.open_at(port).await
    }

    async fn open_at(&mut self, port: u16) -> Result<Dialed, DialError> {
        self.connect(SocketAddr::new(self.dashboard.ip(), port))
            .await
    }

    fn forget(&mut self) {}

    fn try_agent_port(&mut self) -> bool {
        !std::mem::replace(&mut self.on_agent_port, true)
    }

    /// The controller may read no Secret.
    fn token(&self) -> Option<&SecretString> {
        None
    }

    fn describe(&self) -> String {
        format!("the dashboard at {}", self.dashboard)
    }

    fn describe_at(&self, port: u16) -> String {
        format!("Serve at {}", SocketAddr::new(self.dashboard.ip(), port))
    }
}
