//! Which pods leave, and which must not.

use std::time::Duration;

use ray_serve_client::Details;
use ray_serve_controller::traffic::probe::Outcome;
use ray_serve_controller::traffic::report::Report;
use ray_serve_controller::traffic::{Mode, decide};
use serde_json::json;

use crate::situation::{SECOND, Selects, Situation, pod};
use crate::table;

#[test]
fn a_pod_leaves_at_its_first_503() {
    table(
        Selects::Labelled,
        &[
            (
                "head in : 200\nworker in : 200 503",
                &["worker out: Leaving"],
            ),
            ("head in : 200\nworker in : 503", &["worker out: Leaving"]),
            ("head in\nworker in : 503", &["worker out: Leaving"]),
            ("head in : 503\nworker in : 200", &["head out: Leaving"]),
            ("head in : 200\nworker in : {}", &[]),
            ("head in : 200\nworker out : 503", &[]),
        ],
    );
}

#[test]
fn a_pod_that_refuses_leaves_after_a_second_look_if_another_answered_meanwhile() {
    table(
        Selects::Labelled,
        &[
            ("head in : 200 200\nworker in : 200 refused", &[]),
            (
                "head in : 200 200\nworker in : refused refused",
                &["worker out: Refused"],
            ),
            (
                "head in : 200 200
                 worker in : refused .",
                &[],
            ),
            // 503 is an answer too.
            (
                "head in : 200 200\nother out : 503 503\nworker in : refused refused",
                &["worker out: Refused"],
            ),
            // The network was mended after the last probe of the worker had begun.
            (
                "worker in : refused refused refused
                 head in : refused refused 200",
                &[],
            ),
            // The others answered before it began, or not at all: it may be our own network.
            ("head in : 200 .\nworker in : refused refused", &[]),
            (
                "head in : 200 refused refused\nworker in : 200 refused refused",
                &[],
            ),
            ("head in\nworker in : refused refused refused", &[]),
            ("head in : silent silent\nworker in : refused refused", &[]),
            (
                "head in : 200 200 200\nworker in : refused 200 refused",
                &[],
            ),
        ],
    );
}

#[test]
fn a_pod_of_which_nothing_is_known_leaves_after_three_results_if_another_answered_meanwhile() {
    table(
        Selects::Labelled,
        &[
            ("head in : 200 200 200\nworker in : 200 silent silent", &[]),
            (
                "head in : 200 200 200\nworker in : silent silent silent",
                &["worker out: Unknown"],
            ),
            (
                "head in : 200 200 200\nworker in : silent 404 silent",
                &["worker out: Unknown"],
            ),
            (
                "head in : 200 200 200\nworker in : silent refused silent",
                &[],
            ),
            // Nobody answered since.
            ("head in : 200 . .\nworker in : silent silent silent", &[]),
            (
                "head in : 200 silent silent silent\nworker in : 200 silent silent silent",
                &[],
            ),
            // Somebody did, but too long ago.
            (
                "head in : . 200 . . . .\nworker in : silent silent silent silent silent silent",
                &[],
            ),
            ("head in\nworker in : silent silent silent", &[]),
        ],
    );
}

#[test]
fn without_a_witness_serve_may_hold_a_silent_proxy_for_dead() {
    let drawing = "head in : silent
                   worker in : silent silent silent";
    let decided = |proxies: serde_json::Value, age: Duration| {
        let mut situation = Situation::new(Selects::Labelled, drawing);
        let details: Details = serde_json::from_value(json!({
            "applications": {}, "controller_info": {"actor_id": "a"}, "proxies": proxies,
        }))
        .unwrap();
        let report = Report::new(&details, situation.now);
        situation.state.see_report(report);
        situation.now += age;
        situation.decided()
    };
    let left = ["worker out: Unknown"];
    let with = |status: &str| json!({"a": {"node_ip": "10.0.0.1", "status": status}});
    let elsewhere = json!({"a": {"node_ip": "10.0.0.9", "status": "HEALTHY"}});
    assert_eq!(decided(with("UNHEALTHY"), SECOND), left);
    assert_eq!(decided(elsewhere, SECOND), left);
    assert_eq!(decided(with("HEALTHY"), SECOND), [""; 0]);
    assert_eq!(decided(with("UNHEALTHY"), 60 * SECOND), [""; 0]);
    assert_eq!(decided(json!({}), SECOND), [""; 0]);
}

