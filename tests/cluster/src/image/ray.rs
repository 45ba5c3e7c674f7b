//! Ray's image: Debian, Python and `ray[serve]` from PyPI.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use serde_json::json;

use super::archive;
use crate::{
    command::{run, run_logged},
    layout::Layout,
    progress::step,
};

/// Ray 2.8's requirements have no upper bounds; with today's releases its dashboard, its node list
/// or its proxy does not start. Each bound below was found to be needed.
const PINS_2_8: &[&str] = &[
    "pydantic<2",
    "setuptools<81",
    "numpy<2",
    "async_timeout",
    "aiohttp<3.10",
    "protobuf<5",
    "googleapis-common-protos<1.66",
    "google-api-core<2.20",
    "proto-plus<1.25",
    "uvicorn<0.24",
    "starlette<0.28",
    "fastapi<0.105",
];

/// Named as Ray's official image, so that manifests written for real clusters run here unchanged.
/// Nothing is pulled: the pods find this image on the node.
pub fn name(version: &str) -> String {
    format!("docker.io/rayproject/ray:{version}")
}

pub fn make(layout: &Layout, version: &str) -> Result<PathBuf> {
    let archive = layout.image(&format!("ray-{version}.tar"));
    if archive.exists() {
        return Ok(archive);
    }
    let base = base(layout)?;
    let progress = step(format!("making the image of Ray {version}"));
    let root = layout.image(&format!("ray-{version}"));
    remove(&root)?;
    run(Command::new("cp").arg("-a").arg(&base).arg(&root))?;
    install_ray(layout, version, &root)?;
    archive::pack(
        &name(version),
        &json!({"Env": [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "RAY_USAGE_STATS_ENABLED=0",
        ]}),
        &root,
        &archive,
    )?;
    remove(&root)?;
    progress.done();
    Ok(archive)
}

/// Debian with Python, shared by every Ray version. wget is what the operator's probes call.
fn base(layout: &Layout) -> Result<PathBuf> {
    let base = layout.image("debian-base");
    if !base.exists() {
        let progress = step("making the Debian base of the Ray images");
        let partial = layout.image("debian-base.partial");
        remove(&partial)?;
        run_logged(
            Command::new("debootstrap")
                .args([
                    "--variant=minbase",
                    "--include=python3,python3-pip,wget,ca-certificates,procps",
                    "bookworm",
                ])
                .arg(&partial),
            &layout.log("debootstrap"),
        )?;
        fs::rename(&partial, &base)?;
        progress.done();
    }
    Ok(base)
}

fn install_ray(layout: &Layout, version: &str, root: &Path) -> Result<()> {
    // The image resolves names and trusts certificates as this machine does while pip runs.
    for file in [
        "etc/resolv.conf",
        "etc/hosts",
        "etc/ssl/certs/ca-certificates.crt",
    ] {
        let from = Path::new("/").join(file);
        if from.exists() {
            fs::copy(&from, root.join(file))
                .with_context(|| format!("cannot copy {}", from.display()))?;
        }
    }
    let mut pip = Command::new("chroot");
    pip.arg(root)
        .args(["pip3", "install", "-q", "--no-compile", "--no-cache-dir"])
        .arg("--break-system-packages")
        .arg(format!("ray[serve]=={version}"))
        // A local wheel directory of this machine does not exist inside the image.
        .env_remove("PIP_FIND_LINKS");
    if version.starts_with("2.8.") {
        pip.args(PINS_2_8);
    }
    run_logged(&mut pip, &layout.log("pip"))
}

fn remove(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(e).with_context(|| format!("cannot remove {}", dir.display()))
        }
        _ => Ok(()),
    }
}
