//! The schemas of `get -o json` say what it prints, of every recorded state and with nothing left out.

use std::path::Path;

use jsonschema::Validator;
use kubectl_ray::command::get::clusters::{Line, document};
use kubectl_ray::connect::RayCluster;
use ray_serve_client::state::camel_case::camel_case;
use serde_json::{Value, json};

use crate::recorded::states;
use crate::support::{RAY_VERSIONS, recorded};

pub(crate) fn schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("schema")
        .join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The same with every object closed that is not said to be open: then each field that is printed
/// must be described.
pub(crate) fn closed(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(fields) => {
            for (_, field) in fields.iter_mut() {
                *field = closed(field.take());
            }
            if fields.get("properties").is_some_and(Value::is_object)
                && fields.contains_key("type")
                && !fields.contains_key("additionalProperties")
            {
                fields.insert("additionalProperties".into(), false.into());
            }
        }
        Value::Array(items) => {
            for item in items.iter_mut() {
                *item = closed(item.take());
            }
        }
        _ => {}
    }
    schema
}

#[track_caller]
pub(crate) fn assert_valid(validator: &Validator, document: &Value, what: &str) {
    let problems: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(problems.is_empty(), "{what}: {}", problems.join("\n"));
}

#[test]
fn every_recorded_answer_is_described_field_by_field() {
    let open = jsonschema::validator_for(&schema("get.schema.json")).unwrap();
    let closed = jsonschema::validator_for(&closed(schema("get.schema.json"))).unwrap();
    let idle = ["get_after_delete_0", "get_just_after_removal"];
    for ray in RAY_VERSIONS {
        for name in states(ray).chain(idle) {
            let document = camel_case(serde_json::from_str(&recorded(ray, name).1).unwrap());
            assert_valid(&open, &document, name);
            assert_valid(&closed, &document, name);
        }
    }
}

#[test]
fn what_newer_rays_add_is_valid_and_what_is_wrong_is_not() {
    let validator = jsonschema::validator_for(&schema("get.schema.json")).unwrap();
    let application = |application: Value| json!({"applications": {"a": application}});
    for (document, valid) in [
        (application(json!({"status": "PAUSED", "new": [1]})), true),
        (json!({"applications": {}, "new": true}), true),
        (json!({}), false),
        (application(json!({"status": 1})), false),
        (application(json!({})), false),
        (
            application(json!({"status": "RUNNING", "deployments": []})),
            false,
        ),
        (
            application(json!({"status": "RUNNING", "routePrefix": 1})),
            false,
        ),
    ] {
        assert_eq!(validator.is_valid(&document), valid, "{document}");
    }
}

#[test]
fn the_list_of_clusters_is_described_field_by_field() {
    let cluster = || -> RayCluster {
        serde_json::from_value(json!({
            "metadata": {"name": "x", "namespace": "team", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"rayVersion": "2.60.0"},
        }))
        .unwrap()
    };
    let answer = recorded("2.60.0", "get_odd_apps").1;
    let lines = [
        Line {
            cluster: cluster(),
            service: Some(Vec::new()),
            serve: Ok(serde_json::from_str(&answer).unwrap()),
        },
        Line {
            cluster: RayCluster::default(),
            service: None,
            serve: Err("no ready head".into()),
        },
    ];
    let document = document(&lines);
    assert_eq!(document["items"][0]["status"], "DEPLOY_FAILED");
    let schema = schema("get-list.schema.json");
    assert_valid(
        &jsonschema::validator_for(&schema).unwrap(),
        &document,
        "list",
    );
    assert_valid(
        &jsonschema::validator_for(&closed(schema)).unwrap(),
        &document,
        "list",
    );
}
