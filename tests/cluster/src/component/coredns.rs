//! CoreDNS, on the pods' bridge: workers find the head by its service's name.

use std::process::Command;

use anyhow::Result;

use super::{Component, Stage};
use crate::{
    http,
    layout::{Layout, write},
    network::NODE_IP,
};

const HEALTH: &str = "127.0.0.1:18080";

pub(super) const COMPONENT: Component = Component {
    name: "coredns",
    stage: Stage::Node,
    ports: &["10.210.0.1:53", HEALTH],
    command,
    ready: |_| http::is_ok(HEALTH, "/health"),
};

fn command(layout: &Layout) -> Result<Command> {
    let corefile = layout.config("Corefile");
    write(
        &corefile,
        format!(
            // No `forward`: pods have no way out, and a name outside the cluster fails at once.
            ".:53 {{
    bind {NODE_IP}
    errors
    health {HEALTH} {{
        lameduck 0s
    }}
    kubernetes cluster.local {{
        kubeconfig {kubeconfig} cluster
    }}
    cache 2
}}
",
            kubeconfig = layout.kubeconfig().display()
        ),
    )?;
    let mut command = Command::new(layout.command("coredns"));
    command.arg("-conf").arg(corefile);
    Ok(command)
}
