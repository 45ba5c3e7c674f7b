//! Fields that people know from elsewhere: from the code of a deployment, from Kubernetes, from an
//! older Ray. A Serve config has no place for them, or calls them otherwise.

use crate::check::schema::Object::{
    self, Application, AutoscalingConfig, Config, Deployment, HttpOptions, RayActorOptions,
};

pub(super) enum Elsewhere {
    /// What a Serve config calls it.
    Called(&'static str),
    Words(&'static str),
}

use Elsewhere::{Called, Words};

/// Where it is not known, its names there, and what to do; anywhere where no object is listed.
#[rustfmt::skip] // One kind of field, one entry.
const TABLE: &[(&[Object], &[&str], Elsewhere)] = &[
    (&[HttpOptions], &["location"], Words("set proxy_location at the top")),
    (&[Deployment], &["actor_options"], Called("ray_actor_options")),
    (&[Deployment], &["replicas"], Called("num_replicas")),
    (&[Deployment], &["autoscaling", "autoscale"], Called("autoscaling_config")),
    (&[AutoscalingConfig], &["min"], Called("min_replicas")),
    (&[AutoscalingConfig], &["max"], Called("max_replicas")),
    (&[RayActorOptions], &["cpu", "cpus"], Called("num_cpus")),
    (&[RayActorOptions], &["gpu", "gpus"], Called("num_gpus")),
    (&[], &["max_batch_size", "batch_wait_timeout_s", "max_concurrent_batches", "batch_size_fn"],
        Words("it is an argument of @serve.batch, in the code")),
    (&[], &["max_num_models_per_replica"], Words("it is an argument of @serve.multiplexed, in the code")),
    (&[Deployment], &["version", "func_or_class"], Words("it is an argument of @serve.deployment, in the code")),
    (&[Application, Deployment], &["init_args", "init_kwargs"],
        Words("the code gives it where it binds the deployment, or takes it from \"args\" of the application")),
    (&[RayActorOptions, Deployment], &["max_concurrency"], Words("set max_ongoing_requests on the deployment")),
    (&[RayActorOptions, Deployment],
        &["max_restarts", "max_task_retries", "lifetime", "namespace", "max_pending_calls", "scheduling_strategy", "concurrency_groups", "get_if_exists"],
        Words("it is an option of Ray's actors that Serve sets itself")),
    (&[Config], &["apiVersion", "kind", "metadata", "spec", "status"],
        Words("it is part of a Kubernetes object, and a Serve config is none")),
    (&[Config, Application],
        &["serviceUnhealthySecondThreshold", "deploymentUnhealthySecondThreshold", "rayClusterConfig", "serveConfigV2", "serveService",
          "upgradeStrategy", "excludeHeadPodFromServeSvc", "rayClusterDeletionDelaySeconds"],
        Words("it is a field of a RayService, beside serveConfigV2")),
    (&[Config, Application],
        &["rayVersion", "headGroupSpec", "workerGroupSpecs", "rayStartParams", "enableInTreeAutoscaling", "autoscalerOptions",
          "gcsFaultToleranceOptions", "authOptions"],
        Words("it is a field of a RayCluster, which a Serve config does not describe")),
];

pub(super) fn elsewhere(of: Object, name: &str) -> Option<&'static Elsewhere> {
    let found = TABLE.iter().find(|(objects, names, _)| {
        (objects.is_empty() || objects.contains(&of)) && names.contains(&name)
    });
    found.map(|(_, _, what)| what)
}
