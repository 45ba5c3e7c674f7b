//! Builds this repository's two programs, static as they are released.

use std::{
    env,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::{
    layout::{Layout, link},
    progress::step,
};

/// The plugin's binary, as kubectl looks for it on PATH.
pub const PLUGIN: &str = "kubectl-ray";
pub const WEBHOOK: &str = "ray-serve-webhook";

/// The target is named so that its flags do not reach build scripts and macros, which cannot be static.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Static, and with packed relocations: as they are, those are a twentieth of a program.
const FLAGS: &str = "-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs";

/// This very program.
const TOOL: &str = "cluster";

/// How they are optimised; the profiles are in the workspace's Cargo.toml.
#[derive(Clone, Copy)]
pub enum Profile {
    /// As they are released, which takes minutes: for measurements.
    Shipped,
    /// For tests, of what they do: macros and build scripts are those of `cargo test`, and built once.
    Tested,
}

/// Builds both, each for itself: only the plugin is shipped with `panic = "abort"`. Links the plugin into `bin`, returns the webhook's binary.
pub fn build(layout: &Layout, profile: Profile) -> Result<PathBuf> {
    let (plugin, webhook) = match profile {
        Profile::Shipped => (
            compile(layout, "plugin", &[PLUGIN])?,
            compile(layout, "release", &[WEBHOOK])?,
        ),
        Profile::Tested => {
            let both = compile(layout, "dev", &[WEBHOOK, PLUGIN])?;
            (both.clone(), both)
        }
    };
    link(&plugin.join(PLUGIN), &layout.command(PLUGIN))?;
    Ok(webhook.join(WEBHOOK))
}

/// Builds `cargo cluster` itself in the same way, for what must not be slow.
pub fn build_tool(layout: &Layout) -> Result<PathBuf> {
    Ok(compile(layout, "release", &[TOOL])?.join(TOOL))
}

/// Returns the directory of the binaries.
fn compile(layout: &Layout, profile: &str, packages: &[&str]) -> Result<PathBuf> {
    let progress = step(format!("building {} ({profile})", packages.join(" and ")));
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(&layout.root)
        .args(["build", "--quiet", "--locked", "--profile", profile])
        .args(["--target", TARGET])
        .args(packages.iter().flat_map(|package| ["-p", package]))
        .env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS", FLAGS)
        .stdin(Stdio::null())
        // stdout is for the commands' own results.
        .stdout(Stdio::null())
        .status()
        .context("cannot start cargo")?;
    ensure!(
        status.success(),
        "cargo cannot build {}",
        packages.join(" and ")
    );
    progress.done();
    let target = layout
        .state
        .parent()
        .context("target/cluster has no parent")?;
    let dir = if profile == "dev" { "debug" } else { profile };
    Ok(target.join(TARGET).join(dir))
}
