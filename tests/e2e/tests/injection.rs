//! What the webhook does to RayClusters that real users apply, and what it leaves alone.

use std::time::Duration;

use e2e::{WEBHOOK_NAMESPACE, eventually, lab};
use serde_json::{Value, json};

/// A RayCluster whose pods need not run: what is asked is what is stored and what is made.
fn ray_cluster(name: &str, annotation: Option<&str>, container: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {"name": name, "annotations": {}, "labels": {}},
        "spec": {
            "headGroupSpec": {
                "rayStartParams": {},
                "template": {"spec": {"containers": [container]}},
            },
        },
    });
    if let Some(value) = annotation {
        object["metadata"]["annotations"]["ray.io/enable-serve-service"] = value.into();
    }
    object
}

/// The head container of the tests: an image that every node has, no ports.
fn container() -> Value {
    json!({"name": "ray-head", "image": "cluster.local/pause:1"})
}

fn head_ports(object: &Value) -> &Value {
    &object["spec"]["headGroupSpec"]["template"]["spec"]["containers"][0]["ports"]
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_head_that_declares_ports_without_serve_gets_its_pods() {
    let lab = lab();
    let _webhook = lab.with_webhook();
    let namespace = lab.namespace("e2e-ports");
    let mut head = container();
    head["ports"] = json!([{"name": "gcs-server", "containerPort": 6379}]);
    let manifest = ray_cluster("ports", Some("true"), &head).to_string();

    // The webhook leaves its own namespace alone: there the operator is on its own.
    lab.apply(WEBHOOK_NAMESPACE, &manifest).ok();
    lab.apply(&namespace.name, &manifest).ok();

    let pods = |namespace: &str| {
        let list = lab.kubectl(&[
            "get",
            "pod",
            "-n",
            namespace,
            "-l",
            "ray.io/cluster=ports",
            "-o",
            "name",
        ]);
        list.ok().stdout.lines().count()
    };
    eventually("the head pod", Duration::from_secs(60), || {
        if pods(&namespace.name) == 1 {
            Ok(())
        } else {
            Err("no head pod".into())
        }
    });
    lab.get(&namespace.name, "service/ports-serve-svc");
    let without = pods(WEBHOOK_NAMESPACE);
    lab.kubectl(&["delete", "raycluster", "ports", "-n", WEBHOOK_NAMESPACE])
        .ok();
    assert_eq!(
        without, 0,
        "the operator makes no pod without the webhook: is the gap closed upstream?"
    );
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn clusters_that_do_not_ask_are_untouched() {
    let lab = lab();
    let _webhook = lab.with_webhook();
    let owned_by = |kind: &str| {
        let mut object = ray_cluster("untouched", Some("true"), &container());
        object["metadata"]["labels"]["ray.io/originated-from-crd"] = kind.into();
        object
    };
    for (case, object) in [
        (
            "no annotation",
            ray_cluster("untouched", None, &container()),
        ),
        (
            "false",
            ray_cluster("untouched", Some("false"), &container()),
        ),
        ("owned by a RayService", owned_by("RayService")),
        ("owned by a RayJob", owned_by("RayJob")),
    ] {
        let admitted = lab.admit("default", &object.to_string());
        assert_eq!(*head_ports(&admitted), Value::Null, "{case}");
        assert_eq!(
            admitted["spec"]["headGroupSpec"]["rayStartParams"],
            json!({}),
            "{case}"
        );
    }
    // The same object with the annotation is not: the cases above are about the annotation alone.
    let object = ray_cluster("touched", Some("true"), &container());
    let admitted = lab.admit("default", &object.to_string());
    assert_eq!(head_ports(&admitted).as_array().map(Vec::len), Some(6));
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn an_annotation_that_only_looks_true_is_warned_about() {
    let lab = lab();
    let _webhook = lab.with_webhook();
    let object = ray_cluster("looks-true", Some("True"), &container()).to_string();
    let ran = lab
        .apply_with("default", &object, &["--dry-run=server", "-o", "json"])
        .ok();
    assert!(
        ran.stderr.contains("Warning:") && ran.stderr.contains("\"true\""),
        "{ran}"
    );
    assert_eq!(*head_ports(&ran.json()), Value::Null);
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn applying_the_same_manifest_again_does_not_move_the_generation() {
    let lab = lab();
    let _webhook = lab.with_webhook();
    let namespace = lab.namespace("e2e-generation");
    // With a port list of its own, which client-side apply replaces as a whole.
    let mut head = container();
    head["ports"] = json!([{"name": "dashboard", "containerPort": 8265}]);
    let mut object = ray_cluster("again", Some("true"), &head);
    object["spec"]["suspend"] = true.into();
    let manifest = object.to_string();

    lab.apply(&namespace.name, &manifest).ok();
    let first = lab.get(&namespace.name, "raycluster/again");
    let again = lab.apply(&namespace.name, &manifest).ok();
    assert!(
        !again.stderr.contains("Warning:"),
        "a re-injection is silent: {again}"
    );
    let second = lab.get(&namespace.name, "raycluster/again");

    assert_eq!(
        first["metadata"]["generation"],
        second["metadata"]["generation"]
    );
    assert_eq!(first["spec"], second["spec"]);
    assert_eq!(head_ports(&second).as_array().map(Vec::len), Some(6));
}
