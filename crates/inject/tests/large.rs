//! A cluster of 1 MB, more than etcd takes of most objects, is one like any other.

#[path = "generate/sized.rs"]
mod sized;

use ray_serve_inject::{Reason, Review, inject};
use serde_json::{Value, json};

const MEGABYTE: usize = 1 << 20;

fn assert_injected_once(object: &Value, changes: usize) {
    assert!(object.to_string().len() >= MEGABYTE);
    let outcome = inject(&Review::create(object));
    assert_eq!(outcome.reason, Reason::Injected);
    assert_eq!(outcome.patch.len(), changes, "operations of the patch");
    let mut stored = object.clone();
    outcome.apply(&mut stored);
    let again = inject(&Review::create(&stored));
    assert_eq!(again.reason, Reason::AlreadyReady);

    let applied_again = inject(&Review::update(object, &stored));
    assert_eq!(applied_again.patch, outcome.patch);
    assert_eq!(applied_again.warnings, []);
}

#[test]
fn of_worker_groups_that_all_lack_something() {
    let object = sized::cluster_of(MEGABYTE);
    let groups = object["spec"]["workerGroupSpecs"].as_array().unwrap().len();
    // Three start params, three ports, the head's label; each group's MY_POD_IP and drain.
    assert_injected_once(&object, 3 + 3 + 1 + 3 * groups);
}

#[test]
fn of_variables_ports_and_start_params() {
    let mut object = sized::cluster_of(0);
    let head = &mut object["spec"]["headGroupSpec"];
    let params = head["rayStartParams"].as_object_mut().unwrap();
    params.extend((0..5_000).map(|index| (format!("param-{index}"), json!("$MY_POD_IP"))));
    let container = &mut head["template"]["spec"]["containers"][0];
    container["env"] = (0..20_000)
        .map(|index| json!({ "name": format!("V{index}"), "value": "x" }))
        .collect();
    container["ports"] = (20_000..40_000)
        .map(|number| json!({ "name": format!("p-{number}"), "containerPort": number }))
        .collect();
    // Three start params, six ports, the head's MY_POD_IP and label.
    assert_injected_once(&object, 3 + 6 + 1 + 1);
}

#[test]
fn of_what_the_engine_does_not_look_at() {
    let mut object = sized::cluster_of(0);
    object["metadata"]["managedFields"] =
        json!([{ "fieldsV1": { "f:spec": "x".repeat(MEGABYTE) } }]);
    assert_injected_once(&object, 3 + 3 + 1);
}
