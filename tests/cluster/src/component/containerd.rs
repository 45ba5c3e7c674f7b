//! containerd, with its own root, socket and network configuration: another one on the machine is not touched.

use std::process::Command;

use anyhow::Result;

use super::{Component, Stage};
use crate::{
    command::succeeds,
    image::pause,
    install::debian::CNI_PLUGINS,
    layout::{Layout, write},
};

/// The namespace in which Kubernetes keeps its images and containers.
const NAMESPACE: &str = "k8s.io";

pub(super) const COMPONENT: Component = Component {
    name: "containerd",
    stage: Stage::Base,
    ports: &[],
    command,
    ready: |layout| succeeds(ctr(layout).arg("version")),
};

/// containerd's client, on this cluster's socket.
pub fn ctr(layout: &Layout) -> Command {
    let mut command = Command::new(layout.command("ctr"));
    command
        .arg("-a")
        .arg(layout.containerd_socket())
        .args(["-n", NAMESPACE]);
    command
}

fn command(layout: &Layout) -> Result<Command> {
    let config = layout.config("containerd.toml");
    let quoted = |path: &std::path::Path| format!("{:?}", path.display().to_string());
    write(
        &config,
        format!(
            r#"version = 3
root = {root}
state = {state}

[grpc]
address = {socket}

[plugins.'io.containerd.internal.v1.opt']
path = {opt}

[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "{pause}"

[plugins.'io.containerd.cri.v1.runtime']
# Setting a lower score needs CAP_SYS_RESOURCE, which a container or sandbox may not have.
restrict_oom_score_adj = true
# Pods' network namespaces are mounted below our own state, so that `down` removes ours and no other.
netns_mounts_under_state_dir = true

[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ["{CNI_PLUGINS}"]
conf_dir = {cni}
"#,
            root = quoted(&layout.run("containerd")),
            state = quoted(&layout.run("containerd-state")),
            socket = quoted(&layout.containerd_socket()),
            opt = quoted(&layout.run("containerd-opt")),
            pause = pause::NAME,
            cni = quoted(&layout.config("cni")),
        ),
    )?;
    let mut command = Command::new(layout.command("containerd"));
    command
        .arg("-c")
        .arg(config)
        // It looks its shim up on PATH.
        .env("PATH", layout.path());
    Ok(command)
}
