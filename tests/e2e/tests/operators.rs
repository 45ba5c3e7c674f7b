//! What comes of an injected RayCluster depends on the operator too: the same questions to each of them
//! by `cargo cluster test --matrix`. What a test here is called is a line of its table.

use std::{collections::BTreeSet, time::Duration};

use e2e::{CLUSTER, Namespace, eventually, lab, serving, serving_kind, since};
use serde_json::{Value, json};

/// A RayCluster that asks to serve. Its pods run nothing: what is asked is what is made.
fn ray_cluster(name: &str) -> Value {
    let template =
        json!({"spec": {"containers": [{"name": "ray", "image": "cluster.local/pause:1"}]}});
    json!({
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {"name": name, "annotations": {"ray.io/enable-serve-service": "true"}},
        "spec": {
            "headGroupSpec": {"rayStartParams": {}, "template": template},
            "workerGroupSpecs": [{
                "groupName": "workers",
                "replicas": 0, "minReplicas": 0, "maxReplicas": 1,
                "rayStartParams": {}, "template": template,
            }],
        },
    })
}

fn head_container(object: &mut Value) -> &mut Value {
    &mut object["spec"]["headGroupSpec"]["template"]["spec"]["containers"][0]
}

/// Applied, in a namespace of the test's own.
fn create(object: &Value, namespace: &str) -> Namespace {
    let namespace = lab().namespace(namespace);
    lab().apply(&namespace.name, &object.to_string()).ok();
    namespace
}

/// What the operator makes is there a moment later.
#[track_caller]
fn made(namespace: &Namespace, what: &str) -> Value {
    eventually(what, Duration::from_secs(30), || {
        let ran = lab().kubectl(&["get", "-n", &namespace.name, what, "-o", "json"]);
        if ran.code == Some(0) {
            Ok(ran.json())
        } else {
            Err(ran.stderr)
        }
    })
}

fn ports(service: &Value) -> BTreeSet<u64> {
    let ports = service["spec"]["ports"].as_array().into_iter().flatten();
    ports.filter_map(|port| port["port"].as_u64()).collect()
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn six_ports_in_the_head_service_and_one_in_the_serve_service() {
    let _webhook = lab().with_webhook();
    let mut object = ray_cluster("ports");
    head_container(&mut object)["ports"] = json!([{"name": "gcs-server", "containerPort": 6379}]);
    let namespace = create(&object, "e2e-operator-ports");
    assert_eq!(
        ports(&made(&namespace, "service/ports-head-svc")),
        BTreeSet::from([6379, 8000, 8080, 8265, 10001, 52365])
    );
    assert_eq!(
        ports(&made(&namespace, "service/ports-serve-svc")),
        BTreeSet::from([8000])
    );
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_head_without_ray_start_params() {
    let _webhook = lab().with_webhook();
    let mut object = ray_cluster("bare");
    object["spec"]["headGroupSpec"]
        .as_object_mut()
        .expect("an object")
        .remove("rayStartParams");
    let admitted = lab().admit("default", &object.to_string());
    let params = &admitted["spec"]["headGroupSpec"]["rayStartParams"];
    assert_eq!(params["dashboard-host"], "0.0.0.0", "{params}");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn workers_without_ray_start_params() {
    since("1.4.2", || {
        let _webhook = lab().with_webhook();
        let mut object = ray_cluster("bare-workers");
        object["spec"]["workerGroupSpecs"][0]
            .as_object_mut()
            .expect("an object")
            .remove("rayStartParams");
        lab().admit("default", &object.to_string());
    });
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_headless_head_service() {
    since("1.2.2", || {
        let _webhook = lab().with_webhook();
        let namespace = create(&ray_cluster("headless"), "e2e-operator-headless");
        let service = made(&namespace, "service/headless-head-svc");
        assert_eq!(service["spec"]["clusterIP"], "None");
    });
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn services_named_after_the_whole_of_a_long_name() {
    since("1.4.2", || {
        let _webhook = lab().with_webhook();
        // The longest that later operators take.
        let name = format!("{:x<53}", "long-");
        let namespace = create(&ray_cluster(&name), "e2e-operator-name");
        made(&namespace, &format!("service/{name}-serve-svc"));
    });
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_second_serve_port_in_the_serve_service() {
    since("1.6.2", || {
        let _webhook = lab().with_webhook();
        let mut object = ray_cluster("grpc");
        head_container(&mut object)["ports"] = json!([
            {"name": "serve", "containerPort": 8000},
            {"name": "serve-grpc", "containerPort": 9000},
        ]);
        let namespace = create(&object, "e2e-operator-grpc");
        let service = made(&namespace, "service/grpc-serve-svc");
        assert_eq!(ports(&service), BTreeSet::from([8000, 9000]));
    });
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn probes_on_the_ports_of_ray_start_params() {
    since("1.6.2", || {
        let _webhook = lab().with_webhook();
        let mut object = ray_cluster("probes");
        object["spec"]["headGroupSpec"]["rayStartParams"] =
            json!({"dashboard-agent-listen-port": "52366", "dashboard-port": "8266"});
        let namespace = create(&object, "e2e-operator-probes");
        let probe = eventually("the head pod", Duration::from_secs(30), || {
            let pods = lab().get(&namespace.name, "pods");
            let probe = &pods["items"][0]["spec"]["containers"][0]["readinessProbe"];
            if probe.is_object() {
                Ok(probe.to_string())
            } else {
                Err(pods.to_string())
            }
        });
        assert!(probe.contains("52366"), "{probe}");
        assert!(!probe.contains("52365"), "{probe}");
    });
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_condition_that_says_it_is_provisioned() {
    let serving = serving();
    let namespace = serving.namespace();
    since("1.3.2", || {
        let object = lab().get(namespace, &format!("raycluster/{CLUSTER}"));
        let conditions = object["status"]["conditions"]
            .as_array()
            .expect("conditions");
        let provisioned = conditions
            .iter()
            .find(|condition| condition["type"] == "RayClusterProvisioned")
            .expect("the condition");
        assert_eq!(provisioned["status"], "True");
    });
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn an_application_that_answers_through_the_serve_service() {
    let serving = serving_kind("fruit");
    serving
        .submit(&lab().example("serve_config_fruit.yaml"), &["--wait"])
        .ok();
    assert_eq!(serving.call("/fruit", "[\"MANGO\", 2]"), "6");
}
