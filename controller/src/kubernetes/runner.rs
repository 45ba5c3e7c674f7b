//! The loop: what the watches tell, what probes find, and what follows from both.
//!
//! One task owns the world, so that nothing here is locked. Whatever waits for somebody else, probes,
//! changes and reports, runs in tasks of its own, and its result comes back to the loop.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::{FutureExt as _, LocalBoxFuture};
use futures::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use super::delays::Delays;
use super::error::Error;
use super::events::Events;
use super::health::Health;
use super::lease::Standing;
use super::metrics::{Census, ChangeResult, Metrics};
use super::random::random;
use super::reports;
use super::watches::{Told, Watches};
use super::writer::{Changed, Writer};
use crate::traffic::change::{Change, LabelPod, Membership};
use crate::traffic::cluster_state::Replan;
use crate::traffic::probe::{Outcome, PATIENCE, Prober};
use crate::traffic::report::Report;
use crate::traffic::schedule::{Paces, Schedule};
use crate::traffic::{Mode, decide};
use crate::world::{Key, Source, World};

/// Dashboards that are asked at once: each answer is read whole.
const REPORTS_AT_ONCE: usize = 8;
/// How often the gauges follow the world.
const CENSUS: Duration = Duration::from_secs(1);

/// A pod: its RayCluster, and its uid.
type PodId = (Key, String);

pub(super) struct Runner {
    mode: Mode,
    /// How many watches have to list what there is before anything is decided.
    sources: usize,
    listed: BTreeSet<Source>,
    world: World,
    schedule: Schedule<PodId, Random>,
    prober: Prober,
    probes: JoinSet<Probed>,
    writer: Writer,
    changes: JoinSet<Changed>,
    /// Whose changes are being made.
    changing: BTreeSet<Key>,
    delays: Delays,
    /// In this task: a client of Serve's REST API is not made for several threads.
    reports: FuturesUnordered<LocalBoxFuture<'static, (Key, Option<Report>)>>,
    /// When Serve's report was asked for last.
    asked: BTreeMap<Key, Instant>,
    events: Events,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    acts: bool,
    counted_at: Option<Instant>,
}

type Random = Box<dyn FnMut() -> f64 + Send>;

struct Probed {
    pod: PodId,
    outcome: io::Result<Outcome>,
    took: Duration,
}

impl Runner {
    pub(super) fn new(
        mode: Mode,
        sources: usize,
        writer: Writer,
        events: Events,
        metrics: Arc<Metrics>,
        health: Arc<Health>,
    ) -> Self {
        Self {
            mode,
            sources,
            listed: BTreeSet::new(),
            world: World::default(),
            schedule: new_schedule(),
            prober: Prober::new(PATIENCE),
            probes: JoinSet::new(),
            writer,
            changes: JoinSet::new(),
            changing: BTreeSet::new(),
            delays: Delays::default(),
            reports: FuturesUnordered::new(),
            asked: BTreeMap::new(),
            events,
            metrics,
            health,
            acts: false,
            counted_at: None,
        }
    }

    /// Never ends, but with the watches.
    pub(super) async fn run(
        mut self,
        mut watches: Watches,
        mut standing: watch::Receiver<Standing>,
    ) {
        loop {
            let stands = *standing.borrow_and_update();
            if stands.is_known {
                self.health.lease_is_known();
            }
            self.act_or_rest(stands, Instant::now());
            self.start_probes(Instant::now());
            self.take_census(Instant::now());
            let wake = self.next_wake(stands, Instant::now());
            tokio::select! {
                told = watches.next() => match told {
                    Some(told) => self.hear(told, Instant::now()),
                    None => return,
                },
                Some(Ok(probed)) = self.probes.join_next() => self.record(probed, Instant::now()),
                Some(Ok(changed)) = self.changes.join_next() => self.take(changed, Instant::now()),
                Some((key, report)) = self.reports.next() => self.report(&key, report, Instant::now()),
                _ = standing.changed() => {}
                () = sleep_until(wake.into()) => self.retry(Instant::now()),
            }
        }
    }

