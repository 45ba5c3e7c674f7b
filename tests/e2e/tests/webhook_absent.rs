//! A webhook that is down costs nobody an admission.

use e2e::{RELEASE, WEBHOOK_NAMESPACE, lab};
use serde_json::Value;

fn scale(replicas: &str) {
    let deployment = format!("deployment/{RELEASE}");
    lab()
        .kubectl(&[
            "scale",
            "-n",
            WEBHOOK_NAMESPACE,
            &deployment,
            &format!("--replicas={replicas}"),
        ])
        .ok();
}

/// Brings the webhook back however the test ends.
struct Restore;

impl Drop for Restore {
    fn drop(&mut self) {
        scale("2");
        lab().await_rollout();
    }
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn ray_clusters_still_apply_while_the_webhook_is_down() {
    let lab = lab();
    let _alone = lab.webhook_alone();
    let _restore = Restore;
    scale("0");
    // A pod that is told to end goes on answering for a while: down is when it is gone.
    lab.await_webhook_pods(0);
    let admitted = lab.admit("default", &lab.example("raycluster.yaml"));
    let container = &admitted["spec"]["headGroupSpec"]["template"]["spec"]["containers"][0];
    assert_eq!(
        container["ports"],
        Value::Null,
        "nobody was there to inject"
    );
}
