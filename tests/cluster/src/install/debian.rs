//! The few packages that come from Debian.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{
    command::{on_path, run_logged},
    layout::Layout,
    progress::step,
};

/// Where Debian's containernetworking-plugins puts CNI's plugins.
pub const CNI_PLUGINS: &str = "/usr/lib/cni";

/// A file that tells whether a package is there, and the package.
const PACKAGES: &[(&str, &str)] = &[
    ("runc", "runc"),
    ("iptables", "iptables"),
    ("conntrack", "conntrack"),
    ("ip", "iproute2"),
    ("sysctl", "procps"),
    ("mount", "mount"),
    ("gcc", "gcc"),
    ("/usr/lib/cni/bridge", "containernetworking-plugins"),
    ("debootstrap", "debootstrap"),
    ("jq", "jq"),
    ("script", "bsdutils"),
    ("zsh", "zsh"),
    ("fish", "fish"),
    (
        "/usr/share/bash-completion/bash_completion",
        "bash-completion",
    ),
];

pub fn install(layout: &Layout) -> Result<()> {
    let missing: Vec<&str> = PACKAGES
        .iter()
        .filter(|(probe, _)| !on_path(probe))
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !on_path("apt-get") {
        bail!(
            "{} are missing and this is not a Debian: install them, or use an existing cluster with --kubeconfig FILE",
            missing.join(", ")
        );
    }
    let progress = step(format!("installing {} (Debian)", missing.join(", ")));
    let log = layout.log("apt-get");
    // A package list that cannot be refreshed may still be good enough: the install decides.
    let _ = run_logged(Command::new("apt-get").args(["-q", "update"]), &log);
    run_logged(
        Command::new("apt-get")
            .args(["-q", "install", "-y", "--no-install-recommends"])
            .args(&missing)
            .env("DEBIAN_FRONTEND", "noninteractive"),
        &log,
    )
    .with_context(|| format!("cannot install {}", missing.join(", ")))?;
    progress.done();
    Ok(())
}