    /// Acts as the leader that knows all there is, and only then.
    fn act_or_rest(&mut self, stands: Standing, now: Instant) {
        let is_informed = self.listed.len() == self.sources;
        let acts = stands.leads(now) && is_informed;
        self.metrics.leader.set(i64::from(stands.leads(now)));
        if acts == self.acts {
            return;
        }
        self.acts = acts;
        tracing::info!(acts, "{}", if acts { "leading" } else { "not leading" });
        let keys: Vec<Key> = self.world.states().map(|(key, _)| key.clone()).collect();
        if acts {
            for key in keys {
                self.touch(&key, now);
            }
            return;
        }
        // Whoever does not probe knows nothing. Changes that are on their way are guarded.
        self.probes = JoinSet::new();
        self.schedule = new_schedule();
        self.delays = Delays::default();
        self.asked.clear();
        for key in &keys {
            if let Some(state) = self.world.state_mut(key) {
                state.forget_probes();
            }
        }
    }

    fn hear(&mut self, told: Told, now: Instant) {
        match told {
            Told::ListBegins(source) => self.world.begin_list(source),
            Told::ListEnds(source) => {
                for key in self.world.end_list(&source, now) {
                    self.touch(&key, now);
                }
                self.listed.insert(source);
                if self.listed.len() == self.sources {
                    self.health.watches_are_listed();
                }
            }
            Told::Seen(seen) => {
                let key = self.world.see(seen, now);
                self.touch(&key, now);
            }
            Told::Gone { kind, key, uid } => {
                self.world.forget(kind, &key, &uid, now);
                if self.world.state(&key).is_none() {
                    self.asked.remove(&key);
                    self.delays.forget(&key);
                }
                self.touch(&key, now);
            }
            Told::Failed(source, error) => {
                self.metrics.count_watch_error(source.kind);
                tracing::warn!(?source, %error, "a watch failed, and is tried again");
            }
        }
    }

    /// Something of this cluster is another than before.
    fn touch(&mut self, key: &Key, now: Instant) {
        if self.acts {
            self.consider(key, now);
            self.plan(key, now);
        }
    }

    /// Decides, and has the changes made.
    fn consider(&mut self, key: &Key, now: Instant) {
        if self.changing.contains(key) || self.delays.holds(key, now) {
            return;
        }
        let Some(state) = self.world.state_mut(key) else {
            return;
        };
        let decided = decide(state, self.mode, now).into_iter();
        let (notices, changes): (Vec<_>, Vec<_>) =
            decided.partition(|change| matches!(change, Change::Tell(_)));
        for notice in notices {
            state.took(&notice, now);
            self.events.tell(state.cluster(), notice.event());
        }
        if !changes.is_empty() {
            self.changing.insert(key.clone());
            let writer = self.writer.clone();
            let key = key.clone();
            self.changes
                .spawn(async move { writer.make(key, changes).await });
        }
    }

    fn plan(&mut self, key: &Key, now: Instant) {
        if self.mode == Mode::Head {
            return;
        }
        let Some(state) = self.world.state(key) else {
            return;
        };
        let paces = Paces::new(state, now);
        for pod in state.pods() {
            let id = (key.clone(), pod.seen.uid.clone());
            self.schedule.plan(&id, paces.of(pod), now);
        }
    }

    fn start_probes(&mut self, now: Instant) {
        for pod in self.schedule.start(now) {
            let (key, uid) = &pod;
            let asked = self
                .world
                .state_mut(key)
                .and_then(|state| state.begin_probe(uid, now));
            let Some((address, ask)) = asked else {
                self.schedule.finish(&pod, Duration::ZERO, now);
                self.schedule.forget(&pod);
                continue;
            };
            let prober = self.prober;
            self.probes.spawn(async move {
                let began = Instant::now();
                let outcome = prober.probe(address, ask).await;
                let took = began.elapsed();
                Probed { pod, outcome, took }
            });
        }
    }

