//! What both webhooks are asked: one review of a RayCluster of 4 KB, as the API server sends it.

use serde_json::{Value, json};

/// The size of the RayCluster in the review.
#[cfg(test)]
const SIZE: std::ops::RangeInclusive<usize> = 3_900..=4_300;

/// An `AdmissionReview` of the creation of a RayCluster that asks to serve and declares two ports.
pub(super) fn admission_review() -> Value {
    json!({
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "6f0c2d5e-8a31-4b43-9a55-0b8f0c2d5e8a",
            "kind": {"group": "ray.io", "version": "v1", "kind": "RayCluster"},
            "resource": {"group": "ray.io", "version": "v1", "resource": "rayclusters"},
            "requestKind": {"group": "ray.io", "version": "v1", "kind": "RayCluster"},
            "requestResource": {"group": "ray.io", "version": "v1", "resource": "rayclusters"},
            "name": "recommender",
            "namespace": "models",
            "operation": "CREATE",
            "userInfo": {"username": "ada", "groups": ["data-science", "system:authenticated"]},
            "object": ray_cluster(),
            "oldObject": null,
            "dryRun": false,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1", "fieldManager": "kubectl-client-side-apply"},
        },
    })
}

/// Which the controller's bench creates too.
pub(super) fn ray_cluster() -> Value {
    let worker = |name: &str, cpu: u32, memory: &str, gpu: u32| {
        let resources = json!({"cpu": cpu, "memory": memory, "nvidia.com/gpu": gpu});
        json!({
            "groupName": name,
            "replicas": 2,
            "minReplicas": 0,
            "maxReplicas": 10,
            "rayStartParams": {"node-ip-address": "$MY_POD_IP", "resources": "\"{\\\"group\\\": 1}\""},
            "template": {
                "metadata": {"labels": {"team": "models", "cost-center": "4711"}},
                "spec": {
                    "serviceAccountName": "ray",
                    "nodeSelector": {"pool": name, "kubernetes.io/arch": "amd64"},
                    "tolerations": [{"key": "pool", "operator": "Equal", "value": name, "effect": "NoSchedule"}],
                    "containers": [container("ray-worker", &resources, &json!([]))],
                    "volumes": volumes(),
                },
            },
        })
    };
    let head = container(
        "ray-head",
        &json!({"cpu": 2, "memory": "8Gi"}),
        &json!([
            {"name": "gcs-server", "containerPort": 6379, "protocol": "TCP"},
            {"name": "dashboard", "containerPort": 8265, "protocol": "TCP"},
        ]),
    );
    json!({
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {
            "name": "recommender",
            "namespace": "models",
            "uid": "0b8f0c2d-5e8a-4b43-9a55-6f0c2d5e8a31",
            "generation": 1,
            "creationTimestamp": "2026-11-24T06:30:00Z",
            "labels": {"app.kubernetes.io/name": "recommender", "team": "models"},
            "annotations": {"ray.io/enable-serve-service": "true"},
        },
        "spec": {
            "rayVersion": "2.60.0",
            "enableInTreeAutoscaling": true,
            "autoscalerOptions": {"idleTimeoutSeconds": 60, "upscalingMode": "Default"},
            "headGroupSpec": {
                "serviceType": "ClusterIP",
                "rayStartParams": {"dashboard-host": "0.0.0.0", "num-cpus": "0"},
                "template": {
                    "metadata": {"labels": {"team": "models", "cost-center": "4711"}},
                    "spec": {"serviceAccountName": "ray", "containers": [head], "volumes": volumes()},
                },
            },
            "workerGroupSpecs": [worker("cpu", 8, "32Gi", 0), worker("gpu", 16, "64Gi", 1)],
        },
    })
}

fn container(name: &str, resources: &Value, ports: &Value) -> Value {
    json!({
        "name": name,
        "image": "registry.example.com/models/ray:2.60.0-py311-gpu",
        "imagePullPolicy": "IfNotPresent",
        "env": [
            {"name": "RAY_GRAFANA_HOST", "value": "http://grafana.monitoring.svc:3000"},
            {"name": "RAY_PROMETHEUS_HOST", "value": "http://prometheus.monitoring.svc:9090"},
            {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hugging-face", "key": "token"}}},
        ],
        "ports": ports,
        "resources": {"requests": resources, "limits": resources},
        "lifecycle": {"preStop": {"exec": {"command": ["/bin/sh", "-c", "ray stop"]}}},
        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [
            {"name": "code", "mountPath": "/home/ray/code"},
            {"name": "logs", "mountPath": "/tmp/ray"},
        ],
    })
}

fn volumes() -> Value {
    json!([{"name": "code", "configMap": {"name": "code"}}, {"name": "logs", "emptyDir": {}}])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cluster_of_the_review_has_the_size_that_is_promised() {
        let size = ray_cluster().to_string().len();
        assert!(SIZE.contains(&size), "{size} bytes");
    }
}
