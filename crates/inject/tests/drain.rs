//! What holds for every object of how its pods end, and of an update of what runs.

mod generate;

use std::collections::HashSet;

use kuberay::drain::TIMEOUT_ENV;
use kuberay::start_params::POD_IP_ENV;
use proptest::prelude::*;
use ray_serve_inject::{Outcome, Review, Settings, inject, inject_with, mutate};
use serde_json::Value;

use generate::{any_object, cluster};

/// `PROPTEST_CASES` asks for more. A failure prints its object: make a fixture of it.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    let asked = std::env::var_os("PROPTEST_CASES").map(|_| default.cases);
    ProptestConfig {
        cases: asked.unwrap_or(1000),
        failure_persistence: None,
        ..default
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_pod_that_is_told_to_drain_has_the_time_to(object in cluster()) {
        let result = patched(&object, &mutate(&object));
        for (before, after) in groups(&object).zip(groups(&result)) {
            let added = drain_timeout(after).filter(|_| drain_timeout(before).is_none());
            if let Some(timeout) = added {
                let seconds: u64 = timeout["value"].as_str().unwrap().parse().unwrap();
                let grace = after["template"]["spec"]["terminationGracePeriodSeconds"].as_u64();
                prop_assert!(30 < seconds && seconds + 5 <= grace.unwrap());
            }
        }
    }

    #[test]
    fn after_any_update_the_same_once_more_changes_nothing(
        object in any_object(), old in any_object(), drain in any::<bool>(),
    ) {
        let settings = Settings { drain };
        let stored = patched(&object, &inject_with(&Review::update(&object, &old), settings));
        let again = inject_with(&Review::update(&stored, &stored), settings);
        prop_assert!(again.patch.is_empty(), "{}", again.patch);
        prop_assert_eq!(again.warnings, []);
    }

    #[test]
    fn what_0_4_0_injected_is_left_as_it_is(object in any_object(), drain in any::<bool>()) {
        let stored = injected_by_0_4_0(&object);
        for sent in [&stored, &object] {
            let outcome = inject_with(&Review::update(sent, &stored), Settings { drain });
            prop_assert_eq!(&patched(sent, &outcome), &stored);
            prop_assert_eq!(outcome.warnings, []);
        }
    }

    #[test]
    fn turning_the_drain_off_takes_nothing_from_pods_that_run(object in any_object()) {
        let stored = mutated(&object);
        let off = Settings { drain: false };
        let outcome = inject_with(&Review::update(&object, &stored), off);
        prop_assert_eq!(patched(&object, &outcome), stored);
        prop_assert_eq!(outcome.warnings, []);
    }
}

fn mutated(object: &Value) -> Value {
    patched(object, &inject(&Review::create(object)))
}

/// The same without what came later: the drain, and the head's label.
fn injected_by_0_4_0(object: &Value) -> Value {
    let mut outcome = inject(&Review::create(object));
    let wire = serde_json::to_value(&outcome.patch).unwrap();
    let operations = wire.as_array().unwrap();
    let path = |operation: &Value| operation["path"].as_str().unwrap().to_owned();
    let with_pod_ip: HashSet<String> = operations
        .iter()
        .filter(|operation| operation["value"]["name"] == POD_IP_ENV)
        .map(|operation| path(operation).replace("/env/-", "/env"))
        .collect();
    let mut is_of_0_4_0 = operations.iter().map(|operation| {
        let path = path(operation);
        let is_later = path.ends_with("/terminationGracePeriodSeconds")
            || path.contains("/template/metadata")
            || path.contains("/lifecycle") && operation["op"] == "add"
            || operation["value"]["name"] == TIMEOUT_ENV
            || path.ends_with("/env") && !with_pod_ip.contains(&path);
        !is_later
    });
    outcome.patch.0.retain(|_| is_of_0_4_0.next().unwrap());
    patched(object, &outcome)
}

/// The head and the worker groups.
fn groups(cluster: &Value) -> impl Iterator<Item = &Value> {
    let spec = &cluster["spec"];
    let workers = spec["workerGroupSpecs"].as_array().into_iter().flatten();
    std::iter::once(&spec["headGroupSpec"]).chain(workers)
}

fn drain_timeout(group: &Value) -> Option<&Value> {
    let env = group["template"]["spec"]["containers"][0]["env"].as_array();
    let mut env = env.into_iter().flatten();
    env.find(|variable| variable["name"] == TIMEOUT_ENV)
}

fn patched(object: &Value, outcome: &Outcome) -> Value {
    let mut result = object.clone();
    outcome.apply(&mut result);
    result
}
