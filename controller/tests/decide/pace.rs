//! How often each pod is probed.

use std::time::Duration;

use ray_serve_client::Details;
use ray_serve_controller::traffic::probe::Outcome;
use ray_serve_controller::traffic::report::Report;
use ray_serve_controller::traffic::schedule::Paces;
use serde_json::{Value, json};

use crate::situation::{Selects, Situation, service};

/// The pace of each pod in milliseconds, by the order of their names.
fn paces(situation: &Situation) -> Vec<Option<u128>> {
    let paces = Paces::new(&situation.state, situation.now);
    let pods = situation.state.pods();
    pods.map(|pod| paces.of(pod).map(|pace| pace.as_millis()))
        .collect()
}

fn table(selects: Selects, rows: &[(&str, &[Option<u128>])]) {
    for (drawing, expected) in rows {
        let found = paces(&Situation::new(selects, drawing));
        assert_eq!(found, *expected, "{drawing}");
    }
}

const IN: Option<u128> = Some(1000);
const OUT: Option<u128> = Some(2000);
const HEAD: Option<u128> = Some(2000);
const SECOND_LOOK: Option<u128> = Some(200);

#[test]
fn pods_that_are_in_or_serve_are_probed_each_second() {
    table(
        Selects::Labelled,
        &[
            ("head in : 200\nworker in : 200", &[IN, IN]),
            ("head in : 200\nworker out : 200", &[IN, IN]),
            ("head in : 200\nworker in : silent", &[IN, IN]),
            ("head in : 200\nworker in", &[IN, IN]),
            ("head in : 200\nworker out : refused", &[IN, OUT]),
            ("head in : 200\nworker -", &[IN, OUT]),
            ("head out : silent\nworker in : 200", &[OUT, IN]),
        ],
    );
    table(Selects::Broad, &[("head - : 200\nworker -", &[IN, OUT])]);
}

#[test]
fn a_refusal_is_looked_at_again_and_so_are_two_that_may_disprove_it() {
    table(
        Selects::Labelled,
        &[
            (
                "head in : 200 .\nworker in : 200 refused",
                &[SECOND_LOOK, SECOND_LOOK],
            ),
            (
                "a in : 200 .\nb in : 200 .\nc in : 200 .\nd in : 200 refused",
                &[SECOND_LOOK, SECOND_LOOK, IN, SECOND_LOOK],
            ),
            // The answer is there, and the second look was taken.
            (
                "head in : 200 200 200\nworker in : 200 refused refused",
                &[IN, IN],
            ),
            // Who is out loses nothing by waiting.
            ("head in : 200\nworker out : refused", &[IN, OUT]),
        ],
    );
}

#[test]
fn without_serve_only_the_head_is_probed() {
    table(
        Selects::Broad,
        &[
            ("head - : refused\nworker -", &[HEAD, None]),
            ("head - : refused\nworker - : 200", &[OUT, IN]),
            // Nothing follows from a head that is silent, or that nobody has asked.
            ("head - : silent\nworker -", &[OUT, OUT]),
            ("head -\nworker -", &[OUT, OUT]),
            ("head - unstarted\nworker -", &[None, OUT]),
        ],
    );
    // Who is in has to be seen to leave.
    table(
        Selects::Labelled,
        &[(
            "head in : refused refused\nworker in : refused refused",
            &[HEAD, OUT],
        )],
    );
}

#[test]
fn what_is_not_ours_is_not_probed() {
    let drawing = "head - : 200\nworker -";
    for selects in [
        Selects::Edited,
        Selects::Head,
        Selects::ForeignService,
        Selects::NoService,
    ] {
        table(selects, &[(drawing, &[None, None])]);
    }
    let terminating = "head in : 200\nworker in terminating : 200";
    table(Selects::Labelled, &[(terminating, &[IN, None])]);
    let mut situation = Situation::new(Selects::Labelled, drawing);
    let mut without_port = service(Selects::Labelled);
    without_port.as_mut().unwrap().port = None;
    situation.state.see_service(without_port);
    assert_eq!(paces(&situation), [None, None]);
}

#[test]
fn pods_that_are_out_are_probed_less_often_the_longer_nothing_changes() {
    let drawing = "head in : 200\nworker out : refused";
    for (age, expected) in [(0, 2000), (58, 2000), (61, 5000), (298, 5000), (301, 10000)] {
        let mut situation = Situation::new(Selects::Labelled, drawing);
        situation.now += Duration::from_secs(age);
        assert_eq!(paces(&situation), [IN, Some(expected)], "{age} s");
        // Serve may move.
        let now = situation.now;
        situation.state.begin_probe("uid-head", now);
        situation.state.record("uid-head", Outcome::Leaving, now);
        assert_eq!(paces(&situation), [IN, OUT], "{age} s");
    }
}

#[test]
fn where_serve_has_no_proxies_on_workers_those_that_are_out_are_not_probed() {
    let drawing = "head in : 200\nidle out : refused\nworker in : 200";
    let with = |report: Value| {
        let mut situation = Situation::new(Selects::Labelled, drawing);
        let details: Details = serde_json::from_value(report).unwrap();
        let report = Report::new(&details, situation.now);
        situation.state.see_report(report);
        paces(&situation)
    };
    let at = |location: &str| {
        json!({
            "applications": {}, "controller_info": {"actor_id": "a"}, "proxy_location": location,
        })
    };
    assert_eq!(with(at("EveryNode")), [IN, OUT, IN]);
    assert_eq!(with(at("HeadOnly")), [IN, None, IN]);
    assert_eq!(with(at("Disabled")), [IN, None, IN]);
    assert_eq!(with(json!({"applications": {}})), [IN, OUT, IN]);
}
