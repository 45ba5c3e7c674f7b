//! etcd, on loopback.

use std::process::Command;

use anyhow::Result;

use super::{Component, Stage};
use crate::{http, layout::Layout};

const CLIENT: &str = "127.0.0.1:23790";
const PEER: &str = "127.0.0.1:23800";
pub(super) const URL: &str = "http://127.0.0.1:23790";

pub(super) const COMPONENT: Component = Component {
    name: "etcd",
    stage: Stage::Base,
    ports: &[CLIENT, PEER],
    command,
    ready: |_| http::is_ok(CLIENT, "/health"),
};

#[allow(clippy::unnecessary_wraps)]
fn command(layout: &Layout) -> Result<Command> {
    let mut command = Command::new(layout.command("etcd"));
    command
        .arg("--data-dir")
        .arg(layout.state.join("etcd"))
        .args(["--listen-client-urls", URL, "--advertise-client-urls", URL])
        .args(["--listen-peer-urls", &format!("http://{PEER}")])
        // A test cluster's data need not survive a power cut; without this every write waits for the disk.
        .arg("--unsafe-no-fsync");
    Ok(command)
}
