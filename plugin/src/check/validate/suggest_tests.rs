//! Misspelt and misplaced fields, and the field that each suggestion names.

use serde_json::{Map, Value, json};

use super::*;
use crate::check::schema::Object::{
    Application, AutoscalingConfig, Config, Deployment, HttpOptions, RayActorOptions,
};
use crate::check::source::Source;
use crate::check::validate::example::example;
use crate::check::validate::{Target, check};
use crate::yaml;

fn hint(of: Object, name: &str) -> String {
    suggest(of, name, None).map_or_else(String::new, |found| found.told(name))
}

const MEANT: &[(Object, &str, &str)] = &[
    (Deployment, "num_replica", "did you mean \"num_replicas\"?"),
    (Deployment, "numReplicas", "did you mean \"num_replicas\"?"),
    (Deployment, "user-config", "did you mean \"user_config\"?"),
    (
        Deployment,
        "actor_options",
        "did you mean \"ray_actor_options\"?",
    ),
    (
        Deployment,
        "maxConcurrentQueries",
        "did you mean \"max_ongoing_requests\"?",
    ),
    (
        Deployment,
        "num_cpus",
        "it belongs in \"ray_actor_options\"",
    ),
    (
        Deployment,
        "numCpus",
        "did you mean \"num_cpus\", in \"ray_actor_options\"?",
    ),
    (
        Deployment,
        "min_replicas",
        "it belongs in \"autoscaling_config\"",
    ),
    (
        Deployment,
        "min_replica",
        "did you mean \"min_replicas\", in \"autoscaling_config\"?",
    ),
    (
        Deployment,
        "port",
        "it belongs in \"http_options\" at the top",
    ),
    (
        Deployment,
        "routePrefix",
        "did you mean \"route_prefix\", in an application?",
    ),
    (
        Deployment,
        "working_dir",
        "it belongs in \"runtime_env\" in ray_actor_options of a deployment",
    ),
    (
        Deployment,
        "max_batch_size",
        "it is an argument of @serve.batch, in the code",
    ),
    (
        Application,
        "num_replicas",
        "it belongs in an entry of \"deployments\"",
    ),
    (
        Application,
        "min_replicas",
        "it belongs in \"autoscaling_config\" of a deployment",
    ),
    (
        Application,
        "num_cpus",
        "it belongs in \"ray_actor_options\" of a deployment",
    ),
    (Application, "working_dir", "it belongs in \"runtime_env\""),
    (
        Application,
        "max_concurrent_queries",
        "did you mean \"max_ongoing_requests\", in an entry of \"deployments\"?",
    ),
    (Application, "importpath", "did you mean \"import_path\"?"),
    (Application, "http_options", "it belongs at the top"),
    (Config, "application", "did you mean \"applications\"?"),
    (Config, "port", "it belongs in \"http_options\""),
    (
        Config,
        "runtime_env",
        "it belongs in an entry of \"applications\"",
    ),
    (
        Config,
        "env_vars",
        "it belongs in \"runtime_env\" of an application",
    ),
    (
        Config,
        "num_cpus",
        "it belongs in \"ray_actor_options\" of a deployment",
    ),
    (
        Config,
        "num_replicas",
        "it belongs in an entry of \"deployments\" of an application",
    ),
    (
        Config,
        "serviceUnhealthySecondThreshold",
        "it is a field of a RayService, beside serveConfigV2",
    ),
    (
        RayActorOptions,
        "num_replicas",
        "it belongs in a deployment",
    ),
    (
        AutoscalingConfig,
        "num_cpus",
        "it belongs in \"ray_actor_options\" of a deployment",
    ),
    (HttpOptions, "location", "set proxy_location at the top"),
    (
        Deployment,
        "minReplicas",
        "did you mean \"min_replicas\", in \"autoscaling_config\"?",
    ),
];

#[test]
fn unknown_fields_lead_to_what_was_meant() {
    for (of, name, said) in MEANT {
        assert_eq!(hint(*of, name), format!(": {said}"), "{name}");
    }
    assert_eq!(hint(Deployment, "colour"), "");
    assert_eq!(hint(Deployment, "x"), "");
}

