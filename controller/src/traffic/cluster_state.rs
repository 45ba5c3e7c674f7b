//! All that is known of one RayCluster's traffic: fed by the watches, the probes and Serve's report.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use kuberay::scope::OutOfScope;

use super::change::{Change, LabelPod, Membership};
use super::event::{Cause, Topic};
use super::pod::{Pod, SeenPod};
use super::probe::{Ask, Outcome};
use super::report::Report;
use super::service::{Selection, ServeService};

/// How long a removal on unknown results counts against the next one.
pub const UNKNOWN_WINDOW: Duration = Duration::from_secs(10);

/// How old the answer of another pod may be to prove that the network works.
const WITNESS: Duration = Duration::from_secs(3);

/// A RayCluster, from its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    pub namespace: String,
    pub name: String,
    pub uid: String,
    /// See `kuberay::scope::out_of_scope_by_metadata`.
    pub out_of_scope: Option<OutOfScope>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterState {
    cluster: Cluster,
    service: Option<ServeService>,
    /// By uid: a pod of the same name may be another one.
    pods: BTreeMap<String, Pod>,
    report: Option<Report>,
    changed_at: Option<Instant>,
    unknown_removals: Vec<Instant>,
    told: BTreeSet<Topic>,
}

/// Whose next probe a result may have moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replan {
    Pod,
    Cluster,
}