#[test]
fn the_last_pod_stays_in() {
    table(
        Selects::Labelled,
        &[
            ("head in : 503", &[]),
            ("worker in : 503", &[]),
            // Serve was shut down, whoever answered last.
            (
                "head in : 200 503\nworker in : 200 503",
                &["worker out: Leaving"],
            ),
            (
                "a in : 503
                 head in : 503",
                &["a out: Leaving"],
            ),
            // A proxy that drains still serves; one that refuses does not.
            (
                "head in : refused refused refused\nworker in : 503 503 503",
                &["head out: Refused"],
            ),
            // Who joins counts once its label is there, and no earlier.
            ("head in : 503\nworker out : 200", &["worker in: Serves"]),
            // Those that get no traffic do not count.
            ("head in : 503\nworker in unready : 200", &[]),
            ("head in : 503\nworker in terminating : 200", &[]),
            (
                "head in unready : 503\nworker in : 503",
                &["head out: Leaving"],
            ),
        ],
    );
    let mut situation = Situation::new(Selects::Labelled, "head in : 503\nworker out : 200");
    assert_eq!(
        situation.until_done(),
        ["worker in: Serves", "head out: Leaving"]
    );
}

#[test]
fn no_more_than_half_leaves_within_ten_seconds_because_nothing_is_known() {
    let mut situation = Situation::new(
        Selects::Labelled,
        "head in : 200 200 200 200
         a in : . silent silent silent
         b in : silent silent silent silent
         c in : silent silent silent silent
         d in : silent silent silent silent",
    );
    // Of five, two: those that have been silent for longest.
    let first = ["b out: Unknown", "c out: Unknown"];
    assert_eq!(situation.until_done(), first);
    situation.now += 10 * SECOND;
    for name in ["head", "a", "d"] {
        let uid = format!("uid-{name}");
        let last = situation.state.pod(&uid).unwrap().probes.last().unwrap();
        situation.state.begin_probe(&uid, situation.now);
        situation.state.record(&uid, last, situation.now);
    }
    assert_eq!(situation.until_done(), [""; 0]);
    situation.now += SECOND;
    assert_eq!(situation.until_done(), ["d out: Unknown"]);
}

#[test]
fn a_pod_that_is_deleted_is_never_changed() {
    table(
        Selects::Labelled,
        &[
            ("head in : 200 200\nworker in terminating : 503 503", &[]),
            (
                "head in : 200 200\nworker in terminating : refused refused",
                &[],
            ),
            ("head in terminating : 503\nworker in : 200", &[]),
        ],
    );
}

#[test]
fn a_restarted_container_and_another_pod_of_the_name_begin_without_a_history() {
    let drawing = "head in : 200 200 200\nworker in : refused refused refused";
    let situation = Situation::new(Selects::Labelled, drawing);
    assert_eq!(situation.decided(), ["worker out: Refused"]);

    let mut restarted = situation.clone();
    let (mut pod, _) = pod("worker in");
    pod.container = Some("again".to_owned());
    restarted.state.begin_probe(&pod.uid, restarted.now);
    restarted.state.see_pod(pod.clone(), restarted.now);
    assert_eq!(restarted.decided(), [""; 0]);
    // The probe was of the container before.
    let late = Outcome::Leaving;
    restarted.state.record(&pod.uid, late, restarted.now);
    assert_eq!(restarted.decided(), [""; 0]);

    let mut another = situation.clone();
    another.state.forget_pod(&pod.uid, another.now);
    pod.uid = "another".to_owned();
    another.state.see_pod(pod, another.now);
    assert_eq!(another.decided(), [""; 0]);

    // Who lost its lease has not looked for a while.
    let mut blind = situation;
    blind.state.forget_probes();
    assert_eq!(decide(&blind.state, Mode::Pods, blind.now), []);
}
