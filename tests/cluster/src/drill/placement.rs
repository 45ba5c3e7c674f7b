//! Drills of what happens without any fault: pods without a proxy, and replicas that come and go.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{
    form::{Form, Proxies},
    health::{Change, Health},
    load::Load,
    pod::ready_addresses,
    stage::{Outcome, Stage, seconds},
    watch::Watch,
};
use crate::wait::pause;

/// Serve drains a proxy for 30 s and looks every 5 s.
const DRAINED: Duration = Duration::from_secs(45);

pub(super) fn head_only_one(stage: &mut Stage<'_>) -> Result<Outcome> {
    head_only(stage, 1)
}

pub(super) fn head_only_three(stage: &mut Stage<'_>) -> Result<Outcome> {
    head_only(stage, 3)
}

/// Workers are ready, and have no proxy.
fn head_only(stage: &mut Stage<'_>, workers: usize) -> Result<Outcome> {
    let load = stage.load(Form::head_only(workers))?;
    pause(Duration::from_secs(if stage.is_short { 5 } else { 60 }))?;
    let mut outcome = Outcome::new(load.stop()?.counts());
    outcome.demand_no_failure(stage, 0);
    Ok(outcome)
}

/// A cluster that has never served gets its first application while requests come already.
pub(super) fn first_submit(stage: &mut Stage<'_>) -> Result<Outcome> {
    if stage.cluster.has_served {
        stage.cluster.recreate()?;
    }
    let cluster = &mut stage.cluster;
    let (service, health) = (cluster.watch_service()?, Health::watch(&[cluster.head()?]));
    let load = Load::start(cluster.address()?, false)?;
    cluster.submit(Form::ONE_REPLICA)?;
    let running = Instant::now();
    pause(Duration::from_secs(if stage.is_short { 5 } else { 30 }))?;
    let (answers, health) = (load.stop()?, health.end()?);
    let mut outcome = Outcome::new(answers.counts_since(running));
    let first = health.iter().find(|change| change.status == Some(200));
    let first = first.context("the head's proxy never answered")?.at;
    outcome.note(format!(
        "counted from RUNNING on, which was {} the head's first 200",
        apart(running, first)
    ));
    if stage.is_with() {
        let broad = &stage.cluster.broad;
        let is_narrow = |event: &Value| event["object"]["spec"]["selector"] != *broad;
        let narrowed = service
            .events()
            .into_iter()
            .find(|(_, event)| is_narrow(event));
        let (narrowed, _) = narrowed.context("the service was not narrowed")?;
        outcome.note(format!("narrowed {} it", apart(narrowed, first)));
        // Before that Ray may say RUNNING of an application that no proxy knows yet. The node's rules
        // follow the selector within a second.
        let later = answers.counts_since(running.max(narrowed + Duration::from_secs(1)));
        let failed = later.each.failed() + later.kept.failed();
        let fault = format!("{failed} requests failed after that");
        outcome.demand(stage, failed == 0, fault);
    }
    Ok(outcome)
}

/// 1.5 s before, or after.
fn apart(one: Instant, other: Instant) -> String {
    if one < other {
        format!("{} before", seconds(other - one))
    } else {
        format!("{} after", seconds(one - other))
    }
}

pub(super) fn replicas(stage: &mut Stage<'_>) -> Result<Outcome> {
    moving_replicas(stage, |_| Ok(()))
}

/// From 1 replica to 6 and back; in the middle of each round `disturb` may do something else.
pub(super) fn moving_replicas(
    stage: &mut Stage<'_>,
    mut disturb: impl FnMut(&Stage<'_>) -> Result<()>,
) -> Result<Outcome> {
    const MANY: Form = Form {
        replicas: 6,
        proxies: Proxies::EveryNode,
        ..Form::ONE_REPLICA
    };
    let load = stage.load(Form::ONE_REPLICA)?;
    let endpoints = stage.cluster.watch_endpoints()?;
    let health = Health::watch(&stage.cluster.pods()?);
    for _ in 0..if stage.is_short { 1 } else { 3 } {
        stage.cluster.submit(MANY)?;
        pause(Duration::from_secs(10))?;
        disturb(stage)?;
        stage.cluster.submit(Form::ONE_REPLICA)?;
        pause(DRAINED)?;
    }
    let mut outcome = Outcome::new(load.stop()?.counts());
    let left = leaving(&health.end()?, &endpoints);
    if stage.is_with()
        && let Some(longest) = left.iter().max()
    {
        outcome.note(format!(
            "{} times a proxy drained, out of the service at most {} after its first 503",
            left.len(),
            seconds(*longest)
        ));
    }
    outcome.demand_no_failure(stage, left.len());
    Ok(outcome)
}

/// For each proxy that began to drain, the time until its pod was no endpoint any more.
fn leaving(health: &[Change], endpoints: &Watch) -> Vec<Duration> {
    let mut last = BTreeMap::new();
    let drains = health.iter().filter(|change| {
        // One that starts says 503 too.
        last.insert(&change.ip, change.status) == Some(Some(200)) && change.status == Some(503)
    });
    drains
        .filter_map(|change| {
            // The controller may have asked a moment before us.
            let after = change.at.checked_sub(Duration::from_secs(1))?;
            let is_out = |event: &Value| !ready_addresses([&event["object"]]).contains(&change.ip);
            let out = endpoints.first(after, is_out)?;
            Some(out.saturating_duration_since(change.at))
        })
        .collect()
}
