//! Clusters that 0.4.0 injected, before there was a drain, stay as they are: their generation does not
//! move, and so `upgradeStrategy: Recreate` restarts no pod.

use std::path::Path;
use std::{env, fs};

use ray_serve_inject::{Outcome, Reason, Review, Settings, inject, inject_with};
use serde_json::{Value, json};

const DRAIN: &str = "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S";
const LABEL: &str = "ray.io/serve";

/// A manifest and what 0.4.0 stored for it.
struct Case {
    name: String,
    manifest: Value,
    stored: Value,
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/injected-by-0.4.0");
    let dirs = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let cases: Vec<Case> = dirs
        .filter(|path| path.is_dir())
        .map(|dir| read(&dir))
        .collect();
    assert!(cases.len() > 5);
    cases
}

fn read(dir: &Path) -> Case {
    let text = |file: &str| fs::read_to_string(dir.join(file)).unwrap();
    Case {
        name: dir.file_name().unwrap().to_string_lossy().into_owned(),
        manifest: serde_saphyr::from_str(&text("in.yaml")).unwrap(),
        stored: serde_json::from_str(&text("stored.json")).unwrap(),
    }
}

fn update(object: &Value, old: &Value) -> (Outcome, Value) {
    let outcome = inject(&Review::update(object, old));
    let mut result = object.clone();
    outcome.apply(&mut result);
    (outcome, result)
}

/// What `kubectl apply` sends, as long as the manifest is the same: lists from the manifest, and in
/// objects what was injected.
fn applied(manifest: &Value, stored: &Value) -> Value {
    match (manifest, stored) {
        (Value::Object(manifest), Value::Object(stored)) => {
            let mut merged = stored.clone();
            for (key, value) in manifest {
                let old = stored.get(key).unwrap_or(&Value::Null);
                merged.insert(key.clone(), applied(value, old));
            }
            merged.into()
        }
        _ => manifest.clone(),
    }
}

/// The ways in which the same manifest comes again.
fn sent_again(case: &Case) -> [Value; 3] {
    [
        case.stored.clone(),
        applied(&case.manifest, &case.stored),
        case.manifest.clone(),
    ]
}

fn workers(object: &Value) -> &[Value] {
    object["spec"]["workerGroupSpecs"]
        .as_array()
        .map_or(&[], Vec::as_slice)
}

fn drains(group: &Value) -> bool {
    let env = group["template"]["spec"]["containers"][0]["env"].as_array();
    env.is_some_and(|env| env.iter().any(|variable| variable["name"] == DRAIN))
        && group["template"]["spec"]["terminationGracePeriodSeconds"].is_u64()
}

fn is_labelled(object: &Value) -> bool {
    object["spec"]["headGroupSpec"]["template"]["metadata"]["labels"][LABEL] == "true"
}

#[test]
fn an_upgrade_changes_nothing_whatever_comes_again() {
    for case in cases() {
        let name = &case.name;
        let (outcome, _) = update(&case.stored, &case.stored);
        assert_eq!(outcome.reason, Reason::AlreadyReady, "{name}");
        assert!(outcome.patch.is_empty(), "{name}: {}", outcome.patch);
        for sent in sent_again(&case) {
            let (outcome, result) = update(&sent, &case.stored);
            assert_eq!(result, case.stored, "{name}");
            assert_eq!(outcome.warnings, [], "{name}");
        }
    }
}

