//! The table of a Serve config's fields against what Ray's releases define.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use kubectl_ray::check::schema::{FIELDS, Object, Type, fields};
use ray_serve_client::api::version::RayVersion;
use serde_json::Value;

use crate::support::fixtures;

const CLASSES: &[(&str, Object)] = &[
    ("ServeDeploySchema", Object::Config),
    ("HTTPOptionsSchema", Object::HttpOptions),
    ("gRPCOptionsSchema", Object::GrpcOptions),
    ("ControllerOptions", Object::ControllerOptions),
    ("LoggingConfig", Object::LoggingConfig),
    ("TracingConfig", Object::TracingConfig),
    ("ServeApplicationSchema", Object::Application),
    ("DeploymentSchema", Object::Deployment),
    ("RayActorOptionsSchema", Object::RayActorOptions),
    ("AutoscalingConfig", Object::AutoscalingConfig),
    ("AutoscalingPolicy", Object::AutoscalingPolicy),
    ("BackpressureConfig", Object::BackpressureConfig),
    ("RequestRouterConfig", Object::RequestRouterConfig),
    ("GangSchedulingConfig", Object::GangSchedulingConfig),
    ("DeploymentActorConfig", Object::DeploymentActor),
];

fn read(name: &str) -> Value {
    let text = fs::read_to_string(fixtures().join("ray/fields").join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

#[test]
fn each_release_knows_the_fields_the_table_says() {
    let history = read("history.json");
    let mut defined: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut newest = None;
    for (version, changes) in history.as_object().unwrap() {
        for (class, change) in changes.as_object().unwrap() {
            let (class, _) = CLASSES.iter().find(|(name, _)| name == class).unwrap();
            let known = defined.entry(class).or_default();
            known.extend(texts(&change["added"]));
            for removed in texts(&change["removed"]) {
                known.remove(removed);
            }
        }
        let ray: RayVersion = version.parse().unwrap();
        for (class, object) in CLASSES {
            let table: BTreeSet<&str> = fields(*object)
                .filter(|field| field.is_known(ray))
                .map(|field| field.name)
                .collect();
            let ray_s = defined.get(class).cloned().unwrap_or_default();
            assert_eq!(table, ray_s, "{class} of Ray {version}");
        }
        newest = Some(ray);
    }
    assert_eq!(newest, Some(kubectl_ray::check::schema::NEWEST));
    let names: BTreeSet<_> = FIELDS
        .iter()
        .map(|field| (field.of.noun(), field.name))
        .collect();
    assert_eq!(names.len(), FIELDS.len(), "a field is in the table twice");
}

/// As far as Ray's own annotation tells.
#[test]
fn types_are_those_of_ray_2_60() {
    let recorded = read("2.60.0.json");
    let ray: RayVersion = "2.60.0".parse().unwrap();
    for (class, object) in CLASSES {
        for field in fields(*object).filter(|field| field.is_known(ray)) {
            let name = format!("{class}.{}", field.name);
            let said = recorded[class][field.name].as_str().unwrap();
            assert_eq!(field.required, said.ends_with("required"), "{name}: {said}");
            let nullable = said.contains("Optional[") || said.contains("NoneType");
            assert_eq!(field.nullable, nullable, "{name}: {said}");
            if let Some(expected) = kind_of_annotation(said) {
                assert_eq!(kind(field.is), expected, "{name}: {said}");
            }
        }
    }
}

/// How Ray's annotations start, and what they say.
const ANNOTATIONS: &[(&str, &str)] = &[
    ("List[", "list"),
    ("Tuple[", "list"),
    ("Dict", "mapping"),
    ("<class 'dict'", "mapping"),
    ("dict", "mapping"),
    ("Union[Dict", "mapping"),
    ("<class 'str'", "text"),
    ("str", "text"),
    ("<enum", "text"),
    ("<class 'bool'", "boolean"),
    ("<class 'int'", "integer"),
    ("int", "integer"),
    ("<class 'float'", "number"),
    ("float", "number"),
    ("<class 'ray.serve", "mapping"),
    ("ray.serve", "mapping"),
    ("<class 'HTTP", "mapping"),
    ("<class 'gRPC", "mapping"),
    ("<class 'Ray", "mapping"),
    ("<class 'Logging", "mapping"),
    ("LoggingConfig", "mapping"),
    ("TracingConfig", "mapping"),
];

fn kind_of_annotation(said: &str) -> Option<&'static str> {
    let inner = said
        .trim_start_matches("Optional[")
        .trim_start_matches("Annotated[");
    let found = ANNOTATIONS
        .iter()
        .find(|(start, _)| inner.starts_with(start));
    found.map(|(_, kind)| *kind)
}

fn kind(is: Type) -> &'static str {
    match is {
        Type::Text
        | Type::OneOf(_)
        | Type::OneOfInAnyCase(_)
        | Type::Name
        | Type::Route
        | Type::ImportPath => "text",
        Type::Boolean => "boolean",
        Type::Integer(_) | Type::QueueLength => "integer",
        Type::Number(_) => "number",
        Type::AnyMapping
        | Type::TextMapping
        | Type::Object(_)
        | Type::RuntimeEnv
        | Type::ControllerEnv => "mapping",
        Type::AnyList
        | Type::Texts
        | Type::Mappings
        | Type::TextMappings
        | Type::NumberMappings
        | Type::Objects(_) => "list",
        Type::Code(_) | Type::Replicas | Type::LogLevel => "of its own",
    }
}
