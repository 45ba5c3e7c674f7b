//! The cluster's own kubectl and helm, as its administrator.

use std::process::Command;

use anyhow::Result;

use crate::{
    command::{run, run_with_input},
    layout::Layout,
};

pub fn kubectl(layout: &Layout) -> Command {
    tool(layout, "kubectl")
}

/// Creates or updates objects.
pub fn apply(layout: &Layout, manifest: &str) -> Result<String> {
    run_with_input(kubectl(layout).args(["apply", "-f", "-"]), manifest)
}

/// What kubectl prints, or its error.
pub fn get(layout: &Layout, arguments: &[&str]) -> Result<String> {
    run(kubectl(layout).arg("get").args(arguments))
}

fn tool(layout: &Layout, name: &str) -> Command {
    let mut command = Command::new(layout.command(name));
    command.env("KUBECONFIG", layout.kubeconfig());
    command
}
