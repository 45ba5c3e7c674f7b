//! A webhook that is down costs nobody an admission.

use std::time::Duration;

use e2e::{RELEASE, WEBHOOK_NAMESPACE, eventually, lab};
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
        let deployment = format!("deployment/{RELEASE}");
        lab()
            .kubectl(&[
                "rollout",
                "status",
                "-n",
                WEBHOOK_NAMESPACE,
                &deployment,
                "--timeout=120s",
            ])
            .ok();
    }
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn ray_clusters_still_apply_while_the_webhook_is_down() {
    let lab = lab();
    let _alone = lab.webhook_alone();
    let _restore = Restore;
    scale("0");
    let endpoints = format!("endpoints/{RELEASE}");
    eventually("no webhook", Duration::from_secs(60), || {
        let object = lab.get(WEBHOOK_NAMESPACE, &endpoints);
        if object["subsets"] == Value::Null {
            Ok(())
        } else {
            Err(object.to_string())
        }
    });
    let admitted = lab.admit("default", &lab.example("raycluster.yaml"));
    let container = &admitted["spec"]["headGroupSpec"]["template"]["spec"]["containers"][0];
    assert_eq!(
        container["ports"],
        Value::Null,
        "nobody was there to inject"
    );
}
