//! The fields of a Serve config in Ray 2.8 to 2.60, one a line. Tests compare it with what Ray's
//! releases define; a new release is a few lines here.

use super::Object::{
    self, Application, AutoscalingConfig, AutoscalingPolicy, BackpressureConfig, Config,
    ControllerOptions, Deployment, DeploymentActor, GangSchedulingConfig, GrpcOptions, HttpOptions,
    LoggingConfig, RayActorOptions, RequestRouterConfig, TracingConfig,
};
use super::Range::{Above, Any, AtLeast, Between, UpTo};
use super::Type::{
    self, AnyList, AnyMapping, Boolean, Code, ControllerEnv, ImportPath, Integer, LogLevel,
    Mappings, Name, Number, NumberMappings, Object as One, Objects, OneOf, OneOfInAnyCase,
    QueueLength, Replicas, Route, RuntimeEnv, Text, TextMapping, TextMappings, Texts,
};
use super::{Field, RayVersion};

/// The versions this table tells apart.
pub const OLDEST: RayVersion = RayVersion::ray2(8);
pub const NEWEST: RayVersion = RayVersion::ray2(60);

const PLACEMENT: &[&str] = &["PACK", "SPREAD", "STRICT_PACK", "STRICT_SPREAD"];

#[rustfmt::skip] // One field, one line.
pub static FIELDS: &[Field] = &[
    field(Config, "proxy_location", OneOf(&["Disabled", "HeadOnly", "EveryNode"])),
    field(Config, "http_options", One(HttpOptions)),
    field(Config, "grpc_options", One(GrpcOptions)),
    field(Config, "controller_options", One(ControllerOptions)).nullable().since(56),
    field(Config, "logging_config", One(LoggingConfig)).nullable().since(9),
    field(Config, "tracing_config", One(TracingConfig)).nullable().since(59),
    field(Config, "applications", Objects(Application)).required(),
    field(Config, "target_capacity", Number(Between(0.0, 100.0))).nullable().since(9),

    field(HttpOptions, "host", Text),
    field(HttpOptions, "port", Integer(Between(0.0, 65535.0))),
    field(HttpOptions, "root_path", Text),
    field(HttpOptions, "request_timeout_s", Number(Any)).nullable(),
    field(HttpOptions, "keep_alive_timeout_s", Integer(Any)),
    field(HttpOptions, "ssl_keyfile", Text).nullable().since(50),
    field(HttpOptions, "ssl_certfile", Text).nullable().since(50),
    field(HttpOptions, "ssl_keyfile_password", Text).nullable().since(50),
    field(HttpOptions, "ssl_ca_certs", Text).nullable().since(50),

    field(GrpcOptions, "port", Integer(Between(0.0, 65535.0))),
    field(GrpcOptions, "grpc_servicer_functions", Texts),
    field(GrpcOptions, "request_timeout_s", Number(Any)).nullable().since(45),
    field(GrpcOptions, "enable_reflection", Boolean).since(60),

    field(ControllerOptions, "runtime_env", ControllerEnv).nullable().since(56),

    field(LoggingConfig, "encoding", OneOf(&["TEXT", "JSON"])).since(9),
    field(LoggingConfig, "log_level", LogLevel).since(9),
    field(LoggingConfig, "logs_dir", Text).nullable().since(9),
    field(LoggingConfig, "enable_access_log", Boolean).since(9),
    field(LoggingConfig, "additional_log_standard_attrs", Texts).since(44),

    field(TracingConfig, "enabled", Boolean).since(59),
    field(TracingConfig, "exporter_import_path", Text).since(59),
    field(TracingConfig, "sampling_ratio", Number(Between(0.0, 1.0))).since(59),

    field(Application, "name", Name),
    field(Application, "route_prefix", Route).nullable(),
    field(Application, "import_path", ImportPath).required(),
    field(Application, "runtime_env", RuntimeEnv),
    field(Application, "host", Text).refused("set it in http_options at the top"),
    field(Application, "port", Integer(Any)).refused("set it in http_options at the top"),
    field(Application, "deployments", Objects(Deployment)),
    field(Application, "autoscaling_policy", One(AutoscalingPolicy)).nullable().since(51),
    field(Application, "args", AnyMapping),
    field(Application, "logging_config", One(LoggingConfig)).nullable().since(9),
    field(Application, "external_scaler_enabled", Boolean).since(53),

    field(Deployment, "name", Name).required(),
    field(Deployment, "num_replicas", Replicas).nullable(),
    field(Deployment, "route_prefix", Route).nullable().until(39).instead("set it on the application"),
    field(Deployment, "max_concurrent_queries", Integer(Above(0.0))).until(33).renamed("max_ongoing_requests"),
    field(Deployment, "max_ongoing_requests", Integer(Above(0.0))).since(10),
    field(Deployment, "max_queued_requests", QueueLength).since(10),
    field(Deployment, "backpressure_config", One(BackpressureConfig)).since(58),
    field(Deployment, "user_config", AnyMapping).nullable(),
    field(Deployment, "autoscaling_config", One(AutoscalingConfig)).nullable(),
    field(Deployment, "graceful_shutdown_wait_loop_s", Number(AtLeast(0.0))),
    field(Deployment, "graceful_shutdown_timeout_s", Number(AtLeast(0.0))),
    field(Deployment, "health_check_period_s", Number(Above(0.0))),
    field(Deployment, "health_check_timeout_s", Number(Above(0.0))),
    field(Deployment, "ray_actor_options", One(RayActorOptions)),
    field(Deployment, "placement_group_bundles", NumberMappings),
    field(Deployment, "placement_group_strategy", OneOf(PLACEMENT)),
    field(Deployment, "placement_group_bundle_label_selector", TextMappings).since(54),
    field(Deployment, "max_replicas_per_node", Integer(Between(1.0, 100.0))),
    field(Deployment, "logging_config", One(LoggingConfig)).since(9),
    field(Deployment, "request_router_class", Text).since(47).until(48).instead("set it in request_router_config"),
    field(Deployment, "request_router_config", One(RequestRouterConfig)).since(48),
    field(Deployment, "gang_scheduling_config", One(GangSchedulingConfig)).nullable().since(55),
    field(Deployment, "deployment_actors", Objects(DeploymentActor)).nullable().since(55),
    field(Deployment, "rolling_update_percentage", Number(UpTo(0.0, 1.0))).since(56),
    field(Deployment, "max_surge_percent", Integer(Between(0.0, 100.0))).since(60),

    field(RayActorOptions, "runtime_env", RuntimeEnv),
    field(RayActorOptions, "num_cpus", Number(AtLeast(0.0))).nullable(),
    field(RayActorOptions, "num_gpus", Number(AtLeast(0.0))).nullable(),
    field(RayActorOptions, "memory", Number(AtLeast(0.0))).nullable(),
    field(RayActorOptions, "object_store_memory", Number(AtLeast(0.0))).nullable().until(30),
    field(RayActorOptions, "resources", AnyMapping),
    field(RayActorOptions, "accelerator_type", Text).nullable(),
    field(RayActorOptions, "label_selector", TextMapping).nullable().since(54),
    field(RayActorOptions, "fallback_strategy", Mappings).nullable().since(54),

    field(AutoscalingConfig, "min_replicas", Integer(AtLeast(0.0))),
    field(AutoscalingConfig, "initial_replicas", Integer(AtLeast(0.0))).nullable(),
    field(AutoscalingConfig, "max_replicas", Integer(Above(0.0))),
    field(AutoscalingConfig, "target_num_ongoing_requests_per_replica", Number(Above(0.0))).until(33).renamed("target_ongoing_requests"),
    field(AutoscalingConfig, "target_ongoing_requests", Number(Above(0.0))).nullable().since(10),
    field(AutoscalingConfig, "metrics_interval_s", Number(Above(0.0))),
    field(AutoscalingConfig, "look_back_period_s", Number(Above(0.0))),
    field(AutoscalingConfig, "smoothing_factor", Number(Above(0.0))),
    field(AutoscalingConfig, "upscale_smoothing_factor", Number(Above(0.0))).nullable(),
    field(AutoscalingConfig, "downscale_smoothing_factor", Number(Above(0.0))).nullable(),
    field(AutoscalingConfig, "upscaling_factor", Number(Above(0.0))).nullable().since(10),
    field(AutoscalingConfig, "downscaling_factor", Number(Above(0.0))).nullable().since(10),
    field(AutoscalingConfig, "downscale_delay_s", Number(AtLeast(0.0))),
    field(AutoscalingConfig, "downscale_to_zero_delay_s", Number(AtLeast(0.0))).nullable().since(50),
    field(AutoscalingConfig, "upscale_delay_s", Number(AtLeast(0.0))),
    field(AutoscalingConfig, "aggregation_function", OneOfInAnyCase(&["mean", "max", "min"])).since(51),
    field(AutoscalingConfig, "policy", One(AutoscalingPolicy)).since(50),

    field(AutoscalingPolicy, "name", Text).since(49).until(51).renamed("policy_function"),
    field(AutoscalingPolicy, "policy_function", Text).since(51),
    field(AutoscalingPolicy, "policy_kwargs", AnyMapping).since(55),

    field(BackpressureConfig, "status_code", Code(&[503, 429])).since(58),
    field(BackpressureConfig, "retry_after_s", Number(AtLeast(0.0))).nullable().since(58),

    field(RequestRouterConfig, "request_router_class", Text).since(48),
    field(RequestRouterConfig, "request_router_kwargs", AnyMapping).since(48),
    field(RequestRouterConfig, "request_routing_stats_period_s", Number(Above(0.0))).since(48),
    field(RequestRouterConfig, "request_routing_stats_timeout_s", Number(Above(0.0))).since(48),
    field(RequestRouterConfig, "initial_backoff_s", Number(Above(0.0))).since(55),
    field(RequestRouterConfig, "backoff_multiplier", Number(Above(0.0))).since(55),
    field(RequestRouterConfig, "max_backoff_s", Number(Above(0.0))).since(55),

    field(GangSchedulingConfig, "gang_size", Integer(AtLeast(1.0))).required().since(55),
    field(GangSchedulingConfig, "gang_placement_strategy", OneOf(&["PACK", "SPREAD"])).since(55),
    // Ray has RESTART_REPLICA in its list and answers that it is not implemented.
    field(GangSchedulingConfig, "runtime_failure_policy", OneOf(&["RESTART_GANG"])).since(55),

    field(DeploymentActor, "name", Name).required().since(55),
    field(DeploymentActor, "actor_class", Text).required().since(55),
    field(DeploymentActor, "init_args", AnyList).since(55),
    field(DeploymentActor, "init_kwargs", AnyMapping).since(55),
    field(DeploymentActor, "actor_options", AnyMapping).since(55),
];

const fn field(of: Object, name: &'static str, is: Type) -> Field {
    Field {
        of,
        name,
        is,
        required: false,
        nullable: false,
        since: OLDEST,
        until: None,
        renamed: None,
        instead: None,
        refused: None,
    }
}

impl Field {
    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    const fn since(mut self, minor: u16) -> Self {
        self.since = RayVersion::ray2(minor);
        self
    }

    const fn until(mut self, minor: u16) -> Self {
        self.until = Some(RayVersion::ray2(minor));
        self
    }

    const fn renamed(mut self, name: &'static str) -> Self {
        self.renamed = Some(name);
        self
    }

    const fn refused(mut self, instead: &'static str) -> Self {
        self.refused = Some(instead);
        self
    }

    const fn instead(mut self, what: &'static str) -> Self {
        self.instead = Some(what);
        self
    }
}
