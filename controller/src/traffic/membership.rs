//! Which pods join the serve service, and which leave it.
//!
//! | the probes say | a pod that is out | a pod that is in |
//! | --- | --- | --- |
//! | serves | joins | stays |
//! | no routes | stays out | stays |
//! | 503 | stays out | leaves at once |
//! | refused | stays out | leaves after a second look, if another pod answered meanwhile |
//! | silent, or somebody else answers | stays out | leaves after three in a row, if another pod answered meanwhile or Serve holds its proxy for dead |
//!
//! "Meanwhile" is after the first of those results and before the last of those probes began: an earlier
//! answer says nothing about a network that broke since, a later one nothing about a probe that failed
//! before it was mended. Where no pod answers any more, be it that our own network is down, that a
//! firewall rejects us, or that Serve was shut down, everybody stays where they are.

use std::cmp::Reverse;
use std::time::Instant;

use super::change::{LabelPod, Membership};
use super::cluster_state::ClusterState;
use super::event::Cause;
use super::pod::Pod;
use super::probe::Outcome;
use super::service::Selection;

/// How many times a pod has to refuse, the first time included.
const REFUSALS: u32 = 2;
/// How many results in a row have to be unknown.
const UNKNOWNS: u32 = 3;

/// The labels to set, those that join first.
pub(super) fn changes(state: &ClusterState, now: Instant) -> Vec<LabelPod> {
    let is_labelled = matches!(
        state.selection(),
        Some(Selection::Labelled | Selection::EditedLabelled)
    );
    let is_proved = || state.pods().any(|pod| may_join(pod) || serves(pod));
    if !is_labelled && !is_proved() {
        return Vec::new();
    }
    let mut changes: Vec<LabelPod> = state
        .pods()
        .filter(|pod| may_join(pod))
        .map(|pod| change(pod, Membership::In, Cause::Serves))
        .collect();
    if is_labelled && changes.is_empty() && !state.pods().any(Pod::is_in) {
        let head = nobody_else(state);
        changes.extend(head.map(|head| change(head, Membership::In, Cause::NobodyElse)));
    }
    let leaving = leaving(state, now);
    changes.extend(
        leaving
            .into_iter()
            .map(|(pod, cause)| change(pod, Membership::Out, cause)),
    );
    changes
}

fn serves(pod: &Pod) -> bool {
    !pod.seen.is_terminating && pod.probes.serves()
}

fn may_join(pod: &Pod) -> bool {
    pod.may_change() && !pod.is_in() && serves(pod)
}

/// The head to take the traffic that no pod gets: its proxy is the first to answer again, and until
/// then nobody loses anything by it. A pod that drains is still in, and still gets what there is.
fn nobody_else(state: &ClusterState) -> Option<&Pod> {
    let heads = state.pods().filter(|pod| pod.is_head() && pod.may_change());
    heads.max_by_key(|head| (head.seen.is_ready, Reverse(&head.seen.name)))
}

fn leaving(state: &ClusterState, now: Instant) -> Vec<(&Pod, Cause)> {
    let may_leave = || state.pods().filter(|pod| pod.may_change() && pod.is_in());
    let mut suspects: Vec<(&Pod, Cause)> = may_leave()
        .filter_map(|pod| Some((pod, why_leave(state, pod, now)?)))
        .collect();
    // Those that join now are not counted: the API server may refuse their labels.
    let is_kept = |pod: &Pod| {
        suspects
            .iter()
            .all(|(suspect, _)| suspect.seen.uid != pod.seen.uid)
    };
    if !may_leave().any(|pod| pod.is_endpoint() && is_kept(pod)) {
        keep_best(&mut suspects);
    }
    limit_unknowns(state, &mut suspects, may_leave().count(), now);
    suspects
}

fn why_leave(state: &ClusterState, pod: &Pod, now: Instant) -> Option<Cause> {
    let run = pod.probes.run();
    match pod.probes.last() {
        Some(Outcome::Leaving) => Some(Cause::Leaving),
        Some(Outcome::Refused) if run >= REFUSALS && pod.probes.was_open() => Some(Cause::Refused),
        Some(unknown)
            if unknown.is_unknown()
                && run >= UNKNOWNS
                && (pod.probes.was_open() || is_denied(state, pod, now)) =>
        {
            Some(Cause::Unknown)
        }
        _ if is_new_head(pod) && has_healthy_other(state, pod) => Some(Cause::NewHead),
        _ => None,
    }
}

fn is_denied(state: &ClusterState, pod: &Pod, now: Instant) -> bool {
    let (Some(report), Some(ip)) = (state.report(), pod.seen.ip) else {
        return false;
    };
    report.denies(ip, now)
}

/// A head whose container has not started yet, or whose proxy has not answered yet. Its template may
/// have put it in; with GCS fault tolerance it would take traffic before its proxy is up.
fn is_new_head(pod: &Pod) -> bool {
    let is_seen_to_fail = pod.probes.last().is_some_and(|last| !last.is_healthy());
    pod.is_head()
        && !pod.seen.is_ready
        && !pod.probes.has_served()
        && (pod.seen.container.is_none() || is_seen_to_fail)
}

fn has_healthy_other(state: &ClusterState, pod: &Pod) -> bool {
    let is_healthy = |other: &Pod| other.probes.last().is_some_and(Outcome::is_healthy);
    let mut others = state.pods().filter(|other| other.seen.uid != pod.seen.uid);
    others.any(|other| other.is_endpoint() && is_healthy(other))
}

/// Takes the pod that is to stay in from those that have a reason to leave. A proxy that answers 503
/// still serves while it drains; otherwise the head is where Serve comes back first.
fn keep_best(suspects: &mut Vec<(&Pod, Cause)>) {
    let best = suspects.iter().enumerate().max_by_key(|(_, (pod, cause))| {
        (
            pod.seen.is_ready,
            *cause == Cause::Leaving,
            pod.is_head(),
            Reverse(&pod.seen.name),
        )
    });
    if let Some((index, _)) = best {
        suspects.remove(index);
    }
}

/// Leaves no more than half of the pods that were in to leave on unknown results within the window,
/// those first that have been unknown for longest.
fn limit_unknowns(
    state: &ClusterState,
    suspects: &mut Vec<(&Pod, Cause)>,
    in_now: usize,
    now: Instant,
) {
    let removed = state.unknown_removals(now);
    let were_in = in_now + removed;
    let mut allowed = (were_in / 2).saturating_sub(removed);
    suspects.sort_by_key(|(pod, _)| (pod.probes.run_since(), &pod.seen.name));
    suspects.retain(|(_, cause)| {
        if *cause != Cause::Unknown {
            return true;
        }
        let is_allowed = allowed > 0;
        allowed = allowed.saturating_sub(1);
        is_allowed
    });
}

fn change(pod: &Pod, to: Membership, cause: Cause) -> LabelPod {
    LabelPod {
        pod: pod.seen.name.clone(),
        uid: pod.seen.uid.clone(),
        to,
        cause,
    }
}
