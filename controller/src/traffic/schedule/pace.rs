//! How often each pod of a cluster is probed, from what is known of the cluster.

use std::time::{Duration, Instant};

use super::super::cluster_state::ClusterState;
use super::super::pod::Pod;
use super::super::probe::Outcome;
use super::super::report::Report;

/// A pod that is in, or about to be.
const IN: Duration = Duration::from_secs(1);
/// A pod that refused for the first time, and those whose answers decide what that means.
const SECOND_LOOK: Duration = Duration::from_millis(200);
/// A pod that is out and may join, by how long ago something changed in the cluster.
const OUT: [(Duration, Duration); 2] = [
    (Duration::from_secs(60), Duration::from_secs(2)),
    (Duration::from_secs(300), Duration::from_secs(5)),
];
const OUT_FOR_LONG: Duration = Duration::from_secs(10);
/// A head that is out, with Serve or without: the first proxy to answer is its, some seconds before the
/// first application runs, and until that is seen every pod of a new cluster gets requests.
const HEAD: Duration = Duration::from_secs(2);
/// How many pods are asked at once whether they answer while another one refuses.
const WITNESSES: usize = 2;

/// The paces of one cluster's pods, as long as nothing is learned.
pub struct Paces<'a> {
    state: &'a ClusterState,
    now: Instant,
    is_probed: bool,
    serve_runs: bool,
    spares_workers: bool,
    /// The pods to ask at once, by uid.
    witnesses: Vec<&'a str>,
}

impl<'a> Paces<'a> {
    pub fn new(state: &'a ClusterState, now: Instant) -> Self {
        let is_managed = state.cluster().out_of_scope.is_none() && state.uses_labels();
        let is_healthy = |pod: &Pod| pod.probes.last().is_some_and(Outcome::is_healthy);
        // Only a head that refuses says that there is no Serve: nothing follows from one that is silent.
        let mut heads = state.pods().filter(|pod| pod.is_head());
        let is_refused = heads.any(|head| head.probes.last() == Some(Outcome::Refused));
        let first_refusals = || state.pods().filter(|pod| is_first_refusal(pod));
        let refused_since = first_refusals()
            .filter_map(|pod| pod.probes.run_since())
            .max();
        let witnesses = refused_since.map(|since| {
            let healthy = state.pods().filter(|pod| is_healthy(pod));
            let not_asked =
                healthy.filter(|pod| pod.probes.last_at().is_some_and(|at| at <= since));
            let uids = not_asked.map(|pod| pod.seen.uid.as_str());
            uids.take(WITNESSES).collect()
        });
        Self {
            state,
            now,
            is_probed: is_managed
                && state
                    .service()
                    .is_some_and(|service| service.port.is_some()),
            serve_runs: state.pods().any(is_healthy) || !is_refused,
            spares_workers: state.report().is_some_and(Report::spares_workers),
            witnesses: witnesses.unwrap_or_default(),
        }
    }

    /// The interval between the probes of a pod; None where it is not probed.
    pub fn of(&self, pod: &Pod) -> Option<Duration> {
        if !self.is_probed || pod.seen.is_terminating || pod.seen.ip.is_none() {
            return None;
        }
        if is_first_refusal(pod) || self.witnesses.contains(&pod.seen.uid.as_str()) {
            return Some(SECOND_LOOK);
        }
        if pod.is_in() && self.serve_runs || pod.probes.serves() {
            return Some(IN);
        }
        match (pod.is_head(), self.serve_runs) {
            (true, _) => Some(HEAD),
            // A worker that is in has to be seen to leave.
            (false, _) if pod.is_in() => Some(self.out()),
            (false, false) => None,
            (false, true) => (!self.spares_workers).then(|| self.out()),
        }
    }

    fn out(&self) -> Duration {
        let changed_at = self.state.changed_at();
        let age = changed_at.map(|at| self.now.saturating_duration_since(at));
        let pace = OUT
            .into_iter()
            .find(|(limit, _)| age.is_none_or(|age| age < *limit));
        pace.map_or(OUT_FOR_LONG, |(_, pace)| pace)
    }
}

fn is_first_refusal(pod: &Pod) -> bool {
    pod.is_in() && pod.probes.run() == 1 && pod.probes.last() == Some(Outcome::Refused)
}