    fn record(&mut self, probed: Probed, now: Instant) {
        let Probed { pod, outcome, took } = probed;
        self.schedule.finish(&pod, took, now);
        let (key, uid) = &pod;
        let Some(state) = self.world.state_mut(key) else {
            return;
        };
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::warn!(%error, "cannot probe: this machine lacks something");
                return;
            }
        };
        self.metrics.count_probe(outcome);
        if state.record(uid, outcome, now) == Replan::Cluster {
            self.touch(key, now);
        } else {
            self.consider(key, now);
            if let Some(state) = self.world.state(key)
                && let Some(found) = state.pod(uid)
            {
                let pace = Paces::new(state, now).of(found);
                self.schedule.plan(&pod, pace, now);
            }
        }
        self.ask_for_report(key, now);
    }

    fn ask_for_report(&mut self, key: &Key, now: Instant) {
        if self.reports.len() >= REPORTS_AT_ONCE {
            return;
        }
        let Some(state) = self.world.state(key) else {
            return;
        };
        if let Some(dashboard) = reports::due(state, self.asked.get(key).copied(), now) {
            self.asked.insert(key.clone(), now);
            let key = key.clone();
            let report = async move { (key, reports::read(dashboard).await) };
            self.reports.push(report.boxed_local());
        }
    }

    fn report(&mut self, key: &Key, report: Option<Report>, now: Instant) {
        if let Some(report) = report
            && let Some(state) = self.world.state_mut(key)
        {
            state.see_report(report);
            self.touch(key, now);
        }
    }

    /// What the API server has taken, or not.
    fn take(&mut self, changed: Changed, now: Instant) {
        let Changed { key, taken, failed } = changed;
        self.changing.remove(&key);
        for (change, at) in taken {
            self.metrics.count_change(&change, ChangeResult::Success);
            let Some(state) = self.world.state_mut(&key) else {
                continue;
            };
            if let Change::LabelPod(LabelPod {
                uid,
                to: Membership::Out,
                ..
            }) = &change
                && let Some(since) = state.pod(uid).and_then(|pod| pod.probes.run_since())
            {
                self.metrics
                    .took_to_leave(at.saturating_duration_since(since));
            }
            state.took(&change, at);
            self.events.tell(state.cluster(), change.event());
        }
        match failed {
            None => self.delays.forget(&key),
            Some((change, error)) => {
                let result = match error {
                    Error::Conflict { .. } => ChangeResult::Conflict,
                    _ => ChangeResult::Error,
                };
                self.metrics.count_change(&change, result);
                self.delays.add(&key, &error, now);
                tracing::warn!(namespace = key.namespace, raycluster = key.name, %error, "not changed, tried again");
            }
        }
        self.touch(&key, now);
    }

    /// Tries what failed before.
    fn retry(&mut self, now: Instant) {
        for key in self.delays.over(now) {
            self.touch(&key, now);
        }
    }

    fn next_wake(&self, stands: Standing, now: Instant) -> Instant {
        let probe = self.schedule.next(now);
        let leads_until = stands.leads_until.filter(|until| *until > now);
        let census = self.counted_at.map(|at| at + CENSUS);
        let wakes = [
            probe,
            leads_until,
            self.delays.next(),
            census.filter(|at| *at > now),
        ];
        // At rest nothing is due; an hour is as good as never.
        wakes
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(now + Duration::from_secs(3600))
    }

    fn take_census(&mut self, now: Instant) {
        if self.counted_at.is_some_and(|at| now < at + CENSUS) {
            return;
        }
        self.counted_at = Some(now);
        let mut census = Census::default();
        let states = self.world.states().map(|(_, state)| state);
        for state in states.filter(|state| state.cluster().out_of_scope.is_none()) {
            census.count_selection(state.selection());
            for pod in state.pods() {
                *if pod.is_in() {
                    &mut census.pods_in
                } else {
                    &mut census.pods_out
                } += 1;
            }
        }
        self.metrics.take_census(census);
        self.metrics.stretch.set(self.schedule.stretch());
    }
}

fn new_schedule() -> Schedule<PodId, Random> {
    Schedule::new(Box::new(random()), Instant::now())
}
