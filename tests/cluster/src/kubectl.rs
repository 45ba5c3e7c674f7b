//! The cluster's own kubectl, as its administrator.

use std::process::Command;

use anyhow::Result;

use crate::{command::run_with_input, layout::Layout};

pub fn kubectl(layout: &Layout) -> Command {
    let mut command = Command::new(layout.command("kubectl"));
    command.env("KUBECONFIG", layout.kubeconfig());
    command
}

/// Creates or updates objects.
pub fn apply(layout: &Layout, manifest: &str) -> Result<String> {
    run_with_input(kubectl(layout).args(["apply", "-f", "-"]), manifest)
}
