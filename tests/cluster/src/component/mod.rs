//! The cluster's processes, one file each. Adding one is one file and one entry in `ALL`.

pub mod containerd;
mod coredns;
mod etcd;
pub mod kube_apiserver;
mod kube_controller_manager;
mod kube_proxy;
mod kube_scheduler;
mod kubelet;
mod kuberay_operator;

use std::{net::TcpListener, process::Command, time::Duration};

use anyhow::{Context, Result, bail};

use crate::{
    command::run,
    layout::Layout,
    process::{self, Process},
};

/// A cold machine that also compiles needs this long at worst; a healthy one a few seconds.
const READY: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(100);

/// A process of the cluster.
pub struct Component {
    pub name: &'static str,
    /// The order of starting; those of one stage start together.
    pub stage: Stage,
    /// TCP ports it needs, as `ADDRESS:PORT`.
    pub ports: &'static [&'static str],
    /// Writes its configuration and says how it is run.
    pub command: fn(&Layout) -> Result<Command>,
    /// Whether it does its work; called once a `POLL`.
    pub ready: fn(&Layout) -> bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Need nothing but the machine.
    Base,
    /// Needs etcd.
    Api,
    /// Need the API server.
    Node,
    /// Needs the custom resource definitions.
    Operator,
}

pub const STAGES: [Stage; 4] = [Stage::Base, Stage::Api, Stage::Node, Stage::Operator];

/// In the order in which they are started; `down` ends them the other way round.
pub const ALL: &[Component] = &[
    etcd::COMPONENT,
    containerd::COMPONENT,
    kube_apiserver::COMPONENT,
    kube_controller_manager::COMPONENT,
    kube_scheduler::COMPONENT,
    kubelet::COMPONENT,
    kube_proxy::COMPONENT,
    coredns::COMPONENT,
    kuberay_operator::COMPONENT,
];

pub fn find(name: &str) -> Result<&'static Component> {
    ALL.iter().find(|c| c.name == name).with_context(|| {
        let names: Vec<&str> = ALL.iter().map(|c| c.name).collect();
        format!("no component {name}; there are {}", names.join(", "))
    })
}

pub fn start_stage(layout: &Layout, stage: Stage) -> Result<()> {
    for component in ALL.iter().filter(|c| c.stage == stage) {
        component.start(layout)?;
    }
    Ok(())
}

pub fn await_stage(layout: &Layout, stage: Stage) -> Result<()> {
    for component in ALL.iter().filter(|c| c.stage == stage) {
        component.await_ready(layout)?;
    }
    Ok(())
}

impl Component {
    pub fn process(&self, layout: &Layout) -> Option<Process> {
        Process::read(&layout.pid(self.name))
    }

    /// Starts it unless it runs.
    pub fn start(&self, layout: &Layout) -> Result<()> {
        if self.process(layout).is_none() {
            process::start(layout, self.name, &mut (self.command)(layout)?)?;
        }
        Ok(())
    }

    pub fn await_ready(&self, layout: &Layout) -> Result<()> {
        process::await_ready(layout, self.name, READY, POLL, || (self.ready)(layout))
    }

    pub fn end(&self, layout: &Layout) {
        if let Some(process) = self.process(layout) {
            process.end();
        }
        let _ = std::fs::remove_file(layout.pid(self.name));
    }
}

/// Fails with the holder's name if somebody else listens on a port that a component needs.
pub fn check_ports(layout: &Layout) -> Result<()> {
    let missing = ALL.iter().filter(|c| c.process(layout).is_none());
    for (component, address) in missing.flat_map(|c| c.ports.iter().map(move |p| (c, p))) {
        match TcpListener::bind(address) {
            Err(e) if e.kind() == std::io::ErrorKind::AddrInUse => {
                let port = address.rsplit(':').next().unwrap_or(address);
                bail!(
                    "port {port} is in use{}: {} needs it, end that program first",
                    holder(port),
                    component.name
                );
            }
            // Other errors (the bridge's address is not there yet) are the component's own to report.
            _ => {}
        }
    }
    Ok(())
}

fn holder(port: &str) -> String {
    let listing = run(Command::new("ss").args(["-Hltnp", &format!("sport = :{port}")]));
    let process = listing.ok().and_then(|text| {
        let (_, users) = text.split_once("users:((")?;
        let name = users.strip_prefix('"')?.split('"').next()?.to_owned();
        let pid = users.split("pid=").nth(1)?.split(',').next()?.to_owned();
        Some(format!(" by {name} (pid {pid})"))
    });
    process.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn components_start_stage_after_stage_and_share_neither_name_nor_port() {
        let stages: Vec<Stage> = ALL.iter().map(|component| component.stage).collect();
        assert!(stages.is_sorted(), "{stages:?}");
        let names: Vec<&str> = ALL.iter().map(|component| component.name).collect();
        let ports: Vec<&str> = ALL.iter().flat_map(|one| one.ports).copied().collect();
        for shared in [names, ports] {
            let once: BTreeSet<&str> = shared.iter().copied().collect();
            assert_eq!(once.len(), shared.len(), "twice in {shared:?}");
        }
    }
}
