//! The KubeRay operator, out of cluster.

use std::process::Command;

use anyhow::Result;

use super::{Component, Stage};
use crate::{http, install::go::OPERATOR, layout::Layout};

const PROBE: &str = "127.0.0.1:18082";

pub(super) const COMPONENT: Component = Component {
    name: OPERATOR,
    stage: Stage::Operator,
    ports: &[PROBE],
    command,
    ready: |_| http::is_ok(PROBE, "/readyz"),
};

#[allow(clippy::unnecessary_wraps)]
fn command(layout: &Layout) -> Result<Command> {
    let mut command = Command::new(layout.command(OPERATOR));
    command
        .env("KUBECONFIG", layout.kubeconfig())
        .args(["-enable-leader-election=false", "-metrics-addr=:0"])
        .arg(format!("-health-probe-bind-address={PROBE}"));
    Ok(command)
}
