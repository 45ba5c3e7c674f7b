//! The RayCluster that is drilled, as a user would apply it: only annotated.

use serde_json::{Value, json};

pub(super) const CLUSTER: &str = "drilled";
pub(super) const HEAD_CONTAINER: &str = "ray-head";
pub(super) const WORKER_CONTAINER: &str = "ray-worker";
/// As many as a form may ask for.
pub(super) const WORKERS: usize = 3;
/// The `ConfigMap` with the application's code.
pub(super) const CODE: &str = "code";

/// Where Python finds it.
const CODE_PATH: &str = "/code";

/// Of this version of Ray. The head takes no replica.
pub(super) fn manifest(ray: &str) -> Value {
    let template = |container: &str| {
        json!({"spec": {
            "containers": [{
                "name": container,
                "image": format!("rayproject/ray:{ray}"),
                "env": [{"name": "PYTHONPATH", "value": CODE_PATH}],
                "resources": {
                    "requests": {"cpu": "200m", "memory": "1Gi"},
                    "limits": {"cpu": "2", "memory": "4Gi"},
                },
                "volumeMounts": [{"name": CODE, "mountPath": CODE_PATH}],
            }],
            "volumes": [{"name": CODE, "configMap": {"name": CODE}}],
        }})
    };
    json!({
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {
            "name": CLUSTER,
            "annotations": {"ray.io/enable-serve-service": "true"},
        },
        "spec": {
            "rayVersion": ray,
            "headGroupSpec": {
                "rayStartParams": {"num-cpus": "0"},
                "template": template(HEAD_CONTAINER),
            },
            "workerGroupSpecs": [{
                "groupName": "workers",
                "replicas": WORKERS,
                "minReplicas": 0,
                "maxReplicas": WORKERS,
                "rayStartParams": {},
                "template": template(WORKER_CONTAINER),
            }],
        },
    })
}
