//! `cargo cluster bench controller`: many RayClusters whose pods are no more than objects and addresses.
//!
//! The pods of the [`fleet`] are KubeRay's to the letter ([`manifest`]), on a [`node`] that is none;
//! [`proxies`] answer for all of them. The controller runs as it is [`deployed`] by the chart, on the
//! API server and etcd of the real cluster, whose part of the processor is not counted.

mod api;
mod deployed;
mod fleet;
mod manifest;
mod node;
mod proxies;

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use clap::Args;

use self::{
    api::Api,
    deployed::{Controller, Deployed, Metrics},
    fleet::{Fleet, Versions},
    manifest::PODS_EACH,
    node::Node,
    proxies::Proxies,
};
use super::{
    pairs::Figure,
    report::{Goal, Report, Unit},
};
use crate::{
    install::programs::Profile,
    layout::Layout,
    progress::{note, step},
    target::{Prepared, Target},
    wait::{catch_interrupts, pause},
};

const MOST_CLUSTERS: u32 = 5000;

/// Until every pod is labelled, at worst.
const LABELS: Duration = Duration::from_secs(600);
/// Without a write, so that all is written that was to be: people are told of one pod after another.
const SETTLED: Duration = Duration::from_secs(15);
const REST: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);

const MEMORY: Goal = Goal::AtMost(100e6);
const PROCESSOR: Goal = Goal::AtMost(0.05);
const WRITES: Goal = Goal::AtMost(0.0);

/// The family of what the controller changed.
const CHANGES: &str = "changes_total";

#[derive(Args, Clone, Debug)]
pub struct Size {
    #[command(flatten)]
    target: Target,
    /// RayClusters of ten pods each; a tenth of them is measured too
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(10..=i64::from(MOST_CLUSTERS)), value_name = "N")]
    clusters: u32,
}

