//! The edge to Kubernetes, as thin as it can be: everything that is decided is decided in the rest of this
//! crate.
//!
//! ```text
//! watches   what there is, by objects of a dozen fields      -> runner
//! lease     whether this process leads                       -> runner
//! runner    the loop that owns the world: it probes, decides, and has changes made
//!   writer    what the API server is asked for, and delays after what it refused
//!   reports   Serve's REST API, once a minute
//!   events    what people are told
//!   metrics, health
//! give_back   the end of it all: every selector as KubeRay made it
//! ```

mod delays;
mod error;
mod events;
mod give_back;
mod health;
mod lease;
mod metrics;
mod objects;
mod random;
mod reports;
mod runner;
mod watches;
mod writer;

use std::sync::Arc;
use std::time::SystemTime;

use kube::Client;
use tokio::sync::watch;

pub use error::Error;
pub use events::REPORTER;
pub use give_back::give_all_back;
pub use health::Health;
pub use metrics::Metrics;

use lease::{LeaseClient, Standing};
use runner::Runner;
use writer::Writer;

use crate::election::Election;
use crate::traffic::Mode;

/// What the command line says.
#[derive(Debug, Clone)]
pub struct Options {
    pub mode: Mode,
    /// All where there are none.
    pub namespaces: Vec<String>,
    /// The Lease's name.
    pub lease: String,
}

/// Where this process runs.
#[derive(Debug, Clone)]
pub struct Place {
    pub namespace: String,
    pub pod: String,
}

/// Watches, and acts while it leads, until `shutdown` completes; then gives the Lease up.
pub async fn run(
    client: Client,
    place: &Place,
    options: &Options,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    shutdown: impl Future<Output = ()>,
) {
    let watches = watches::watches(&client, &options.namespaces, options.mode);
    let (events, teller) = events::events(client.clone(), &place.pod);
    let runner = Runner::new(
        options.mode,
        watches.len(),
        Writer::new(client.clone()),
        events,
        metrics,
        health,
    );
    let lease = LeaseClient::new(client, &place.namespace, &options.lease);
    let mut election = Election::new(identity(&place.pod));
    let (standing, stands) = watch::channel(Standing::default());
    tokio::select! {
        () = runner.run(watches, stands) => {}
        () = lease.keep(&mut election, &standing) => {}
        () = teller.run() => {}
        () = shutdown => {}
    }
    // The runner is gone by now: nobody acts on the Lease any more.
    lease.release(&mut election).await;
}

/// Another one in each process, also of one pod.
fn identity(pod: &str) -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    format!("{pod}_{:x}", since.unwrap_or_default().as_nanos())
}