impl ClusterState {
    pub fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            service: None,
            pods: BTreeMap::new(),
            report: None,
            changed_at: None,
            unknown_removals: Vec::new(),
            told: BTreeSet::new(),
        }
    }

    // What the watches say.

    /// Another cluster of the same name begins with nothing known.
    pub fn see_cluster(&mut self, cluster: Cluster) {
        if cluster.uid == self.cluster.uid {
            self.cluster = cluster;
        } else {
            *self = Self::new(cluster);
        }
    }

    pub fn see_service(&mut self, service: Option<ServeService>) {
        self.service = service;
        let is_edited = |selection| {
            matches!(
                selection,
                Selection::Edited | Selection::EditedLabelled | Selection::Head
            )
        };
        if !self.selection().is_some_and(is_edited) {
            self.told.remove(&Topic::SelectorEdited);
        }
        self.forget_port_mismatch();
    }

    /// Probes of an earlier container say nothing about this one.
    pub fn see_pod(&mut self, seen: SeenPod, now: Instant) {
        let Some(pod) = self.pods.get_mut(&seen.uid) else {
            self.changed_at = Some(now);
            self.pods.insert(seen.uid.clone(), Pod::new(seen));
            return;
        };
        let is_restarted = pod.seen.container.is_some() && pod.seen.container != seen.container;
        if is_restarted || pod.seen.is_ready != seen.is_ready {
            self.changed_at = Some(now);
        }
        if is_restarted {
            *pod = Pod::new(seen);
        } else {
            pod.seen = seen;
        }
    }

    pub fn forget_pod(&mut self, uid: &str, now: Instant) {
        if self.pods.remove(uid).is_some() {
            self.changed_at = Some(now);
        }
    }

    // What was asked.

    pub fn see_report(&mut self, report: Report) {
        self.report = Some(report);
        self.forget_port_mismatch();
    }

    /// Begins a probe: whom to ask, and what. None where it cannot be asked any more.
    pub fn begin_probe(&mut self, uid: &str, now: Instant) -> Option<(SocketAddr, Ask)> {
        let port = self.service()?.port?;
        let is_open = self.is_open(uid, now);
        let pod = self.pods.get_mut(uid)?;
        let address = SocketAddr::new(pod.seen.ip?, port);
        pod.probes.begin(is_open);
        Some((address, pod.probes.next_ask()))
    }

    /// Whether another pod answered since this one began to fail, and lately.
    fn is_open(&self, uid: &str, now: Instant) -> bool {
        let since = self.pods.get(uid).and_then(|pod| pod.probes.run_since());
        let mut others = self.pods.iter().filter(|(other, _)| *other != uid);
        since.is_some_and(|since| {
            others.any(|(_, other)| other.probes.answered_after(since, WITNESS, now))
        })
    }

    /// Keeps the result of a probe that was begun. The pod may be gone meanwhile, or its container may be
    /// another one, of which the result says nothing.
    pub fn record(&mut self, uid: &str, outcome: Outcome, now: Instant) -> Replan {
        let pod = self.pods.get_mut(uid);
        let Some(pod) = pod.filter(|pod| pod.probes.is_running()) else {
            return Replan::Pod;
        };
        let was_healthy = pod.probes.last().is_some_and(Outcome::is_healthy);
        pod.probes.record(outcome, now);
        if was_healthy != outcome.is_healthy() {
            self.changed_at = Some(now);
        }
        if pod.probes.run() == 1 {
            Replan::Cluster
        } else {
            Replan::Pod
        }
    }

    /// Forgets all probes: whoever stops probing, because it lost its lease, knows nothing afterwards.
    pub fn forget_probes(&mut self) {
        for pod in self.pods.values_mut() {
            *pod = Pod::new(pod.seen.clone());
        }
        self.report = None;
    }

    /// Takes note of a change that the API server has taken, before the watches say so. An older watch
    /// event may hide it for a moment; the same change is then asked for again, and changes nothing.
    pub fn took(&mut self, change: &Change, now: Instant) {
        match change {
            Change::LabelPod(LabelPod { uid, to, cause, .. }) => {
                if let Some(pod) = self.pods.get_mut(uid) {
                    pod.seen.label = to.label();
                }
                if (*to, *cause) == (Membership::Out, Cause::Unknown) {
                    self.unknown_removals.push(now);
                    self.unknown_removals
                        .retain(|at| now.saturating_duration_since(*at) <= UNKNOWN_WINDOW);
                }
                self.changed_at = Some(now);
            }
            Change::SelectPods(change) => {
                if let Some(service) = self.service.as_mut().filter(|s| s.uid == change.uid) {
                    service.selector.clone_from(&change.to);
                }
            }
            Change::Tell(event) => self.told.extend(event.topic()),
        }
    }

    // What is known.

    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    pub fn pods(&self) -> impl Iterator<Item = &Pod> {
        self.pods.values()
    }

    pub fn pod(&self, uid: &str) -> Option<&Pod> {
        self.pods.get(uid)
    }

    /// As the watch told of them, for a RayCluster that takes the place of this one.
    pub(crate) fn seen_pods(&self) -> Vec<SeenPod> {
        self.pods.values().map(|pod| pod.seen.clone()).collect()
    }

    /// The service of the serve service's name, whoever made it.
    pub(crate) fn seen_service(&self) -> Option<ServeService> {
        self.service.clone()
    }

    pub(crate) fn has_service(&self, uid: &str) -> bool {
        self.service
            .as_ref()
            .is_some_and(|service| service.uid == uid)
    }

    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }

    /// The serve service, if it is the one that the operator made for this cluster.
    pub fn service(&self) -> Option<&ServeService> {
        let service = self.service.as_ref()?;
        service
            .belongs_to(&self.cluster.name, &self.cluster.uid)
            .then_some(service)
    }

    pub fn selection(&self) -> Option<Selection> {
        Some(self.service()?.selection(&self.cluster.name))
    }

    /// Whether labels matter to the selector, or will once it is narrowed. Without a service there will
    /// be one in a moment: the operator makes it again, unless somebody else's has its name.
    pub fn uses_labels(&self) -> bool {
        match self.selection() {
            None => self.service.is_none(),
            Some(Selection::Broad | Selection::Labelled | Selection::EditedLabelled) => true,
            Some(Selection::Head | Selection::Edited) => false,
        }
    }

    /// When something last changed that makes pods worth a closer look.
    pub fn changed_at(&self) -> Option<Instant> {
        self.changed_at
    }

    /// How many pods were taken out on unknown results within the window.
    pub(super) fn unknown_removals(&self, now: Instant) -> usize {
        let recent = |at: &&Instant| now.saturating_duration_since(**at) <= UNKNOWN_WINDOW;
        self.unknown_removals.iter().filter(recent).count()
    }

    pub(super) fn was_told(&self, topic: Topic) -> bool {
        self.told.contains(&topic)
    }

    /// The ports of the service and of Serve, where they differ: nothing gets through then.
    pub fn port_mismatch(&self) -> Option<(u16, u16)> {
        let (port, serve) = (self.service()?.port?, self.report.as_ref()?.port?);
        (port != serve).then_some((port, serve))
    }

    fn forget_port_mismatch(&mut self) {
        if self.port_mismatch().is_none() {
            self.told.remove(&Topic::PortMismatch);
        }
    }
}
