//! Random faults for some time, after which everything must be as if there had been none.

use std::{
    os::unix::process::CommandExt,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::{
    cluster::SETTLES,
    controller,
    form::Form,
    pod::SERVE_LABEL,
    random::Random,
    release::restart_component,
    stage::{Outcome, Stage},
};
use crate::{
    command::run,
    component,
    demo::NAMESPACE,
    install::go::OPERATOR,
    layout::Layout,
    progress::note,
    wait::{eventually, pause},
};

const API_SERVER: &str = "kube-apiserver";

#[derive(Clone, Copy, Debug)]
enum Fault {
    /// The process that leads is killed.
    LeaderKilled,
    /// A pod of the controller is deleted.
    ControllerDeleted,
    WorkerDeleted,
    WorkerForceDeleted,
    OperatorRestarted,
    ApiServerRestarted,
    /// It takes connections and answers none for some seconds.
    ApiServerHangs,
}

const FAULTS: [Fault; 7] = [
    Fault::LeaderKilled,
    Fault::ControllerDeleted,
    Fault::WorkerDeleted,
    Fault::WorkerForceDeleted,
    Fault::OperatorRestarted,
    Fault::ApiServerRestarted,
    Fault::ApiServerHangs,
];

pub(super) fn chaos(stage: &mut Stage<'_>, time: Duration, seed: u64) -> Result<Outcome> {
    note(format!("chaos for {} s with seed {seed}", time.as_secs()));
    let load = stage.load(Form::ALL_SERVE)?;
    let mut random = Random::new(seed);
    let until = Instant::now() + time;
    let mut played = 0;
    while Instant::now() < until {
        let Some(fault) = random.choose(&FAULTS) else {
            break;
        };
        // One that cannot be played now, such as a leader's end where nobody leads, is no fault of ours.
        match play(stage, *fault, &mut random) {
            Ok(()) => note(format!("chaos: {fault:?}")),
            Err(error) => note(format!("chaos: no {fault:?}: {error:#}")),
        }
        played += 1;
        let seconds = 2 + random.below(20);
        pause(Duration::from_secs(seconds as u64))?;
    }
    stage.cluster.await_workers(Form::ALL_SERVE.workers)?;
    // Replicas may lie otherwise now; who serves must be who gets requests.
    stage.cluster.settle(None, 2 * SETTLES)?;
    let mut outcome = Outcome::new(load.stop()?.counts());
    outcome.note(format!("{played} faults, seed {seed}"));
    let is_right = eventually("selector and labels", SETTLES, || check(stage));
    if let Err(error) = is_right {
        outcome.faults.push(format!("{error:#}"));
    }
    Ok(outcome)
}

fn play(stage: &Stage<'_>, fault: Fault, random: &mut Random) -> Result<()> {
    match fault {
        Fault::LeaderKilled => controller::leader(stage.prepared)?.kill(),
        Fault::ControllerDeleted => {
            let pods = controller::pods(stage.prepared)?;
            let pod = random.choose(&pods);
            ensure!(pod.is_some(), "there is no pod of the controller");
            let mut kubectl = stage.prepared.command("kubectl");
            kubectl.args(["delete", "pod", "-n", NAMESPACE, "--wait=false"]);
            run(kubectl.args(pod))?;
        }
        Fault::WorkerDeleted => delete_worker(stage, random, &[])?,
        Fault::WorkerForceDeleted => {
            delete_worker(stage, random, &["--force", "--grace-period=0"])?;
        }
        Fault::OperatorRestarted => restart_component(OPERATOR)?,
        Fault::ApiServerRestarted => restart_component(API_SERVER)?,
        Fault::ApiServerHangs => hang_api_server(3 + random.below(12))?,
    }
    Ok(())
}

fn hang_api_server(seconds: usize) -> Result<()> {
    let layout = Layout::of_running()?;
    let process = component::find(API_SERVER)?.process(&layout);
    let pid = process.context("it does not run")?.pid;
    // A program of its own, which Ctrl-C does not reach: nobody else would wake the API server up.
    let script = format!("kill -STOP {pid}; sleep {seconds}; kill -CONT {pid}");
    run(Command::new("sh").args(["-c", &script]).process_group(0))?;
    Ok(())
}

fn delete_worker(stage: &Stage<'_>, random: &mut Random, more: &[&str]) -> Result<()> {
    let mut pods = stage.cluster.pods()?;
    pods.retain(|pod| !pod.is_head && !pod.is_terminating);
    let pod = random.choose(&pods);
    ensure!(pod.is_some(), "there is no worker");
    let name = pod.map_or("", |pod| &pod.name);
    let delete = ["delete", "pod", name, "--wait=false"];
    stage.cluster.kubectl(&[&delete[..], more].concat())?;
    Ok(())
}

/// The selector is the narrowed one, and each pod's label says what its own proxy says.
fn check(stage: &Stage<'_>) -> Result<()> {
    let mut narrowed = stage.cluster.broad.clone();
    narrowed[SERVE_LABEL] = json!("true");
    let selector = stage.cluster.selector()?;
    ensure!(selector == narrowed, "the selector is {selector}");
    for pod in stage.cluster.pods()? {
        let (label, serves) = (pod.label.as_deref() == Some("true"), pod.serves());
        ensure!(
            label == serves,
            "pod/{}: its label is {:?}, and its proxy says {:?}",
            pod.name,
            pod.label,
            pod.health()
        );
    }
    Ok(())
}
