//! The controller's own pods and processes, and drills that end them.

use std::{fs, process::Command, time::Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{
    placement::moving_replicas,
    stage::{Outcome, Stage, seconds},
    watch::Watch,
};
use crate::{
    command::run,
    demo::NAMESPACE,
    install::programs::WEBHOOK,
    process::{self, Process},
    target::Prepared,
};

/// The program's subcommand.
const CONTROLLER: &str = "controller";
/// By which one of its pods leads.
const LEASE: &str = "ray-serve-webhook-controller";

/// The leader is killed in the middle of each round.
pub(super) fn kill_leader(stage: &mut Stage<'_>) -> Result<Outcome> {
    let lease = watch_lease(stage.prepared)?;
    let mut killed = Vec::new();
    let mut outcome = moving_replicas(stage, |stage| {
        leader(stage.prepared)?.kill();
        killed.push(Instant::now());
        Ok(())
    })?;
    let led_again: Option<Vec<_>> = killed.iter().map(|at| led_again(&lease, *at)).collect();
    match led_again.and_then(|times| times.into_iter().max()) {
        Some(longest) => outcome.note(format!("another led after at most {}", seconds(longest))),
        None => outcome.demand(stage, false, "nobody led again"),
    }
    Ok(outcome)
}

/// `kubectl rollout restart` in the middle of each round.
pub(super) fn restart(stage: &mut Stage<'_>) -> Result<Outcome> {
    let lease = watch_lease(stage.prepared)?;
    let mut restarted = Vec::new();
    let mut outcome = moving_replicas(stage, |stage| {
        let deployment = deployment(stage.prepared)?;
        let mut kubectl = in_its_namespace(stage.prepared);
        run(kubectl.args(["rollout", "restart", &deployment]))?;
        restarted.push(Instant::now());
        Ok(())
    })?;
    let led_again: Option<Vec<_>> = restarted.iter().map(|at| led_again(&lease, *at)).collect();
    match led_again.and_then(|times| times.into_iter().max()) {
        Some(longest) => outcome.note(format!(
            "the new one led after at most {}",
            seconds(longest)
        )),
        None => outcome.demand(stage, false, "nobody led again"),
    }
    Ok(outcome)
}

/// From some moment until somebody else held the Lease than at that moment.
fn led_again(lease: &Watch, after: Instant) -> Option<std::time::Duration> {
    let holder = |event: &Value| event["object"]["spec"]["holderIdentity"].clone();
    let events = lease.events();
    let (_, last) = events.iter().rfind(|(at, _)| *at <= after)?;
    let is_other = |event: &Value| {
        let now = holder(event);
        now != holder(last) && now.as_str().is_some_and(|name| !name.is_empty())
    };
    Some(lease.first(after, is_other)? - after)
}

fn watch_lease(prepared: &Prepared) -> Result<Watch> {
    Watch::start(in_its_namespace(prepared).args(["get", "lease", LEASE]))
}

/// `deployment/NAME`
fn deployment(prepared: &Prepared) -> Result<String> {
    let all = list(prepared, "deployments")?;
    let is_controller = |deployment: &&Value| is_controller(&deployment["spec"]["template"]);
    let found = all.iter().find(is_controller);
    let name = found.and_then(|deployment| deployment["metadata"]["name"].as_str());
    let name = name.with_context(|| format!("no controller in namespace {NAMESPACE}"))?;
    Ok(format!("deployment/{name}"))
}

/// The names of its pods.
pub(super) fn pods(prepared: &Prepared) -> Result<Vec<String>> {
    let all = list(prepared, "pods")?;
    let names = all.iter().filter(|pod| is_controller(pod));
    let names = names.filter_map(|pod| pod["metadata"]["name"].as_str());
    Ok(names.map(str::to_owned).collect())
}

/// Whatever the chart calls it, it is what the program is told to be.
fn is_controller(pod: &Value) -> bool {
    pod["spec"]["containers"][0]["args"][0] == CONTROLLER
}

fn list(prepared: &Prepared, what: &str) -> Result<Vec<Value>> {
    let list = run(in_its_namespace(prepared).args(["get", what, "-o", "json"]))?;
    let list: Value = serde_json::from_str(&list)?;
    list["items"].as_array().cloned().context("no list")
}

fn in_its_namespace(prepared: &Prepared) -> Command {
    let mut kubectl = prepared.command("kubectl");
    kubectl.args(["-n", NAMESPACE]);
    kubectl
}

/// The processes of its pods, with the pods' names; they are on this machine.
pub(super) fn processes(prepared: &Prepared) -> Result<Vec<(String, Process)>> {
    let program = format!("/{WEBHOOK}");
    let found = process::find(|words| {
        words.first() == Some(&program) && words.get(1).is_some_and(|word| word == CONTROLLER)
    });
    let pods = pods(prepared)?;
    let named = found.into_iter().filter_map(|process| {
        let pod = hostname(process.pid)?;
        pods.contains(&pod).then_some((pod, process))
    });
    let processes: Vec<_> = named.collect();
    ensure!(
        !processes.is_empty(),
        "no process on this machine is the controller of namespace {NAMESPACE}"
    );
    Ok(processes)
}

/// The process of the pod that holds the Lease.
pub(super) fn leader(prepared: &Prepared) -> Result<Process> {
    let path = "jsonpath={.spec.holderIdentity}";
    let holder = run(in_its_namespace(prepared).args(["get", "lease", LEASE, "-o", path]))?;
    // The pod's name, and what tells this process of it from others.
    let name = holder.split('_').next().unwrap_or_default();
    let mut processes = processes(prepared)?.into_iter();
    let leader = processes.find(|(pod, _)| pod == name);
    let (_, process) =
        leader.with_context(|| format!("no process of {holder:?}, which holds the Lease"))?;
    Ok(process)
}

/// The kubelet gives each container its pod's name.
fn hostname(pid: i32) -> Option<String> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let mut variables = environment.split(|byte| *byte == 0);
    variables.find_map(|variable| {
        let name = variable.strip_prefix(b"HOSTNAME=")?;
        String::from_utf8(name.to_vec()).ok()
    })
}
