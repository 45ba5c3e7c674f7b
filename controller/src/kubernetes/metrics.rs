//! Every metric the controller has: their names are here and nowhere else.

use std::fmt;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

use crate::traffic::change::{Change, LabelPod, Membership, Reselection, SelectPods};
use crate::traffic::probe::Outcome;
use crate::traffic::service::Selection;
use crate::world::Kind;

const PREFIX: &str = "ray_serve_controller";

/// Seconds. A pod that answers 503 leaves within a probe, one that is silent after three.
const LEAVE_BUCKETS: [f64; 9] = [0.1, 0.25, 0.5, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0];

/// How a change ended, as the value of its label.
#[derive(Clone, Copy, Debug)]
pub(super) enum ChangeResult {
    Success,
    Conflict,
    Error,
}

/// What the world holds at a time, for the gauges.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Census {
    pub(super) broad: i64,
    pub(super) labelled: i64,
    pub(super) head: i64,
    pub(super) edited: i64,
    pub(super) without_service: i64,
    pub(super) pods_in: i64,
    pub(super) pods_out: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SelectionLabel {
    selection: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChangeLabels {
    change: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResourceLabel {
    resource: &'static str,
}

#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    pub(super) leader: Gauge,
    clusters: Family<SelectionLabel, Gauge>,
    pods: Family<StateLabel, Gauge>,
    probes: Family<ResultLabel, Counter>,
    changes: Family<ChangeLabels, Counter>,
    leave: Histogram,
    pub(super) stretch: Gauge<f64, AtomicU64>,
    watch_errors: Family<ResourceLabel, Counter>,
}

impl Census {
    pub(super) fn count_selection(&mut self, selection: Option<Selection>) {
        *match selection {
            Some(Selection::Broad) => &mut self.broad,
            Some(Selection::Labelled) => &mut self.labelled,
            Some(Selection::Head) => &mut self.head,
            Some(Selection::Edited | Selection::EditedLabelled) => &mut self.edited,
            None => &mut self.without_service,
        } += 1;
    }
}

impl Metrics {
    pub fn new() -> Self {
        let metrics = Self {
            registry: Registry::with_prefix(PREFIX),
            leader: Gauge::default(),
            clusters: Family::default(),
            pods: Family::default(),
            probes: Family::default(),
            changes: Family::default(),
            leave: Histogram::new(LEAVE_BUCKETS),
            stretch: Gauge::default(),
            watch_errors: Family::default(),
        };
        metrics.starting_at_zero().registered()
    }

    /// A counter that begins with its first event hides that one from Prometheus' `increase()`.
    fn starting_at_zero(self) -> Self {
        self.stretch.set(1.0);
        self.take_census(Census::default());
        for outcome in Outcome::ALL {
            let result = outcome.as_str();
            drop(self.probes.get_or_create(&ResultLabel { result }));
        }
        for change in ["joined", "left", "narrowed", "given-back"] {
            for result in [
                ChangeResult::Success,
                ChangeResult::Conflict,
                ChangeResult::Error,
            ] {
                let result = result.as_str();
                drop(self.changes.get_or_create(&ChangeLabels { change, result }));
            }
        }
        for kind in [Kind::Cluster, Kind::Service, Kind::Pod] {
            let resource = kind.as_str();
            drop(self.watch_errors.get_or_create(&ResourceLabel { resource }));
        }
        self
    }

    // prometheus-client adds `_total` to a counter's name and `_info` to an info's.
    fn registered(mut self) -> Self {
        let Self {
            registry,
            leader,
            clusters,
            pods,
            probes,
            changes,
            leave,
            stretch,
            watch_errors,
        } = &mut self;
        registry.register(
            "leader",
            "Whether this replica is the one that acts",
            leader.clone(),
        );
        registry.register(
            "clusters",
            "Annotated RayClusters, by what their serve service selects (broad, labelled, head, edited, none)",
            clusters.clone(),
        );
        registry.register(
            "pods",
            "Pods of annotated RayClusters, by whether a narrowed serve service selects them (in, out)",
            pods.clone(),
        );
        registry.register(
            "probes",
            "Probes of pods, by what they found",
            probes.clone(),
        );
        registry.register(
            "changes",
            "Changes of labels and selectors, by how they ended (success, conflict, error)",
            changes.clone(),
        );
        registry.register(
            "leave_seconds",
            "Time from a pod's first failed probe until its label says so",
            leave.clone(),
        );
        registry.register(
            "probe_stretch",
            "By how much probes are further apart than they should be, because their budget is spent",
            stretch.clone(),
        );
        registry.register(
            "watch_errors",
            "Failures of a watch, each of which is tried again",
            watch_errors.clone(),
        );
        registry.register(
            "build",
            "The running version",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        self
    }

    pub(super) fn take_census(&self, census: Census) {
        for (selection, count) in [
            ("broad", census.broad),
            ("labelled", census.labelled),
            ("head", census.head),
            ("edited", census.edited),
            ("none", census.without_service),
        ] {
            self.clusters
                .get_or_create(&SelectionLabel { selection })
                .set(count);
        }
        for (state, count) in [("in", census.pods_in), ("out", census.pods_out)] {
            self.pods.get_or_create(&StateLabel { state }).set(count);
        }
    }

    pub(super) fn count_probe(&self, outcome: Outcome) {
        let result = outcome.as_str();
        self.probes.get_or_create(&ResultLabel { result }).inc();
    }

    pub(super) fn count_change(&self, change: &Change, result: ChangeResult) {
        let change = match change {
            Change::LabelPod(LabelPod {
                to: Membership::In, ..
            }) => "joined",
            Change::LabelPod(LabelPod {
                to: Membership::Out,
                ..
            }) => "left",
            Change::SelectPods(SelectPods {
                why: Reselection::Narrow,
                ..
            }) => "narrowed",
            Change::SelectPods(SelectPods {
                why: Reselection::GiveBack,
                ..
            }) => "given-back",
            Change::Tell(_) => return,
        };
        let result = result.as_str();
        self.changes
            .get_or_create(&ChangeLabels { change, result })
            .inc();
    }

    pub(super) fn took_to_leave(&self, took: Duration) {
        self.leave.observe(took.as_secs_f64());
    }

    pub(super) fn count_watch_error(&self, kind: Kind) {
        let resource = kind.as_str();
        self.watch_errors
            .get_or_create(&ResourceLabel { resource })
            .inc();
    }

    /// In the `OpenMetrics` text format, which Prometheus reads.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut body = String::new();
        text::encode(&mut body, &self.registry)?;
        Ok(body)
    }
}

impl ChangeResult {
    fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Conflict => "conflict",
            Self::Error => "error",
        }
    }
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Cluster => "rayclusters",
            Self::Service => "services",
            Self::Pod => "pods",
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