type Line = (&'static str, Unit, fn(&Measured) -> f64, Goal);

const LINES: [Line; 12] = [
    (
        "first start to all pods labelled",
        Unit::Time,
        |m| m.labelled,
        Goal::None,
    ),
    (
        "later start to all pods probed",
        Unit::Time,
        |m| m.pictured,
        Goal::AtMost(30.0),
    ),
    ("memory at rest", Unit::Bytes, |m| m.at_rest.memory, MEMORY),
    (
        "  at most until then",
        Unit::Bytes,
        |m| m.at_rest.most_memory,
        MEMORY,
    ),
    (
        "  after a restart",
        Unit::Bytes,
        |m| m.after_restart.memory,
        MEMORY,
    ),
    (
        "  at most until then",
        Unit::Bytes,
        |m| m.after_restart.most_memory,
        MEMORY,
    ),
    (
        "processor at rest",
        Unit::Share,
        |m| m.at_rest.processor,
        PROCESSOR,
    ),
    (
        "  after a restart",
        Unit::Share,
        |m| m.after_restart.processor,
        PROCESSOR,
    ),
    (
        "probes at rest",
        Unit::PerSecond,
        |m| m.at_rest.probes_per_second,
        Goal::None,
    ),
    (
        "  after a restart",
        Unit::PerSecond,
        |m| m.after_restart.probes_per_second,
        Goal::None,
    ),
    ("writes at rest", Unit::Count, |m| m.at_rest.writes, WRITES),
    (
        "  after a restart",
        Unit::Count,
        |m| m.after_restart.writes,
        WRITES,
    ),
];

/// Of one size. Times are in seconds, memory in bytes.
#[derive(Clone, Copy)]
struct Measured {
    /// From its first start until all pods are labelled and all services narrowed.
    labelled: f64,
    /// From a later start until it has probed as often as there are pods.
    pictured: f64,
    at_rest: AtRest,
    after_restart: AtRest,
}

#[derive(Clone, Copy)]
struct AtRest {
    memory: f64,
    /// Since its start.
    most_memory: f64,
    /// The share of one processor.
    processor: f64,
    probes_per_second: f64,
    writes: f64,
}

pub(super) fn bench(layout: &Layout, size: &Size) -> Result<()> {
    let prepared = size.target.prepare_as(layout, Profile::Shipped)?;
    catch_interrupts()?;
    let api = Api::start(&prepared)?;
    let proxies = Proxies::start(&api)?;
    let _node = Node::create(&api)?;
    let tenth = measure(&prepared, &api, &proxies, size.clusters / 10)?;
    let all = measure(&prepared, &api, &proxies, size.clusters)?;
    print!("{}", report(size.clusters, &all, &tenth));
    note(format!(
        "{PODS_EACH} pods each, all of which serve; at rest for {} s; the controller's Lease is no write here",
        REST.as_secs()
    ));
    Ok(())
}

fn measure(prepared: &Prepared, api: &Api, proxies: &Proxies, clusters: u32) -> Result<Measured> {
    let fleet = Fleet::create(api, clusters, proxies.port)?;
    let (deployed, controller) = Deployed::install(prepared)?;
    let pods = f64::from(clusters * PODS_EACH);

    let progress = step("until every pod is labelled");
    let labelled = await_metrics(&controller, |metrics| {
        metrics.sum("pods", "state=\"in\"") >= pods
            && metrics.sum("clusters", "selection=\"labelled\"") >= f64::from(clusters)
    })?;
    progress.done();
    let settled = settle(&fleet)?;
    let changes = controller.metrics()?.sum(CHANGES, "");
    let at_rest = rest(&fleet, &controller, &settled, changes)?;

    let before = fleet.versions()?;
    let controller = deployed.restart()?;
    let progress = step("until every pod is probed");
    let pictured = await_metrics(&controller, |metrics| {
        metrics.sum("probes_total", "result=\"serves\"") >= pods
    })?;
    progress.done();
    let after_restart = rest(&fleet, &controller, &before, 0.0)?;
    Ok(Measured {
        labelled,
        pictured,
        at_rest,
        after_restart,
    })
}

/// Waits until the controller's metrics say that something is so, and returns its age.
fn await_metrics(controller: &Controller, is_so: impl Fn(&Metrics) -> bool) -> Result<f64> {
    let until = Instant::now() + LABELS;
    loop {
        // Not yet answering, or busy with its start.
        let metrics = controller.metrics();
        if metrics.as_ref().is_ok_and(&is_so) {
            return controller.age();
        }
        controller.age()?;
        if Instant::now() > until {
            let said = metrics?;
            bail!(
                "not after {} s; the controller says:\n{said}",
                LABELS.as_secs()
            );
        }
        pause(POLL)?;
    }
}

/// Waits until nothing is written any more.
fn settle(fleet: &Fleet<'_>) -> Result<Versions> {
    let progress = step("until nothing is written any more");
    let until = Instant::now() + LABELS;
    let mut before = fleet.versions()?;
    loop {
        pause(SETTLED)?;
        let now = fleet.versions()?;
        if now.written_since(&before).is_empty() {
            progress.done();
            return Ok(now);
        }
        ensure!(Instant::now() < until, "something writes on and on");
        before = now;
    }
}

/// Measures while nothing happens; `versions` and `changes` are of before, and nothing happened since.
fn rest(
    fleet: &Fleet<'_>,
    controller: &Controller,
    versions: &Versions,
    changes: f64,
) -> Result<AtRest> {
    let progress = step("measuring at rest");
    let probes = || Ok::<_, anyhow::Error>(controller.metrics()?.sum("probes_total", ""));
    let (began, probes_before) = (Instant::now(), probes()?);
    let processor_before = controller.processor_time()?;
    pause(REST)?;
    let took = began.elapsed().as_secs_f64();
    let processor = (controller.processor_time()? - processor_before) / took;
    let probes_per_second = (probes()? - probes_before) / took;
    let (memory, most_memory) = (controller.memory("VmRSS")?, controller.memory("VmHWM")?);

    let metrics = controller.metrics()?;
    ensure!(
        metrics.sum("pods", "state=\"out\"") == 0.0,
        "some pods are out, so it was not at rest:\n{metrics}"
    );
    let by_its_own_count = metrics.sum(CHANGES, "") - changes;
    let versions_now = fleet.versions()?;
    let written = versions_now.written_since(versions);
    progress.done();
    if let [first, ..] = written[..] {
        note(format!(
            "{} objects were written, such as {first}",
            written.len()
        ));
    }
    Ok(AtRest {
        memory,
        most_memory,
        processor,
        probes_per_second,
        // A write that changes nothing leaves the version, and what is told of is in no metric.
        writes: by_its_own_count.max(count(written.len())),
    })
}

#[allow(clippy::cast_precision_loss, reason = "no fleet is that large")]
fn count(objects: usize) -> f64 {
    objects as f64
}

fn report(clusters: u32, all: &Measured, tenth: &Measured) -> Report {
    let heading = |clusters: u32| format!("{clusters} CLUSTERS");
    let mut report = Report::new("CONTROLLER", &heading(clusters), &heading(clusters / 10));
    for (what, unit, of, goal) in LINES {
        let (ours, theirs) = (of(all), of(tenth));
        let ratio = ours / theirs;
        let figure = Figure {
            ours,
            theirs,
            ratio,
        };
        report.compare(what, unit, figure, goal);
    }
    report
}
