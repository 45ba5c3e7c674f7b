//! The controller manager: endpoints, garbage collection, deployments, service accounts.

use std::process::Command;

use anyhow::Result;

use super::{Component, Stage};
use crate::{
    layout::Layout,
    pki::{CA, SERVICE_ACCOUNT_KEY},
};

pub(super) const COMPONENT: Component = Component {
    name: "kube-controller-manager",
    stage: Stage::Node,
    ports: &[],
    command,
    // Nothing to ask: it serves no port; the node and the pods show whether it works.
    ready: |_| true,
};

#[allow(clippy::unnecessary_wraps)]
fn command(layout: &Layout) -> Result<Command> {
    let mut command = Command::new(layout.command("kube-controller-manager"));
    command
        .arg("--kubeconfig")
        .arg(layout.kubeconfig())
        .arg("--service-account-private-key-file")
        .arg(layout.pki(SERVICE_ACCOUNT_KEY))
        .arg("--root-ca-file")
        .arg(layout.pki(CA))
        .args(["--leader-elect=false", "--secure-port", "0"])
        // The node's range of pod addresses is fixed, and there is no cloud.
        .args([
            "--controllers",
            "*,-node-ipam-controller,-cloud-node-lifecycle-controller",
        ]);
    Ok(command)
}
