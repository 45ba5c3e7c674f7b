//! The controller's own pods and processes, as drills find and end them.

use std::{fs, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{
    placement::moving_replicas,
    stage::{Outcome, Stage, seconds},
    wait::eventually,
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
const LEASE: &str = "ray-serve-controller";
const READY: Duration = Duration::from_secs(120);

/// The leader is killed in the middle of each round.
pub(super) fn kill_leader(stage: &mut Stage<'_>) -> Result<Outcome> {
    let mut led_again = Vec::new();
    let rounds = if stage.is_short { 1 } else { 3 };
    let mut outcome = moving_replicas(stage, rounds, |stage| {
        let before = lease(stage.prepared)?;
        let leader = leader(stage.prepared)?;
        let began = std::time::Instant::now();
        leader.kill();
        eventually("another leader", READY, || {
            let now = lease(stage.prepared)?;
            ensure!(now != before, "the Lease is still {before}'s");
            Ok(())
        })?;
        led_again.push(began.elapsed());
        Ok(())
    })?;
    let longest = led_again.into_iter().max().unwrap_or_default();
    outcome.note(format!("led again after at most {}", seconds(longest)));
    Ok(outcome)
}

/// `kubectl rollout restart` in the middle of each round.
pub(super) fn restart(stage: &mut Stage<'_>) -> Result<Outcome> {
    let rounds = if stage.is_short { 1 } else { 3 };
    moving_replicas(stage, rounds, |stage| {
        let deployment = deployment(stage.prepared)?;
        for verb in ["restart", "status"] {
            let mut kubectl = stage.prepared.command("kubectl");
            run(kubectl.args(["rollout", verb, "-n", NAMESPACE, &deployment]))?;
        }
        Ok(())
    })
}

/// `deployment/NAME`
fn deployment(prepared: &Prepared) -> Result<String> {
    let all = in_its_namespace(prepared, "deployments")?;
    let is_controller = |deployment: &&Value| is_controller(&deployment["spec"]["template"]);
    let found = all.iter().find(is_controller);
    let name = found.and_then(|deployment| deployment["metadata"]["name"].as_str());
    let name = name.with_context(|| format!("no controller in namespace {NAMESPACE}"))?;
    Ok(format!("deployment/{name}"))
}

/// The names of its pods.
pub(super) fn pods(prepared: &Prepared) -> Result<Vec<String>> {
    let all = in_its_namespace(prepared, "pods")?;
    let names = all.iter().filter(|pod| is_controller(pod));
    let names = names.filter_map(|pod| pod["metadata"]["name"].as_str());
    Ok(names.map(str::to_owned).collect())
}

fn in_its_namespace(prepared: &Prepared, what: &str) -> Result<Vec<Value>> {
    let mut kubectl = prepared.command("kubectl");
    let list = run(kubectl.args(["get", what, "-n", NAMESPACE, "-o", "json"]))?;
    let list: Value = serde_json::from_str(&list)?;
    list["items"].as_array().cloned().context("no list")
}

/// Whatever the chart calls it, it is what the program is told to be.
fn is_controller(pod: &Value) -> bool {
    pod["spec"]["containers"][0]["args"][0] == CONTROLLER
}

/// Its processes; they are on this machine.
pub(super) fn processes() -> Result<Vec<Process>> {
    let program = format!("/{WEBHOOK}");
    let found = process::find(|words| {
        words.first() == Some(&program) && words.get(1).is_some_and(|word| word == CONTROLLER)
    });
    ensure!(!found.is_empty(), "no controller runs on this machine");
    Ok(found)
}

/// The process of the pod that holds the Lease; the identity there begins with the pod's name.
pub(super) fn leader(prepared: &Prepared) -> Result<Process> {
    let holder = lease(prepared)?;
    let leads = |process: &Process| {
        hostname(process.pid).is_some_and(|pod| !pod.is_empty() && holder.starts_with(&pod))
    };
    let leader = processes()?.into_iter().find(leads);
    leader.with_context(|| format!("no process of {holder:?}, which holds the Lease"))
}

/// Who holds it.
fn lease(prepared: &Prepared) -> Result<String> {
    let path = "jsonpath={.spec.holderIdentity}";
    let mut kubectl = prepared.command("kubectl");
    run(kubectl.args(["get", "lease", LEASE, "-n", NAMESPACE, "-o", path]))
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
