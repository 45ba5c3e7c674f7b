//! kubelet: runs the pods. All it writes is below the state directory.

use std::process::Command;

use anyhow::Result;
use serde_json::json;

use super::{Component, Stage};
use crate::{
    command::run,
    kubectl::kubectl,
    layout::{Layout, write},
    network::{DNS_IP, NODE, NODE_IP},
};

pub(super) const COMPONENT: Component = Component {
    name: "kubelet",
    stage: Stage::Node,
    ports: &["10.210.0.1:10250", "127.0.0.1:10248"],
    command,
    ready,
};

/// `NodeReady` alone can be the record of the run before: the heartbeat must be of this one.
fn ready(layout: &Layout) -> bool {
    let path = "{range .status.conditions[?(@.type==\"Ready\")]}{.status}{end}";
    let status = run(kubectl(layout)
        .args(["get", "node", NODE, "-o"])
        .arg(format!("jsonpath={path}")));
    status.is_ok_and(|status| status == "True") && crate::http::is_ok("127.0.0.1:10248", "/healthz")
}

fn command(layout: &Layout) -> Result<Command> {
    let config = layout.config("kubelet.json");
    let content = json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        // Only the pods' bridge: the machine's other interfaces never see this port.
        "address": NODE_IP,
        "authentication": {"anonymous": {"enabled": true}, "webhook": {"enabled": false}},
        "authorization": {"mode": "AlwaysAllow"},
        "containerRuntimeEndpoint": format!("unix://{}", layout.containerd_socket().display()),
        "podLogsDir": layout.run("pod-logs"),
        "volumePluginDir": layout.run("volume-plugins"),
        "cgroupDriver": "cgroupfs",
        "enforceNodeAllocatable": [],
        "failCgroupV1": false,
        "failSwapOn": false,
        "clusterDNS": [DNS_IP],
        "clusterDomain": "cluster.local",
        // The machine's disk and memory are shared with builds: pods are not evicted for them.
        "evictionHard": {"nodefs.available": "0%", "imagefs.available": "0%", "memory.available": "0%"},
        // No registry could bring a collected image back.
        "imageGCHighThresholdPercent": 100,
        "configMapAndSecretChangeDetectionStrategy": "Watch",
        // A changed Secret reaches its pod's files when the kubelet next looks at the pod: by default in a minute.
        "syncFrequency": "10s",
        // Tests delete pods and wait for their ends.
        "shutdownGracePeriod": "0s",
    });
    write(&config, content.to_string())?;
    let mut command = Command::new(layout.command("kubelet"));
    command
        .arg("--kubeconfig")
        .arg(layout.kubeconfig())
        .arg("--config")
        .arg(config)
        .arg("--root-dir")
        .arg(layout.run("kubelet"))
        .arg("--cert-dir")
        .arg(layout.run("kubelet/pki"))
        .args(["--hostname-override", NODE, "--node-ip", NODE_IP])
        .env("PATH", layout.path());
    Ok(command)
}
