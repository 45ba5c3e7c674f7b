//! The cluster's network: one bridge for pods, whose address is also the node's.
//!
//! Pods reach the API server and DNS at that address, so the machine's real network plays no part,
//! and nothing leaves the machine: no masquerading, no route out.

use std::{
    fmt::Write,
    fs,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::{
    command::{run, run_with_input, succeeds},
    layout::{Layout, write},
};

pub const BRIDGE: &str = "kubectl-ray0";
pub const NODE: &str = "node";
pub const NODE_IP: &str = "10.210.0.1";
pub const PODS: &str = "10.210.0.0/24";
pub const SERVICES: &str = "10.211.0.0/16";
/// The first address of `SERVICES`, which Kubernetes gives to its own API.
pub const API_SERVICE_IP: &str = "10.211.0.1";
pub const DNS_IP: &str = "10.211.0.10";
pub const API_PORT: u16 = 6443;

/// The CNI network's name; CNI keeps its results under it.
const CNI_NETWORK: &str = "kubectl-ray";
const CNI_RESULTS: &str = "/var/lib/cni/results";

/// Chains that kubelet and kube-proxy make, and CNI's portmap.
const CHAINS: &[&str] = &["KUBE-", "CNI-"];

pub fn up(layout: &Layout) -> Result<()> {
    refuse_foreign_address()?;
    if !succeeds(Command::new("ip").args(["link", "show", BRIDGE])) {
        ip(&["link", "add", BRIDGE, "type", "bridge"])?;
        ip(&["addr", "add", &format!("{NODE_IP}/24"), "dev", BRIDGE])?;
        ip(&["link", "set", BRIDGE, "up"])?;
    }
    run(Command::new("sysctl").args(["-qw", "net.ipv4.ip_forward=1"]))
        .context("pods cannot be routed: is this machine's network namespace writable?")?;
    // Absent where the bridge netfilter module is built differently; services then still work
    // between host and pods, and a pod's call to itself through a service may not.
    let _ = run(Command::new("sysctl").args(["-qw", "net.bridge.bridge-nf-call-iptables=1"]));
    write(&layout.config("cni/10-kubectl-ray.conflist"), cni(layout))
}

/// Removes the bridge and every rule Kubernetes made; harmless when there is none.
pub fn down() {
    let _ = Command::new("ip")
        .args(["link", "del", BRIDGE])
        .stderr(Stdio::null())
        .status();
    for table in ["nat", "filter", "mangle"] {
        remove_chains(table);
    }
    if let Ok(entries) = fs::read_dir(CNI_RESULTS) {
        for path in entries.filter_map(|e| Some(e.ok()?.path())) {
            let ours = path
                .file_name()
                .is_some_and(|n| n.to_string_lossy().starts_with(CNI_NETWORK));
            if ours {
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// Another interface with our node's address would take our pods' traffic.
fn refuse_foreign_address() -> Result<()> {
    let list = run(Command::new("ip").args(["-o", "-4", "addr", "show"]))?;
    let taken = list
        .lines()
        .find(|line| line.contains(&format!(" {NODE_IP}/")) && !line.contains(BRIDGE));
    if let Some(line) = taken {
        let interface = line
            .split_whitespace()
            .nth(1)
            .unwrap_or("another interface");
        bail!("{NODE_IP} already belongs to {interface}: remove it, the cluster's pods use {PODS}");
    }
    Ok(())
}

/// Takes the Kubernetes chains out of one table and leaves every other rule as it is.
fn remove_chains(table: &str) {
    let Ok(rules) = run(Command::new("iptables-save").args(["-t", table])) else {
        return;
    };
    let ours = |name: &str| CHAINS.iter().any(|prefix| name.starts_with(prefix));
    let chains: Vec<&str> = rules
        .lines()
        .filter_map(|line| line.strip_prefix(':')?.split_whitespace().next())
        .filter(|name| ours(name))
        .collect();
    if chains.is_empty() {
        return;
    }
    let mut script = format!("*{table}\n");
    for line in rules.lines() {
        let Some(rule) = line.strip_prefix("-A ") else {
            continue;
        };
        // A rule of somebody's chain that jumps into one of ours.
        let mut words = rule.split_whitespace();
        let foreign = words.next().is_some_and(|chain| !ours(chain));
        let jumps = words.skip_while(|w| *w != "-j").nth(1).is_some_and(ours);
        if foreign && jumps {
            let _ = writeln!(script, "-D {rule}");
        }
    }
    for chain in &chains {
        let _ = writeln!(script, "-F {chain}");
    }
    for chain in &chains {
        let _ = writeln!(script, "-X {chain}");
    }
    script += "COMMIT\n";
    let _ = run_with_input(Command::new("iptables-restore").arg("--noflush"), &script);
}

fn ip(arguments: &[&str]) -> Result<()> {
    run(Command::new("ip").args(arguments))
        .map(drop)
        .context("cannot make the pods' bridge: root is needed")
}

fn cni(layout: &Layout) -> String {
    serde_json::json!({
        "cniVersion": "1.0.0",
        "name": CNI_NETWORK,
        "plugins": [
            {
                "type": "bridge",
                "bridge": BRIDGE,
                "isGateway": true,
                "ipMasq": false,
                "hairpinMode": true,
                "ipam": {
                    "type": "host-local",
                    "dataDir": layout.run("ipam"),
                    "ranges": [[{"subnet": PODS}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": true}},
        ],
    })
    .to_string()
}
