//! Drills of a controller that reaches no pod any more, while everybody else does.

use std::{process::Command, time::Duration};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{
    cluster::{PORT, SETTLES},
    controller,
    form::Form,
    pod::Pod,
    stage::{Outcome, Stage},
    wait::pause,
    watch::Watch,
    workers::a_worker,
};
use crate::{
    command::{run, succeeds},
    progress::note,
};

/// Long enough for everything that follows from an unreachable pod.
const BLIND: Duration = Duration::from_secs(20);

pub(super) fn blind(stage: &mut Stage<'_>) -> Result<Outcome> {
    let load = stage.load(Form::ALL_SERVE)?;
    let labels = stage.cluster.watch_pods()?;
    pause(Duration::from_secs(5))?;
    let everybody = stage.cluster.pods()?;
    let mut changes = Vec::new();
    for target in [DROP, REJECT] {
        let before = changed_labels(&labels);
        let fold = Blindfold::new(&everybody, target)?;
        pause(BLIND)?;
        drop(fold);
        pause(BLIND / 2)?;
        changes.push(changed_labels(&labels) - before);
    }
    let one = a_worker(stage)?;
    let fold = Blindfold::new(std::slice::from_ref(&one), DROP)?;
    pause(BLIND)?;
    drop(fold);
    let told = told_about(stage, &one)?;
    stage.cluster.settle(Some(Form::ALL_SERVE), SETTLES)?;
    let mut outcome = Outcome::new(load.stop()?.counts());
    let [dropped, rejected] = changes[..] else {
        anyhow::bail!("two blindfolds were expected")
    };
    outcome.note(format!(
        "all pods out of its reach, silent: {dropped} labels changed; refusing: {rejected}"
    ));
    outcome.note(match &told {
        Some(told) => format!("one pod out of its reach: {told}"),
        None => "one pod out of its reach: nothing told".to_owned(),
    });
    outcome.demand(
        stage,
        dropped + rejected == 0,
        "labels changed without a cause",
    );
    outcome.demand(
        stage,
        told.is_some(),
        "nobody was told of the pod out of reach",
    );
    outcome.demand_no_failure(stage, 0);
    Ok(outcome)
}

/// How often a pod's label was another than before.
fn changed_labels(pods: &Watch) -> usize {
    let mut last = std::collections::BTreeMap::new();
    let mut changes = 0;
    for (_, event) in pods.events() {
        let pod = Pod::new(&event["object"]);
        let before = last.insert(pod.uid, pod.label.clone());
        changes += usize::from(before.is_some_and(|before| before != pod.label));
    }
    changes
}

/// The reason of the event that says so.
fn told_about(stage: &Stage<'_>, pod: &Pod) -> Result<Option<String>> {
    let list = stage.cluster.get("events.events.k8s.io")?;
    let events = list["items"].as_array().context("no list of events")?;
    let is_about = |event: &&Value| {
        let note = event["note"].as_str().unwrap_or_default();
        let reason = event["reason"].as_str().unwrap_or_default();
        note.contains(&pod.name) && ["CannotProbe", "ServePodLeft"].contains(&reason)
    };
    let event = events.iter().rfind(is_about);
    Ok(event
        .and_then(|event| event["reason"].as_str())
        .map(str::to_owned))
}

const DROP: &[&str] = &["DROP"];
const REJECT: &[&str] = &["REJECT", "--reject-with", "tcp-reset"];

/// Only what the drill itself made is ever removed.
const CHAIN: &str = "KUBECTL-RAY-DRILL";

/// What the controller sends to some pods' Serve port is dropped or rejected, until this is dropped.
struct Blindfold(Vec<i32>);

impl Blindfold {
    fn new(pods: &[Pod], target: &[&str]) -> Result<Self> {
        let controllers = controller::processes()?;
        let fold = Self(controllers.iter().map(|process| process.pid).collect());
        let port = PORT.to_string();
        for pid in &fold.0 {
            let rule = |arguments: &[&str]| run(iptables(*pid).args(arguments));
            rule(&["-N", CHAIN]).context("cannot cut the controller off")?;
            for pod in pods {
                let to_pod = ["-A", CHAIN, "-d", &pod.ip, "-p", "tcp", "--dport", &port];
                rule(&[&to_pod[..], &["-j"], target].concat())?;
            }
            rule(&["-I", "OUTPUT", "-j", CHAIN])?;
        }
        Ok(fold)
    }
}

impl Drop for Blindfold {
    fn drop(&mut self) {
        for pid in &self.0 {
            for arguments in [
                &["-D", "OUTPUT", "-j", CHAIN][..],
                &["-F", CHAIN],
                &["-X", CHAIN],
            ] {
                if !succeeds(iptables(*pid).args(arguments)) {
                    note(format!(
                        "cannot undo {arguments:?} in the network of process {pid}"
                    ));
                }
            }
        }
    }
}

/// In the network namespace of a process, which takes its rules with it when it ends.
fn iptables(pid: i32) -> Command {
    let mut command = Command::new("nsenter");
    command
        .args(["--net", "--target", &pid.to_string(), "iptables", "--wait"])
        .env(
            "PATH",
            crate::layout::Layout::of_running()
                .map(|l| l.path())
                .unwrap_or_default(),
        );
    command
}
