//! Ending the cluster: only what `up` started, by pid, then mounts, network and rules.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{
    command::succeeds,
    component,
    layout::Layout,
    lock, network,
    process::{self, Process},
    progress,
};

const SHIM: &str = "containerd-shim-runc-v2";

/// `cargo cluster down`.
pub fn down(layout: &Layout, wipe: bool) -> Result<()> {
    let _lock = lock::take(layout)?;
    if layout.state.exists() {
        let progress = progress::step("ending the cluster");
        end(layout);
        if wipe {
            fs::remove_dir_all(&layout.state)
                .with_context(|| format!("cannot remove {}", layout.state.display()))?;
        }
        progress.done();
    }
    Ok(())
}

/// Ends every process of this state directory and frees what they held on the machine.
pub fn end(layout: &Layout) {
    // The other way round: kubelet goes before the API server and etcd that it reports to, and before
    // the containers (in `free`), which it would start again.
    for component in component::ALL.iter().rev() {
        component.end(layout);
    }
    free(layout);
}

/// Copes with what another checkout's cluster left: ours cannot run beside it.
pub fn clear_predecessor(layout: &Layout) -> Result<()> {
    let Ok(state) = fs::read_to_string(layout.marker()) else {
        return Ok(());
    };
    let state = PathBuf::from(state.trim());
    if state == layout.state {
        return Ok(());
    }
    let other = Layout {
        state,
        ..layout.clone()
    };
    if component::ALL.iter().any(|c| c.process(&other).is_some()) {
        bail!(
            "the cluster of another checkout runs on this machine ({}): end it with `cargo cluster down` there",
            other.state.display()
        );
    }
    let progress = progress::step("clearing what the cluster of another checkout left");
    end(&other);
    progress.done();
    Ok(())
}

/// Frees mounts, network and control groups; harmless when there is nothing.
pub fn free(layout: &Layout) {
    end_containers(layout);
    unmount_below(&layout.run(""));
    network::down();
    remove_control_groups();
    remove_log_links(&layout.run("pod-logs"));
    // A restart must not take them for imported images or for running components.
    let _ = fs::remove_dir_all(layout.run("containerd-state"));
    let _ = fs::remove_dir_all(layout.run("ipam"));
    let _ = fs::remove_file(layout.containerd_socket());
    if fs::read_to_string(layout.marker()).is_ok_and(|s| Path::new(s.trim()) == layout.state) {
        let _ = fs::remove_file(layout.marker());
    }
}

/// Containers outlive kubelet and containerd: each is a child of a shim that names our socket.
fn end_containers(layout: &Layout) {
    let socket = layout.containerd_socket().display().to_string();
    let shims = process::find(|words| {
        words.first().is_some_and(|program| program.ends_with(SHIM)) && words.contains(&socket)
    });
    let containers: Vec<Process> = shims
        .iter()
        .flat_map(|shim| process::children(shim.pid))
        .collect();
    // All are told first: ending one after another would wait for each.
    for process in containers.iter().chain(&shims) {
        process.signal(libc::SIGKILL);
    }
    for process in containers.iter().chain(&shims) {
        process.kill();
    }
}

fn unmount_below(dir: &Path) {
    let Ok(mounts) = fs::read_to_string("/proc/self/mounts") else {
        return;
    };
    let prefix = format!("{}/", dir.display().to_string().trim_end_matches('/'));
    let points: Vec<String> = mounts
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        // The kernel writes a space in a path as an octal escape.
        .map(|point| point.replace("\\040", " "))
        .filter(|point| point.starts_with(&prefix))
        .collect();
    // The last one mounted may lie on another: the other way round.
    for point in points.iter().rev() {
        succeeds(Command::new("umount").args(["-l", point]));
    }
}

/// Pods' control groups stay after their processes; only empty ones can be removed.
fn remove_control_groups() {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let roots: HashSet<&str> = mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace();
            let point = fields.nth(1)?;
            fields.next()?.starts_with("cgroup").then_some(point)
        })
        .collect();
    for root in roots {
        remove_empty(&Path::new(root).join("kubepods"));
    }
}

fn remove_empty(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            remove_empty(&entry.path());
        }
    }
    let _ = fs::remove_dir(dir);
}

/// kubelet links each container's log from a fixed directory of the machine.
fn remove_log_links(logs: &Path) {
    let Ok(entries) = fs::read_dir("/var/log/containers") else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        if fs::read_link(entry.path()).is_ok_and(|target| target.starts_with(logs)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
