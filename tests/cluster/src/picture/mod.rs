//! `cargo cluster pictures`: what a terminal shows of real commands, as SVG for the README.
//!
//! [`recording`] runs a command on a terminal and keeps the screen that is wanted; [`drawing`] makes
//! a picture of a screen.

mod drawing;
mod recording;

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use recording::Recording;

use crate::{
    command::run,
    install::programs::{self, Profile},
    layout::Layout,
    progress::{note, step},
    ray_cluster::{CLUSTER, RayCluster},
    up,
};

const NAMESPACE: &str = "kubectl-ray-pictures";
const DIRECTORY: &str = "docs";

pub fn pictures(layout: &Layout) -> Result<()> {
    up::up(layout, &crate::versions::Versions::default())?;
    programs::build(layout, Profile::Tested)?;
    let cluster = RayCluster::create(layout, NAMESPACE)?;
    // As a user has it whose current namespace this is.
    let home = tempfile::tempdir()?;
    let kubeconfig = home.path().join("kubeconfig");
    fs::copy(layout.kubeconfig(), &kubeconfig)?;
    run(cluster
        .command("kubectl")
        .env("KUBECONFIG", &kubeconfig)
        .args([
            "config",
            "set-context",
            "--current",
            "--namespace",
            NAMESPACE,
        ]))?;

    let progress = step("recording");
    let submit = format!("kubectl ray serve submit {CLUSTER} -f examples/serve_config.yaml --wait");
    // In the middle of it: some are there, some are not.
    let wanted = |screen: &str| screen.contains(" HEALTHY") && screen.contains("UPDATING");
    picture(layout, &kubeconfig, "submit", &submit, wanted)?;
    let status = format!("kubectl ray serve status {CLUSTER}");
    picture(layout, &kubeconfig, "status", &status, |screen| {
        screen.contains("endpoints") || screen.contains("serve-svc")
    })?;
    progress.done();
    Ok(())
}

fn picture(
    layout: &Layout,
    kubeconfig: &Path,
    name: &str,
    line: &str,
    wanted: impl Fn(&str) -> bool,
) -> Result<()> {
    let mut command = Command::new("script");
    command
        .current_dir(&layout.root)
        .env("PATH", layout.path())
        .env("KUBECONFIG", kubeconfig)
        .env("TERM", "xterm-256color")
        .env("LC_ALL", "C.UTF-8")
        .env_remove("NO_COLOR");
    let recording = Recording::of(command, line, wanted)?;
    ensure!(
        recording.success,
        "{line} failed:\n{}",
        recording.last.contents()
    );
    let screen = recording
        .wanted
        .with_context(|| format!("{line} never showed what its picture is to show"))?;
    let directory = layout.root.join(DIRECTORY);
    fs::create_dir_all(&directory)?;
    let file = directory.join(format!("{name}.svg"));
    fs::write(&file, drawing::svg(line, &screen))?;
    note(format!("{DIRECTORY}/{name}.svg"));
    Ok(())
}
