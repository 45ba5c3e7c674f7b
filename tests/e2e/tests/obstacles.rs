//! A RayCluster that gets no head: what the real operator and API server say of it is told.

use e2e::lab;
use serde_json::{Value, json};

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: own-head-svc}\n\
    spec: {selector: {app: own}, ports: [{name: serve, port: 8000}]}\n";

/// A small RayCluster as `create` would make it.
fn manifest(name: &str) -> Value {
    let small = ["--workers", "0", "--requests", "cpu=50m,memory=50Mi"];
    let dry_run = ["--dry-run=client", "-o", "json"];
    let printed = lab().ray_serve(&[&["create", name][..], &small, &dry_run].concat());
    serde_json::from_str(&printed.ok().stdout).unwrap()
}

/// Waits until it says so, which the operator may take a moment for.
fn waits_in_vain(namespace: &str, name: &str, why: &str) {
    let wait = ["--wait-for=running", "--timeout", "20s", "-n", namespace];
    let ran = lab().ray_serve(&[&["status", name][..], &wait].concat());
    assert_eq!(ran.code, Some(1), "{ran}");
    ran.says(why);
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_foreign_head_service_is_named() {
    let lab = lab();
    let _webhook = lab.with_webhook();
    let space = lab.namespace("e2e-obstacle-service");
    lab.apply(&space.name, SERVICE).ok();
    lab.apply(&space.name, &manifest("own").to_string()).ok();
    waits_in_vain(&space.name, "own", "service/own-head-svc is in the way");
    lab.ray_serve(&["status", "own", "-n", &space.name])
        .ok()
        .says("kubectl delete service/own-head-svc -n e2e-obstacle-service");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_missing_service_account_is_named() {
    let lab = lab();
    let _webhook = lab.with_webhook();
    let space = lab.namespace("e2e-obstacle-account");
    let mut cluster = manifest("nosa");
    cluster["spec"]["headGroupSpec"]["template"]["spec"]["serviceAccountName"] = json!("nobody");
    lab.apply(&space.name, &cluster.to_string()).ok();
    waits_in_vain(&space.name, "nosa", "serviceaccount \"nobody\" not found");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_quota_is_named() {
    let lab = lab();
    let _webhook = lab.with_webhook();
    let space = lab.namespace("e2e-obstacle-quota");
    let quota = ["create", "quota", "few", "--hard=count/services=0"];
    lab.kubectl(&[&quota[..], &["-n", &space.name]].concat())
        .ok();
    lab.apply(&space.name, &manifest("few").to_string()).ok();
    waits_in_vain(&space.name, "few", "exceeded quota: few");
}
