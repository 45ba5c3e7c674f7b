//! The API server.

use std::process::Command;

use anyhow::Result;

use super::{Component, Stage, etcd};
use crate::{
    command::succeeds,
    kubectl::kubectl,
    layout::Layout,
    network::{API_PORT, NODE_IP, SERVICES},
    pki::{API_CERTIFICATE, API_KEY, CA, SERVICE_ACCOUNT_KEY, SERVICE_ACCOUNT_PUBLIC_KEY, TOKENS},
};

pub(super) const COMPONENT: Component = Component {
    name: "kube-apiserver",
    stage: Stage::Api,
    ports: &["0.0.0.0:6443"],
    command,
    ready: |layout| succeeds(kubectl(layout).args(["get", "--raw", "/readyz"])),
};

#[allow(clippy::unnecessary_wraps)]
fn command(layout: &Layout) -> Result<Command> {
    Ok(at(layout, "0.0.0.0", API_PORT))
}

/// Another API server of the same cluster, on a port of loopback, for tests that end it: nobody
/// finds it but whom they tell of it.
pub fn another(layout: &Layout, port: u16) -> Command {
    let mut command = at(layout, "127.0.0.1", port);
    // The service `kubernetes` stays the first one's.
    command.args(["--endpoint-reconciler-type", "none"]);
    command
}

fn at(layout: &Layout, address: &str, port: u16) -> Command {
    let mut command = Command::new(layout.command("kube-apiserver"));
    command
        .args(["--etcd-servers", etcd::URL])
        .args(["--bind-address", address, "--secure-port"])
        .arg(port.to_string())
        .args(["--advertise-address", NODE_IP])
        .arg("--tls-cert-file")
        .arg(layout.pki(API_CERTIFICATE))
        .arg("--tls-private-key-file")
        .arg(layout.pki(API_KEY))
        .arg("--cert-dir")
        .arg(layout.state.join("pki"))
        // Logs and port-forwards go to the node's address; its name is known to no DNS.
        .args(["--kubelet-preferred-address-types", "InternalIP"])
        .arg("--service-account-key-file")
        .arg(layout.pki(SERVICE_ACCOUNT_PUBLIC_KEY))
        .arg("--service-account-signing-key-file")
        .arg(layout.pki(SERVICE_ACCOUNT_KEY))
        .args(["--service-account-issuer", "https://kubernetes.default.svc"])
        .arg("--client-ca-file")
        .arg(layout.pki(CA))
        .arg("--token-auth-file")
        .arg(layout.pki(TOKENS))
        .args(["--authorization-mode", "Node,RBAC"])
        .args(["--service-cluster-ip-range", SERVICES])
        .arg("--allow-privileged");
    command
}
