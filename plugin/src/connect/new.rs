//! Builds the manifest of a new `RayCluster` from a few values.

use kuberay::labels::{ANNOTATION, ANNOTATION_ON};
use kuberay::resource::{API_VERSION, KIND};
use ray_serve_inject::{Review, inject};
use serde_json::{Map, Value, json};

use super::quantity::Quantity;

/// Values that the user gives for a cluster.
#[derive(Debug, Clone)]
pub struct NewCluster {
    pub name: String,
    pub namespace: Option<String>,
    pub ray_version: Option<String>,
    pub image: String,
    /// Resources of the head and of each worker.
    pub cpu: Quantity,
    pub memory: Quantity,
    /// The part of them that is reserved; all by default.
    pub requests: Requests,
    /// GPUs of each worker; the head only coordinates.
    pub gpu: u32,
    pub workers: Workers,
}

#[derive(Debug, Clone, Default)]
pub struct Requests {
    pub cpu: Option<Quantity>,
    pub memory: Option<Quantity>,
}

#[derive(Debug, Clone, Copy)]
pub struct Workers {
    pub replicas: u32,
    pub min: u32,
    pub max: u32,
    /// Ray's autoscaler moves the replicas between min and max.
    pub autoscale: bool,
}

const WORKER_GROUP: &str = "workers";
const GPU: &str = "nvidia.com/gpu";

impl NewCluster {
    /// The smallest manifest that serves with every supported operator, with or without the
    /// webhook: it includes what the webhook would add, by the same code.
    ///
    /// A worker's `rayStartParams` is present but empty, because `KubeRay` before 1.4 requires it.
    pub fn manifest(&self) -> Value {
        let mut metadata = json!({ "name": self.name });
        if let Some(namespace) = &self.namespace {
            metadata["namespace"] = namespace.as_str().into();
        }
        metadata["annotations"] = json!({ ANNOTATION: ANNOTATION_ON });
        let mut spec = Map::new();
        if let Some(version) = &self.ray_version {
            spec.insert("rayVersion".to_owned(), version.as_str().into());
        }
        if self.workers.autoscale {
            spec.insert("enableInTreeAutoscaling".to_owned(), true.into());
        }
        spec.insert(
            "headGroupSpec".to_owned(),
            json!({ "rayStartParams": {}, "template": self.template("ray-head", 0) }),
        );
        // Present even without workers, so that adding one later only changes a number.
        let workers = json!([{
            "groupName": WORKER_GROUP,
            "replicas": self.workers.replicas,
            "minReplicas": self.workers.min,
            "maxReplicas": self.workers.max,
            "rayStartParams": {},
            "template": self.template("ray-worker", self.gpu),
        }]);
        spec.insert("workerGroupSpecs".to_owned(), workers);
        let mut manifest = json!({
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": metadata,
            "spec": spec,
        });
        inject(&Review::create(&manifest)).apply(&mut manifest);
        manifest
    }

    fn template(&self, container: &str, gpu: u32) -> Value {
        let requested = |asked: &Option<Quantity>, limit: &Quantity| {
            asked.as_ref().unwrap_or(limit).to_string()
        };
        let mut requests = json!({
            "cpu": requested(&self.requests.cpu, &self.cpu),
            "memory": requested(&self.requests.memory, &self.memory),
        });
        let mut limits = json!({ "cpu": self.cpu.to_string(), "memory": self.memory.to_string() });
        if gpu > 0 {
            for resources in [&mut requests, &mut limits] {
                resources[GPU] = gpu.to_string().into();
            }
        }
        json!({ "spec": { "containers": [{
            "name": container,
            "image": self.image,
            "resources": { "requests": requests, "limits": limits },
        }] } })
    }
}
