//! Annotated clusters of any size, grown where the engine has to look and to write: each worker
//! group counts on `$MY_POD_IP` and lacks it.

use serde_json::{Value, json};

pub(crate) fn cluster_of(bytes: usize) -> Value {
    let mut cluster = json!({
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {
            "name": "sized",
            "namespace": "default",
            "annotations": { "ray.io/enable-serve-service": "true" },
        },
        "spec": {
            "rayVersion": "2.60.0",
            "headGroupSpec": {
                "rayStartParams": { "num-cpus": "0" },
                "template": pod("ray-head"),
            },
        },
    });
    cluster["spec"]["headGroupSpec"]["template"]["spec"]["containers"][0]["ports"] = json!([
        { "name": "gcs-server", "containerPort": 6379 },
        { "name": "dashboard", "containerPort": 8265 },
        { "name": "client", "containerPort": 10001 },
    ]);
    let mut groups = Vec::new();
    let mut size = cluster.to_string().len();
    while size < bytes {
        let group = worker_group(groups.len());
        size += group.to_string().len();
        groups.push(group);
    }
    cluster["spec"]["workerGroupSpecs"] = groups.into();
    cluster
}

fn worker_group(index: usize) -> Value {
    json!({
        "groupName": format!("group-{index}"),
        "replicas": 1,
        "minReplicas": 0,
        "maxReplicas": 5,
        "rayStartParams": { "node-ip-address": "$MY_POD_IP" },
        "template": pod("ray-worker"),
    })
}

fn pod(container: &str) -> Value {
    let env =
        (0..8).map(|index| json!({ "name": format!("VARIABLE_{index}"), "value": "some value" }));
    json!({
        "metadata": { "labels": { "team": "fruit" } },
        "spec": {
            "containers": [{
                "name": container,
                "image": "rayproject/ray:2.60.0",
                "resources": {
                    "requests": { "cpu": "200m", "memory": "1Gi" },
                    "limits": { "cpu": "1", "memory": "3Gi" },
                },
                "env": env.collect::<Vec<_>>(),
                "volumeMounts": [{ "name": "logs", "mountPath": "/tmp/ray" }],
            }],
            "volumes": [{ "name": "logs", "emptyDir": {} }],
        },
    })
}
