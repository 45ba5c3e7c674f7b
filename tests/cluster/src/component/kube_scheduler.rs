//! The scheduler.

use std::process::Command;

use anyhow::Result;

use super::{Component, Stage};
use crate::layout::Layout;

pub(super) const COMPONENT: Component = Component {
    name: "kube-scheduler",
    stage: Stage::Node,
    ports: &[],
    command,
    // Nothing to ask: it serves no port; a pod that stays Pending would show.
    ready: |_| true,
};

#[allow(clippy::unnecessary_wraps)]
fn command(layout: &Layout) -> Result<Command> {
    let mut command = Command::new(layout.command("kube-scheduler"));
    command.arg("--kubeconfig").arg(layout.kubeconfig()).args([
        "--leader-elect=false",
        "--secure-port",
        "0",
    ]);
    Ok(command)
}
