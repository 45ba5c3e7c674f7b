//! Drills of a controller that reaches no pod any more, while everybody else does.

use std::{
    collections::BTreeMap,
    process::Command,
    slice,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{
    cluster::{PORT, SETTLES},
    controller,
    form::Form,
    pod::Pod,
    stage::{Outcome, Stage},
    watch::Watch,
    workers::a_worker,
};
use crate::{
    command::{run, succeeds},
    process::Process,
    progress::note,
    target::Prepared,
    wait::pause,
};

/// Long enough for everything that follows from an unreachable pod.
const BLIND: Duration = Duration::from_secs(20);

pub(super) fn blind(stage: &mut Stage<'_>) -> Result<Outcome> {
    let load = stage.load(Form::ALL_SERVE)?;
    let labels = stage.cluster.watch_pods()?;
    pause(Duration::from_secs(5))?;
    let everybody = stage.cluster.pods()?;
    let blindfold = |target: &[&str]| {
        let before = changed_labels(&labels);
        let fold = Blindfold::new(stage, &everybody, target)?;
        pause(BLIND)?;
        drop(fold);
        pause(BLIND / 2)?;
        anyhow::Ok(changed_labels(&labels) - before)
    };
    let (dropped, rejected) = (blindfold(DROP)?, blindfold(REJECT)?);
    let one = a_worker(stage)?;
    let events = stage.cluster.watch_events()?;
    pause(Duration::from_secs(2))?;
    let fault = Instant::now();
    let fold = Blindfold::new(stage, slice::from_ref(&one), DROP)?;
    pause(BLIND)?;
    drop(fold);
    let told = told_about(&events, &one, fault);
    stage.cluster.settle(Some(Form::ALL_SERVE), SETTLES)?;
    let mut outcome = Outcome::new(load.stop()?.counts());
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
    let mut last = BTreeMap::new();
    let mut changes = 0;
    for (_, event) in pods.events() {
        let pod = Pod::new(&event["object"]);
        let before = last.insert(pod.uid, pod.label.clone());
        changes += usize::from(before.is_some_and(|before| before != pod.label));
    }
    changes
}

/// Whether a person is told of the pod, and the reason of the event.
fn told_about(events: &Watch, pod: &Pod, after: Instant) -> Option<String> {
    let reason = |event: &Value| event["object"]["reason"].as_str().map(str::to_owned);
    let mut later = events.events().into_iter().filter(|(at, _)| *at >= after);
    let (_, event) = later.find(|(_, event)| {
        let note = event["object"]["note"].as_str().unwrap_or_default();
        let is_of_probes =
            ["CannotProbe", "ServePodLeft"].contains(&&*reason(event).unwrap_or_default());
        is_of_probes && note.contains(&pod.name)
    })?;
    reason(&event)
}

const DROP: &[&str] = &["DROP"];
const REJECT: &[&str] = &["REJECT", "--reject-with", "tcp-reset"];

/// Only what the drill itself made is ever removed.
const CHAIN: &str = "KUBECTL-RAY-DRILL";

/// What the controller sends to some pods' Serve port is dropped or rejected, until this is dropped.
struct Blindfold<'a> {
    prepared: &'a Prepared,
    controllers: Vec<Process>,
}

impl<'a> Blindfold<'a> {
    fn new(stage: &Stage<'a>, pods: &[Pod], target: &[&str]) -> Result<Self> {
        let prepared = stage.prepared;
        let controllers = controller::processes(prepared)?.into_iter();
        let fold = Self {
            prepared,
            controllers: controllers.map(|(_, process)| process).collect(),
        };
        let port = PORT.to_string();
        for controller in &fold.controllers {
            let rule = |arguments: &[&str]| run(fold.iptables(controller).args(arguments));
            rule(&["-N", CHAIN]).context("cannot cut the controller off")?;
            for pod in pods {
                let to_pod = ["-A", CHAIN, "-d", &pod.ip, "-p", "tcp", "--dport", &port];
                rule(&[&to_pod[..], &["-j"], target].concat())?;
            }
            rule(&["-I", "OUTPUT", "-j", CHAIN])?;
        }
        Ok(fold)
    }

    /// In the network namespace of a pod, with which its rules go.
    fn iptables(&self, controller: &Process) -> Command {
        let mut command = self.prepared.command("nsenter");
        let pid = controller.pid.to_string();
        command.args(["--net", "--target", &pid, "iptables", "--wait"]);
        command
    }
}

impl Drop for Blindfold<'_> {
    fn drop(&mut self) {
        let undo = [
            &["-D", "OUTPUT", "-j", CHAIN][..],
            &["-F", CHAIN],
            &["-X", CHAIN],
        ];
        for controller in self.controllers.iter().filter(|one| one.alive()) {
            for arguments in undo {
                if !succeeds(self.iptables(controller).args(arguments)) {
                    note(format!(
                        "cannot undo the blindfold: iptables {}",
                        arguments.join(" ")
                    ));
                }
            }
        }
    }
}
