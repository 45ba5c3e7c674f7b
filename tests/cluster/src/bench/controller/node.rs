//! The node that all pods seem to run on. No kubelet is there: its part is to be alive.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use time::OffsetDateTime;
use tokio::{task::JoinHandle, time::sleep};

use super::api::{Api, Caller};
use crate::progress::note;

pub(super) const NODE: &str = "kubectl-ray-bench";
/// As a kubelet does it; without, the pods are evicted after five minutes.
const HEARTBEAT: Duration = Duration::from_secs(10);

const NODES: &str = "/api/v1/nodes";
const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";

pub(super) struct Node<'a> {
    api: &'a Api,
    heartbeat: JoinHandle<()>,
}

impl<'a> Node<'a> {
    pub(super) fn create(api: &'a Api) -> Result<Self> {
        let caller = api.caller();
        api.wait(async {
            // Of a bench that was killed.
            delete(&caller).await?;
            create(&caller).await
        })
        .inspect_err(|_| drop(api.wait(delete(&caller))))?;
        let heartbeat = api.runtime().spawn(async move {
            loop {
                sleep(HEARTBEAT).await;
                let renewed = json!({"spec": {"renewTime": now()}});
                // The next one comes soon enough.
                let _ = caller.patch(&format!("{LEASES}/{NODE}"), &renewed).await;
            }
        });
        Ok(Self { api, heartbeat })
    }
}

impl Drop for Node<'_> {
    fn drop(&mut self) {
        self.heartbeat.abort();
        if let Err(error) = self.api.wait(delete(&self.api.caller())) {
            note(format!("cannot delete the node: {error:#}"));
        }
    }
}

async fn create(caller: &Caller) -> Result<()> {
    let metadata = json!({"name": NODE});
    let lease = json!({
        "metadata": metadata,
        "spec": {"holderIdentity": NODE, "leaseDurationSeconds": 40, "renewTime": now()},
    });
    caller.create(LEASES, &lease).await?;
    // Nobody else's pods are to run here.
    let taints = json!([{"key": NODE, "effect": "NoSchedule"}]);
    let node = json!({"metadata": metadata, "spec": {"taints": taints}});
    caller.create(NODES, &node).await?;
    let conditions = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"].map(|kind| {
        json!({
            "type": kind,
            "status": if kind == "Ready" { "True" } else { "False" },
            "reason": "Bench",
            "lastHeartbeatTime": now(),
            "lastTransitionTime": now(),
        })
    });
    let status = json!({"status": {"conditions": conditions}});
    caller
        .patch(&format!("{NODES}/{NODE}/status"), &status)
        .await
}

async fn delete(caller: &Caller) -> Result<()> {
    caller.delete(&format!("{NODES}/{NODE}")).await?;
    caller.delete(&format!("{LEASES}/{NODE}")).await
}

/// As Kubernetes writes times, with microseconds.
fn now() -> String {
    let now = OffsetDateTime::now_utc();
    let (date, time) = (now.date(), now.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.microsecond()
    )
}
