//! The two services of an annotated RayCluster are exactly those the KubeRay API server promised.

use std::collections::BTreeSet;

use e2e::{CLUSTER, lab, serving};
use serde_json::Value;

fn ports(service: &Value) -> BTreeSet<u64> {
    let ports = service["spec"]["ports"]
        .as_array()
        .expect("a service with ports");
    ports
        .iter()
        .map(|p| p["port"].as_u64().expect("a port number"))
        .collect()
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_head_service_has_all_six_ports_and_the_serve_service_one() {
    let serving = serving();
    let get = |name: String| lab().get(serving.namespace(), &format!("service/{name}"));

    let head = get(format!("{CLUSTER}-head-svc"));
    assert_eq!(
        ports(&head),
        BTreeSet::from([6379, 8000, 8080, 8265, 10001, 52365])
    );
    let serve = get(format!("{CLUSTER}-serve-svc"));
    assert_eq!(ports(&serve), BTreeSet::from([8000]));
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_worker_that_names_its_pod_ip_starts() {
    // Without MY_POD_IP it would crash-loop on a malformed host, and the cluster would never be provisioned.
    let serving = serving();
    let pods = lab().kubectl(&[
        "get",
        "pod",
        "-n",
        serving.namespace(),
        "-l",
        "ray.io/node-type=worker",
        "-o",
        "json",
    ]);
    let pods = pods.ok().json();
    let env = pods["items"][0]["spec"]["containers"][0]["env"]
        .as_array()
        .expect("env")
        .clone();
    let pod_ip = env
        .iter()
        .find(|e| e["name"] == "MY_POD_IP")
        .expect("MY_POD_IP");
    assert_eq!(pod_ip["valueFrom"]["fieldRef"]["fieldPath"], "status.podIP");
    // Ready, and not merely never restarted: a worker also restarts when another test took its head away.
    let selector = "--selector=ray.io/node-type=worker";
    let ready = ["--for=condition=Ready", "pod", selector, "--timeout=120s"];
    lab()
        .kubectl(&[&["wait", "-n", serving.namespace()], &ready[..]].concat())
        .ok();
}
