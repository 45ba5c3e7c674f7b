//! The engine must not be able to tell an excerpt from the whole object.

#[path = "../../../../crates/inject/tests/generate/mod.rs"]
mod generate;
#[path = "../../../../crates/inject/tests/generate/sized.rs"]
mod sized;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use ray_serve_inject::{Outcome, Review, inject};
use serde_json::json;

use super::*;
use generate::{any_object, cluster};

fn outcome(object: &Value, old: Option<&Value>) -> Outcome {
    inject(&match old {
        Some(old) => Review::update(object, old),
        None => Review::create(object),
    })
}

fn excerpt(json: &str) -> Excerpt {
    serde_json::from_str(json).expect("JSON")
}

/// Compares on what is read of the text, since that may differ in a float's last digit.
fn assert_same_outcome(object: &Value, old: Option<&Value>, what: &str) {
    let (object, old) = (object.to_string(), old.map(Value::to_string));
    let whole = |json: &str| serde_json::from_str::<Value>(json).expect("JSON");
    let part = |json: &str| {
        let excerpt = excerpt(json);
        assert!(excerpt.is_complete, "{what}");
        excerpt.object
    };
    assert_eq!(
        outcome(&part(&object), old.as_deref().map(part).as_ref()),
        outcome(&whole(&object), old.as_deref().map(whole).as_ref()),
        "{what}: does RAY_CLUSTER (fields.rs) name every field that the engine reads?"
    );
}

#[test]
fn the_golden_clusters_come_out_the_same() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/rayclusters");
    let read = |path: &Path| -> Option<Value> {
        let text = fs::read_to_string(path).ok()?;
        Some(serde_saphyr::from_str(&text).expect("YAML"))
    };
    let mut compared = 0;
    for entry in fs::read_dir(root).expect("the fixtures") {
        let case = entry.expect("an entry").path();
        let Some(object) = read(&case.join("in.yaml")) else {
            continue;
        };
        let old = read(&case.join("old.yaml"));
        assert_same_outcome(&object, old.as_ref(), &case.display().to_string());
        compared += 1;
    }
    assert!(compared > 0);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_object_comes_out_the_same(object in any_object(), old in any_object()) {
        assert_same_outcome(&object, None, "created");
        assert_same_outcome(&object, Some(&old), "updated");
    }

    #[test]
    fn any_cluster_comes_out_the_same(object in cluster(), old in cluster()) {
        assert_same_outcome(&object, Some(&old), "updated");
    }
}

#[test]
fn a_cluster_of_a_megabyte_comes_out_the_same() {
    let object = sized::cluster_of(1 << 20);
    let mut stored = object.clone();
    outcome(&object, None).apply(&mut stored);
    assert_same_outcome(&object, None, "created");
    assert_same_outcome(&object, Some(&stored), "applied again");
}

#[test]
fn nothing_is_kept_that_the_engine_does_not_read() {
    let object = json!({
        "metadata": { "managedFields": [{ "f:spec": {} }], "annotations": { "a": "b" } },
        "spec": { "headGroupSpec": { "template": { "spec": {
            "volumes": [{ "name": "v" }],
            "containers": [
                { "env": [{ "name": "A", "value": "1" }], "command": ["ray"] },
                { "name": "sidecar" },
            ],
        } } } },
        "status": { "state": "ready" },
    });
    assert_eq!(
        excerpt(&object.to_string()).object,
        json!({
            "metadata": { "annotations": {} },
            "spec": { "headGroupSpec": { "template": { "spec": {
                "containers": [{ "env": [{}] }],
            } } } },
        })
    );
}

/// `serde_json` hands such numbers over as objects, in the middle of what is read.
#[test]
fn numbers_of_every_size_come_out_the_same() {
    for number in [
        "0.5",
        "-0.0",
        "1e400",
        "2.10",
        "123456789012345678901234567890",
    ] {
        for at in [
            "/spec",
            "/spec/headGroupSpec",
            "/spec/headGroupSpec/rayStartParams/port",
        ] {
            let mut object: Value = serde_json::from_str(
                r#"{"spec":{"headGroupSpec":{"rayStartParams":{"port":"1"}}}}"#,
            )
            .expect("JSON");
            *object.pointer_mut(at).expect("it is there") =
                serde_json::from_str(number).expect("a number");
            let json = object.to_string();
            assert_eq!(excerpt(&json).object, object, "{json}");
            assert_same_outcome(&object, None, &json);
        }
    }
    // Whoever writes the object itself is understood, or refused, as everywhere in serde_json.
    for text in [
        r#"{"$serde_json::private::Number":"x"}"#,
        r#"{"$serde_json::private::Number":{}}"#,
    ] {
        let json = format!(r#"{{"spec":{text}}}"#);
        assert!(serde_json::from_str::<Value>(&json).is_err());
        assert!(serde_json::from_str::<Excerpt>(&json).is_err());
    }
}

#[test]
fn the_last_of_two_equal_keys_counts() {
    let json = r#"{"metadata":{"name":"a","name":"b"},"spec":{"headGroupSpec":{"template":{"spec":
        {"containers":[{"env":[{"name":"MY_POD_IP","name":"x"}]}]}}}}}"#;
    let object = excerpt(json).object;
    assert_eq!(object["metadata"]["name"], "b");
    let variable = "/spec/headGroupSpec/template/spec/containers/0/env/0";
    assert_eq!(object.pointer(variable), Some(&json!({})));
}

#[test]
fn an_environment_of_a_megabyte_fits_and_a_million_ports_do_not() {
    let with = |field: &str, element: &str, times: usize| {
        let list = vec![element; times].join(",");
        excerpt(&format!(
            r#"{{"spec":{{"headGroupSpec":{{"template":{{"spec":{{"containers":[{{"{field}":[{list}]}}]}}}}}}}}}}"#
        ))
    };
    let variable = r#"{"name":"SOME_VARIABLE","value":"something"}"#;
    let times = (1 << 20) / variable.len();
    assert!(with("env", variable, times).is_complete);
    assert!(!with("ports", r#"{"containerPort":1}"#, 1_000_000).is_complete);
}
