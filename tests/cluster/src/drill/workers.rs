//! Drills of workers that go: scaled in, deleted, evicted, lost.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{
    cluster::SETTLES,
    form::Form,
    pod::{Pod, ready_addresses},
    stage::{Outcome, Stage, seconds},
    watch::Watch,
};
use crate::{
    command::run_with_input,
    wait::{eventually, pause},
};

/// Until the load is steady, and after everything is over.
const AROUND: Duration = Duration::from_secs(10);

/// Without an autoscaler the operator deletes pods as they come, whatever runs on them.
pub(super) fn scale_in(stage: &mut Stage<'_>) -> Result<Outcome> {
    let load = stage.load(Form {
        per_worker: 3,
        ..Form::ALL_SERVE
    })?;
    pause(AROUND)?;
    stage.cluster.scale(1)?;
    stage.cluster.await_workers(1)?;
    pause(AROUND)?;
    stage.cluster.scatter();
    let mut outcome = Outcome::new(load.stop()?.counts());
    if stage.moves_replicas() {
        outcome.demand_no_failure(stage, 2);
    }
    Ok(outcome)
}

pub(super) fn delete(stage: &mut Stage<'_>) -> Result<Outcome> {
    let load = stage.load_with_long(Form::ALL_SERVE)?;
    // As many long requests as there will ever be at once.
    pause(2 * AROUND)?;
    let worker = a_worker(stage)?;
    let fault = Instant::now();
    stage
        .cluster
        .kubectl(&["delete", "pod", &worker.name, "--wait=false"])?;
    await_gone(stage, &worker)?;
    let gone = Instant::now();
    stage.cluster.await_workers(3)?;
    pause(AROUND)?;
    stage.cluster.scatter();
    let answers = load.stop()?;
    let mut outcome = Outcome::new(answers.counts());
    let until = answers.counts_within(fault, gone).each;
    outcome.note(format!(
        "the pod was gone after {}, until then {until}",
        seconds(gone - fault)
    ));
    if stage.moves_replicas() {
        outcome.demand_no_failure(stage, 1);
    }
    Ok(outcome)
}

pub(super) fn force_delete(stage: &mut Stage<'_>) -> Result<Outcome> {
    let load = stage.load(Form::ALL_SERVE)?;
    pause(AROUND)?;
    let worker = a_worker(stage)?;
    let at_once = ["--force", "--grace-period=0", "--wait=false"];
    let fault = Instant::now();
    let delete = ["delete", "pod", &worker.name];
    stage.cluster.kubectl(&[&delete[..], &at_once].concat())?;
    stage.cluster.await_workers(3)?;
    pause(AROUND)?;
    stage.cluster.scatter();
    let answers = load.stop()?;
    let mut outcome = Outcome::new(answers.counts());
    let later = answers.counts_since(fault + Duration::from_secs(3)).each;
    outcome.note(format!("from 3 s after it on: {later}"));
    Ok(outcome)
}

/// As a node's drain does it, which waits for nobody: the next one only when the last is back.
pub(super) fn evict(stage: &mut Stage<'_>) -> Result<Outcome> {
    let load = stage.load(Form::ALL_SERVE)?;
    pause(AROUND)?;
    let workers = stage.cluster.pods()?.into_iter();
    for worker in workers.filter(|pod| !pod.is_head) {
        evict_one(stage, &worker)?;
        await_gone(stage, &worker)?;
        stage.cluster.await_workers(3)?;
    }
    pause(AROUND)?;
    stage.cluster.scatter();
    let mut outcome = Outcome::new(load.stop()?.counts());
    if stage.moves_replicas() {
        outcome.demand_no_failure(stage, 3);
    }
    Ok(outcome)
}

fn evict_one(stage: &Stage<'_>, worker: &Pod) -> Result<()> {
    let namespace = &stage.cluster.namespace;
    let eviction = json!({
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": worker.name, "namespace": namespace},
    });
    let path = format!(
        "/api/v1/namespaces/{namespace}/pods/{}/eviction",
        worker.name
    );
    let mut kubectl = stage
        .cluster
        .command(&["create", "--raw", &path, "-f", "-"]);
    run_with_input(&mut kubectl, &eviction.to_string())?;
    Ok(())
}

/// One that serves.
pub(super) fn a_worker(stage: &Stage<'_>) -> Result<Pod> {
    let workers = stage.cluster.serving_workers()?.into_iter();
    workers.last().context("no worker serves")
}

fn await_gone(stage: &Stage<'_>, pod: &Pod) -> Result<()> {
    let what = format!("pod/{} is gone", pod.name);
    eventually(&what, SETTLES, || {
        let pods = stage.cluster.pods()?;
        ensure!(pods.iter().all(|other| other.uid != pod.uid), "it is there");
        Ok(())
    })
}

/// How long after a fault a pod was no endpoint any more, and how long after it was one again for good.
pub(super) fn out_and_back(
    endpoints: &Watch,
    pod: &Pod,
    fault: Instant,
) -> (Option<Duration>, Option<Duration>) {
    let mut later = endpoints.events();
    later.retain(|(at, _)| *at >= fault);
    let is_in = |event: &Value| ready_addresses([&event["object"]]).contains(&pod.ip);
    let out = later.iter().position(|(_, event)| !is_in(event));
    let last_out = later.iter().rposition(|(_, event)| !is_in(event));
    let back = last_out.map(|last| last + 1);
    [out, back]
        .map(|index| Some(later.get(index?)?.0 - fault))
        .into()
}
