//! Drills of a proxy that dies or hangs while its pod stays Ready.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::{
    cluster::SETTLES,
    form::Form,
    stage::{Outcome, Stage, seconds},
    workers::{a_worker, out_and_back},
};
use crate::wait::{eventually, pause};

/// Its title as Ray sets it: `ray::ProxyActor`, on Ray 2.8 `ray::HTTPProxyActor`.
const PROXY: &str = "'^ray::(HTTP)?ProxyActor'";

const AROUND: Duration = Duration::from_secs(10);

/// Serve notices it after three failed checks, 10 s apart, and starts another.
pub(super) fn kill_proxy(stage: &mut Stage<'_>) -> Result<Outcome> {
    observe(stage, &format!("kill -KILL $(pgrep -f {PROXY})"))
}

/// It takes connections and answers none.
pub(super) fn stop_proxy(stage: &mut Stage<'_>) -> Result<Outcome> {
    // One script: it goes on in the pod whatever becomes of us.
    let script = format!("p=$(pgrep -f {PROXY}); kill -STOP $p; sleep 20; kill -CONT $p");
    observe(stage, &script)
}

/// Runs a script in the pod of a proxy, and tells when the pod left the service and came back.
fn observe(stage: &mut Stage<'_>, fault: &str) -> Result<Outcome> {
    let load = stage.load(Form::ALL_SERVE)?;
    let endpoints = stage.cluster.watch_endpoints()?;
    pause(AROUND)?;
    let worker = a_worker(stage)?;
    let began = Instant::now();
    stage.cluster.exec(&worker, fault)?;
    eventually("the proxy answers again", SETTLES, || {
        ensure!(worker.serves(), "it does not");
        Ok(())
    })?;
    let answered = began.elapsed();
    pause(AROUND)?;
    let mut outcome = Outcome::new(load.stop()?.counts());
    outcome.note(format!("it answered again after {}", seconds(answered)));
    if stage.is_with() {
        let (out, back) = out_and_back(&endpoints, &worker, began);
        let told = |time: Option<Duration>| time.map_or_else(|| "never".into(), seconds);
        outcome.note(format!(
            "out after {}, back after {}",
            told(out),
            told(back)
        ));
        let both = out.is_some() && back.is_some();
        outcome.demand(stage, both, "the pod did not leave and come back");
    }
    Ok(outcome)
}