/// A config whose only mapping of this kind has these fields.
fn config_with(object: Object, mut fields: Map<String, Value>) -> Value {
    for field in schema::fields(object).filter(|field| field.required) {
        let value = yaml::parse(example(field)).unwrap();
        fields.entry(field.name).or_insert(value);
    }
    let mapping = Value::Object(fields);
    let holder = schema::FIELDS.iter().find(
        |field| matches!(field.is, Type::Object(inner) | Type::Objects(inner) if inner == object),
    );
    match holder {
        None => mapping,
        Some(field) => in_field(field, mapping),
    }
}

fn in_field(field: &Field, mapping: Value) -> Value {
    let value = match field.is {
        Type::Objects(_) => json!([mapping]),
        _ => mapping,
    };
    let mut fields = Map::new();
    fields.insert(field.name.to_owned(), value);
    config_with(field.of, fields)
}

fn told(config: &Value, ray: Option<RayVersion>) -> Vec<String> {
    let source = Source::new("x".to_owned(), config.to_string().into_bytes());
    let target = Target {
        ray,
        uploads_code: false,
    };
    let findings = check(&source, &target);
    findings.iter().map(|one| one.message.clone()).collect()
}

/// What is right only beside others.
const NOT_ALONE: &[&str] = &[
    "ssl_certfile",
    "ssl_keyfile",
    "placement_group_bundle_label_selector",
];

/// Every field in every mapping that does not have it: whoever does what is said has no error.
#[test]
fn advice_leads_to_a_config_without_errors() {
    let objects: Vec<Object> = schema::FIELDS.iter().map(|field| field.of).collect();
    let names = schema::FIELDS.iter().map(|field| field.name);
    let mut names: Vec<&str> = names.chain(RUNTIME_ENV_KEYS.iter().copied()).collect();
    names.extend([
        "replicas",
        "autoscaling",
        "cpus",
        "minReplicas",
        "numCpus",
        "env_var",
        "max",
    ]);
    names.sort_unstable();
    names.dedup();
    let (mut followed, mut of_before) = (0, None);
    for of in objects {
        if of_before.replace(of) == Some(of) {
            continue;
        }
        for name in &names {
            for ray in [None, Some(8), Some(33), Some(54), Some(60)] {
                let ray = ray.map(RayVersion::ray2);
                let is_field = schema::field(of, name).is_some();
                let (to, meant) = match suggest(of, name, ray).filter(|_| !is_field) {
                    Some(Suggestion::Rename(meant)) => (Spot::Above(of), meant),
                    Some(Suggestion::Move { to, name, .. }) => (to, name),
                    Some(Suggestion::Words(_)) | None => continue,
                };
                if NOT_ALONE.contains(&meant) {
                    continue;
                }
                let config = moved(to, meant);
                let found = told(&config, ray);
                assert!(
                    found.is_empty(),
                    "{name} in {of:?} for {ray:?}: {config}: {found:?}"
                );
                followed += 1;
            }
        }
    }
    assert!(followed > 1000, "{followed}");
}

fn moved(to: Spot, name: &str) -> Value {
    let of = match to {
        Spot::Top => Config,
        Spot::Above(object) => object,
        Spot::In(field) => match field.is {
            Type::Object(inner) | Type::Objects(inner) => inner,
            _ => {
                let value = match name {
                    "pip" | "uv" | "excludes" => json!(["x"]),
                    "env_vars" => json!({"KEY": "value"}),
                    "working_dir" => json!("https://example.com/code.zip"),
                    "py_modules" => json!([]),
                    _ => json!(null),
                };
                return in_field(field, json!({ name: value }));
            }
        },
    };
    let field = schema::field(of, name).unwrap();
    let mut fields = Map::new();
    fields.insert(name.to_owned(), yaml::parse(example(field)).unwrap());
    config_with(of, fields)
}

/// What an error offers as an example has to be right itself.
#[test]
fn examples_are_right() {
    for field in schema::FIELDS {
        if field.refused.is_some() || NOT_ALONE.contains(&field.name) {
            continue;
        }
        let ray = field.until.is_none().then_some(schema::NEWEST);
        let mut fields = Map::new();
        fields.insert(field.name.to_owned(), yaml::parse(example(field)).unwrap());
        let config = config_with(field.of, fields);
        let found = told(&config, ray);
        assert!(found.is_empty(), "{}: {config}: {found:?}", field.name);
    }
}
