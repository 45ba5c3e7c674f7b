//! kube-proxy: makes the services' addresses work, with iptables.

use std::process::Command;

use anyhow::Result;

use super::{Component, Stage};
use crate::{
    http,
    layout::Layout,
    network::{NODE, PODS},
};

const METRICS: &str = "127.0.0.1:10249";
const HEALTH: &str = "127.0.0.1:10256";

pub(super) const COMPONENT: Component = Component {
    name: "kube-proxy",
    stage: Stage::Node,
    ports: &[METRICS, HEALTH],
    command,
    ready: |_| http::is_ok(HEALTH, "/healthz"),
};

#[allow(clippy::unnecessary_wraps)]
fn command(layout: &Layout) -> Result<Command> {
    let mut command = Command::new(layout.command("kube-proxy"));
    command
        .arg("--kubeconfig")
        .arg(layout.kubeconfig())
        .args(["--hostname-override", NODE])
        .args(["--proxy-mode", "iptables", "--cluster-cidr", PODS])
        // The machine's own connection table is not ours to size.
        .args(["--conntrack-max-per-core", "0"])
        .args(["--metrics-bind-address", METRICS])
        .args(["--healthz-bind-address", HEALTH])
        .env("PATH", layout.path());
    Ok(command)
}
