//! Drills of the product's own coming and going, and of people and operators who change the service.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{
    cluster::{SETTLES, service},
    column::{self, Column},
    form::Form,
    stage::{Outcome, Stage, seconds},
};
use crate::{
    wait::{eventually, pause},
    {component, install::go::OPERATOR, layout::Layout},
};

const AROUND: Duration = Duration::from_secs(10);

/// Every pod serves, so the operator's selector loses nothing either.
pub(super) fn uninstall(stage: &mut Stage<'_>) -> Result<Outcome> {
    let load = stage.load(Form::ALL_SERVE)?;
    pause(AROUND)?;
    column::uninstall(stage.prepared)?;
    let is_back = stage.cluster.selector()? == stage.cluster.broad;
    pause(2 * AROUND)?;
    let mut outcome = Outcome::new(load.stop()?.counts());
    outcome.note(if is_back {
        "the selector was back when helm ended"
    } else {
        "the selector was not back"
    });
    outcome.demand(stage, is_back, "the selector was not given back");
    outcome.demand_no_failure(stage, 0);
    column::install(stage.prepared, Column::With)?;
    stage.cluster.settle(Some(Form::ALL_SERVE), SETTLES)?;
    await_narrowed(stage)?;
    Ok(outcome)
}

/// The operator makes it again, with its own selector.
pub(super) fn delete_service(stage: &mut Stage<'_>) -> Result<Outcome> {
    stage.cluster.bring(Form::ONE_REPLICA)?;
    await_narrowed(stage)?;
    let watch = stage.cluster.watch_service()?;
    pause(Duration::from_secs(2))?;
    let fault = Instant::now();
    stage.cluster.kubectl(&["delete", &service()])?;
    let broad = &stage.cluster.broad;
    let selector = |event: &Value| event["object"]["spec"]["selector"].clone();
    let (made, narrowed) = eventually("the service is there and narrowed", SETTLES, || {
        let made = watch.first(fault, |event| {
            event["type"] == "ADDED" && selector(event) == *broad
        });
        let made = made.context("it is not made again")?;
        let narrowed = watch.first(made, |event| selector(event) != *broad);
        Ok((made, narrowed.context("it is not narrowed again")?))
    })?;
    let mut outcome = Outcome::default();
    outcome.note(format!(
        "narrowed again {} after the operator had made it",
        seconds(narrowed - made)
    ));
    Ok(outcome)
}

/// A person's edit wins.
pub(super) fn edit_selector(stage: &mut Stage<'_>) -> Result<Outcome> {
    let load = stage.load(Form::ALL_SERVE)?;
    await_narrowed(stage)?;
    let mut edited = stage.cluster.broad.clone();
    edited["ray.io/node-type"] = json!("head");
    set_selector(stage, &edited)?;
    pause(2 * AROUND)?;
    let is_kept = stage.cluster.selector()? == edited;
    let mut outcome = Outcome::new(load.stop()?.counts());
    outcome.note(if is_kept {
        "the edited selector was left alone"
    } else {
        "the edited selector was changed"
    });
    outcome.demand(stage, is_kept, "a person's edit did not win");
    outcome.demand_no_failure(stage, 0);
    set_selector(stage, &stage.cluster.broad)?;
    await_narrowed(stage)?;
    Ok(outcome)
}

/// Of the KubeRay operator.
pub(super) fn restart_operator(stage: &mut Stage<'_>) -> Result<Outcome> {
    let load = stage.load(Form::ALL_SERVE)?;
    await_narrowed(stage)?;
    let before = stage.cluster.selector()?;
    restart_component(OPERATOR)?;
    pause(2 * AROUND)?;
    let is_kept = stage.cluster.selector()? == before;
    let mut outcome = Outcome::new(load.stop()?.counts());
    outcome.demand(stage, is_kept, "the operator changed the selector");
    outcome.demand_no_failure(stage, 0);
    Ok(outcome)
}

/// Ends a component of the cluster and starts it again.
pub(super) fn restart_component(name: &str) -> Result<()> {
    let layout = Layout::of_running()?;
    let component = component::find(name)?;
    component.end(&layout);
    component.start(&layout)?;
    component.await_ready(&layout)
}

fn set_selector(stage: &Stage<'_>, selector: &Value) -> Result<()> {
    let replace = json!([{"op": "replace", "path": "/spec/selector", "value": selector}]);
    let patch = [
        "patch",
        &service(),
        "--type=json",
        "-p",
        &replace.to_string(),
    ];
    stage.cluster.kubectl(&patch)?;
    Ok(())
}

fn await_narrowed(stage: &Stage<'_>) -> Result<()> {
    eventually("the service is narrowed", SETTLES, || {
        let selector = stage.cluster.selector()?;
        ensure!(
            selector != stage.cluster.broad,
            "its selector is {selector}"
        );
        Ok(())
    })
}
