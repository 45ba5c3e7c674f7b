//! Tells people what was done, as Events on the RayCluster.

use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube_runtime::events::{Event as Published, EventType, Recorder, Reporter};
use kuberay::resource::{API_VERSION, KIND};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::traffic::{Cluster, Event};

/// Whom the Events name as their author.
pub const REPORTER: &str = "ray-serve-controller";

/// For one request.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many wait: a controller that is new to many clusters has much to tell, and what nobody can be told
/// in time is in the log.
const WAITING: usize = 4096;

/// Takes events to be told, without ever waiting for the API server.
#[derive(Clone)]
pub(super) struct Events(mpsc::Sender<(Cluster, Event)>);

/// Sends them, one after another.
pub(super) struct Teller {
    recorder: Recorder,
    events: mpsc::Receiver<(Cluster, Event)>,
}

/// `pod` is the controller's own pod.
pub(super) fn events(client: Client, pod: &str) -> (Events, Teller) {
    let (sender, receiver) = mpsc::channel(WAITING);
    let reporter = Reporter {
        controller: REPORTER.to_owned(),
        instance: Some(pod.to_owned()),
    };
    let teller = Teller {
        recorder: Recorder::new(client, reporter),
        events: receiver,
    };
    (Events(sender), teller)
}

impl Events {
    pub(super) fn tell(&self, cluster: &Cluster, event: Event) {
        tracing::info!(
            namespace = cluster.namespace,
            raycluster = cluster.name,
            reason = event.reason(),
            "{event}"
        );
        // A full queue: the log has it.
        let _ = self.0.try_send((cluster.clone(), event));
    }
}

impl Teller {
    pub(super) async fn run(mut self) {
        while let Some((cluster, event)) = self.events.recv().await {
            let (published, regarding) = (published(&cluster, &event), reference(&cluster));
            let publish = self.recorder.publish(&published, &regarding);
            // What was to be told is in the log already.
            match timeout(PATIENCE, publish).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "cannot write an Event"),
                Err(_) => tracing::debug!("cannot write an Event: the API server does not answer"),
            }
        }
    }
}

/// The recorder adds to the Event before where all but the note is the same: the pod, and what became of it
/// for what cause, tell them apart.
fn published(cluster: &Cluster, event: &Event) -> Published {
    Published {
        type_: if event.is_warning() {
            EventType::Warning
        } else {
            EventType::Normal
        },
        reason: event.reason().to_owned(),
        note: Some(event.to_string()),
        action: event.action(),
        secondary: event.pod().map(|pod| ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Pod".to_owned()),
            namespace: Some(cluster.namespace.clone()),
            name: Some(pod.to_owned()),
            ..ObjectReference::default()
        }),
    }
}

fn reference(cluster: &Cluster) -> ObjectReference {
    ObjectReference {
        api_version: Some(API_VERSION.to_owned()),
        kind: Some(KIND.to_owned()),
        namespace: Some(cluster.namespace.clone()),
        name: Some(cluster.name.clone()),
        uid: Some(cluster.uid.clone()),
        ..ObjectReference::default()
    }
}