#[test]
fn the_operator_and_the_autoscaler_change_only_what_they_change() {
    for case in cases() {
        let mut changed = case.stored.clone();
        changed["metadata"]["finalizers"] = json!(["ray.io/gcs-ft-redis-cleanup-finalizer"]);
        changed["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] = json!("users");
        changed["spec"]["suspend"] = json!(true);
        for group in changed["spec"]["workerGroupSpecs"]
            .as_array_mut()
            .into_iter()
            .flatten()
        {
            group["replicas"] = json!(4);
            group["scaleStrategy"] = json!({ "workersToDelete": ["w"] });
            let spec = &mut group["template"]["spec"];
            spec["nodeSelector"] = json!({ "pool": "a" });
            spec["tolerations"] = json!([{ "key": "spot", "operator": "Exists" }]);
        }
        let (outcome, _) = update(&changed, &case.stored);
        assert!(outcome.patch.is_empty(), "{}: {}", case.name, outcome.patch);
        assert_eq!(outcome.warnings, [], "{}", case.name);
    }
}

/// By the annotation, and by the webhook's flag.
#[test]
fn turning_the_drain_off_or_on_changes_nothing_that_runs() {
    for case in cases() {
        let annotated = |object: &Value| {
            let mut object = object.clone();
            object["metadata"]["annotations"]["ray.io/serve-drain"] = "false".into();
            object
        };
        for sent in sent_again(&case) {
            for (sent, old) in [
                (annotated(&sent), annotated(&case.stored)),
                (sent.clone(), annotated(&case.stored)),
                (annotated(&sent), case.stored.clone()),
            ] {
                let (_, result) = update(&sent, &old);
                assert_eq!(result["spec"], case.stored["spec"], "{}", case.name);
            }
        }

        let mut created = case.manifest.clone();
        inject(&Review::create(&case.manifest)).apply(&mut created);
        let off = Settings { drain: false };
        for (old, sent) in [
            (&case.stored, sent_again(&case)),
            (
                &created,
                [
                    created.clone(),
                    applied(&case.manifest, &created),
                    case.manifest.clone(),
                ],
            ),
        ] {
            for mut sent in sent {
                let outcome = inject_with(&Review::update(&sent, old), off);
                outcome.apply(&mut sent);
                assert_eq!(sent, *old, "{}", case.name);
                assert_eq!(outcome.warnings, [], "{}", case.name);
            }
        }
    }
}

#[test]
fn a_group_with_another_image_gets_the_drain_and_with_recreate_all_do() {
    let mut compared = 0;
    for case in cases() {
        let name = &case.name;
        let is_recreate = case.manifest["spec"]["upgradeStrategy"]["type"] == "Recreate";
        for sent in sent_again(&case) {
            for index in 0..workers(&sent).len() {
                let mut changed = sent.clone();
                changed["spec"]["workerGroupSpecs"][index]["template"]["spec"]["containers"][0]["image"] =
                    "rayproject/ray:2.61.0".into();
                let (_, result) = update(&changed, &case.stored);
                for (other, group) in workers(&result).iter().enumerate() {
                    let expected = is_recreate || other == index;
                    assert_eq!(drains(group), expected, "{name} {index} {other}");
                }
                assert_eq!(is_labelled(&result), is_recreate, "{name}");
                // And it stays.
                let (_, again) = update(&changed, &result);
                assert_eq!(again, result, "{name}");
                compared += 1;
            }
        }
    }
    assert!(compared > 10);
}

#[test]
fn a_new_group_drains_and_the_others_stay_as_they_are() {
    for case in cases() {
        let Some(group) = workers(&case.manifest).first() else {
            continue;
        };
        let mut group = group.clone();
        group["groupName"] = "added".into();
        let mut changed = case.stored.clone();
        changed["spec"]["workerGroupSpecs"]
            .as_array_mut()
            .unwrap()
            .insert(0, group);
        let (_, result) = update(&changed, &case.stored);
        let (added, others) = workers(&result).split_first().unwrap();
        assert!(drains(added), "{}", case.name);
        if case.manifest["spec"]["upgradeStrategy"]["type"] != "Recreate" {
            assert_eq!(others, workers(&case.stored), "{}", case.name);
        }
    }
}

#[test]
fn what_is_made_anew_gets_all_of_it() {
    for case in cases() {
        let mut created = case.manifest.clone();
        inject(&Review::create(&case.manifest)).apply(&mut created);
        assert!(is_labelled(&created), "{}", case.name);
        assert!(workers(&created).iter().all(drains), "{}", case.name);
    }
}
