//! What a right value looks like, for those who wrote another.

use crate::check::schema::Range::{Above, Any, AtLeast, Between, UpTo};
use crate::check::schema::{Field, Object, Range, Type};

/// Fields whose value is text of a certain form.
const BY_NAME: &[(&str, &str)] = &[
    ("host", "0.0.0.0"),
    ("root_path", "/api"),
    ("ssl_keyfile_password", "text"),
    ("logs_dir", "/tmp/logs"),
    ("accelerator_type", "A100"),
    ("exporter_import_path", "\"module:function\""),
    ("policy_function", "\"module:function\""),
    ("request_router_class", "\"module:Class\""),
    ("actor_class", "\"module:Class\""),
    ("placement_group_bundles", "[{CPU: 1}]"),
    ("grpc_servicer_functions", "[module.add_Service]"),
    ("additional_log_standard_attrs", "[name]"),
    ("fallback_strategy", "[{label_selector: {key: value}}]"),
];

/// In one line of YAML.
pub(super) fn example(field: &Field) -> &'static str {
    let named = BY_NAME.iter().find(|(name, _)| *name == field.name);
    if let Some((_, example)) = named {
        return example;
    }
    match field.is {
        Type::Text if field.name.starts_with("ssl_") => "/certs/tls.pem",
        Type::Text => "text",
        Type::OneOf(several) | Type::OneOfInAnyCase(several) => several.first().unwrap_or(&""),
        Type::Boolean => "true",
        Type::Integer(range) | Type::Number(range) => number(range),
        Type::Code(_) => "503",
        Type::AnyMapping | Type::TextMapping => "{key: value}",
        Type::AnyList => "[1, 2]",
        Type::Texts => "[text]",
        Type::Mappings | Type::TextMappings => "[{key: value}]",
        Type::NumberMappings => "[{key: 1}]",
        Type::Object(inner) => of_object(inner),
        Type::Objects(Object::Application) => "[{name: fruit, import_path: \"fruit:app\"}]",
        Type::Objects(Object::DeploymentActor) => "[{name: Cache, actor_class: \"module:Class\"}]",
        Type::Objects(_) => "[{name: Fruit}]",
        Type::Name => "Fruit",
        Type::Route => "/fruit",
        Type::ImportPath => "\"fruit:app\"",
        Type::RuntimeEnv => "{working_dir: \"https://example.com/code.zip\"}",
        Type::ControllerEnv => "{env_vars: {KEY: value}}",
        Type::Replicas => "2",
        Type::QueueLength => "100",
        Type::LogLevel => "DEBUG",
    }
}

fn number(range: Range) -> &'static str {
    match range {
        Between(_, 65535.0) => "8000",
        Between(_, 1.0) | UpTo(..) => "0.5",
        Between(..) => "50",
        Any | AtLeast(_) | Above(_) => "1",
    }
}

pub(super) fn of_object(object: Object) -> &'static str {
    match object {
        Object::Config => "{applications: []}",
        Object::HttpOptions => "{port: 8000}",
        Object::GrpcOptions => "{port: 9000}",
        Object::ControllerOptions => "{runtime_env: {env_vars: {KEY: value}}}",
        Object::LoggingConfig => "{log_level: DEBUG}",
        Object::TracingConfig => "{enabled: true}",
        Object::Application => "{name: fruit, import_path: \"fruit:app\"}",
        Object::Deployment => "{name: Fruit}",
        Object::RayActorOptions => "{num_cpus: 1}",
        Object::AutoscalingConfig => "{min_replicas: 1, max_replicas: 3}",
        Object::AutoscalingPolicy => "{policy_function: \"module:function\"}",
        Object::BackpressureConfig => "{status_code: 503}",
        Object::RequestRouterConfig => "{request_router_class: \"module:Class\"}",
        Object::GangSchedulingConfig => "{gang_size: 2}",
        Object::DeploymentActor => "{name: Cache, actor_class: \"module:Class\"}",
    }
}
