//! Which pods join, and what becomes of heads.

use ray_serve_controller::traffic::probe::Outcome;

use crate::situation::{Selects, Situation, pod};
use crate::table;

#[test]
fn a_pod_joins_at_its_first_200_with_routes() {
    table(
        Selects::Labelled,
        &[
            ("head in : 200\nworker - : 200", &["worker in: Serves"]),
            ("head in : 200\nworker out : 200", &["worker in: Serves"]),
            (
                "head in : 200\nworker out : refused refused 200",
                &["worker in: Serves"],
            ),
            ("head in : 200\nworker out : {}", &[]),
            ("head in : 200\nworker out : 503", &[]),
            ("head in : 200\nworker out", &[]),
            ("head in : 200\nworker out terminating : 200", &[]),
            ("head in : 200\nworker other : 200", &[]),
            ("head in : 200\nworker in : 200", &[]),
        ],
    );
}

#[test]
fn a_new_head_waits_outside_while_others_serve() {
    table(
        Selects::Labelled,
        &[
            ("head in unstarted\nworker in : 200", &["head out: NewHead"]),
            (
                "head in unready : refused\nworker in : 200",
                &["head out: NewHead"],
            ),
            // It may be an old one, of which a new controller knows nothing yet.
            ("head in unready\nworker in : 200", &[]),
            ("head in\nworker in : 200", &[]),
            ("head in unready : 200\nworker in : 200", &[]),
            (
                "head in : refused
                 worker in : 200",
                &[],
            ),
            (
                "head in unready : 200 refused
                 worker in : 200 200",
                &[],
            ),
            // Nobody else serves.
            (
                "head in unstarted
                 worker in terminating : 200",
                &[],
            ),
            ("head in unstarted", &[]),
            ("head in unstarted\nworker in : refused", &[]),
            ("head in unstarted\nworker in unready : 200", &[]),
            ("head in unstarted\nworker out : refused", &[]),
            // It has not asked for traffic.
            ("head - unstarted\nworker in : 200", &[]),
            ("head out unready : refused\nworker in : 200", &[]),
        ],
    );
    let mut situation = Situation::new(
        Selects::Labelled,
        "head-old in terminating : 503
         head in unstarted
         worker in : 200",
    );
    assert_eq!(situation.until_done(), ["head out: NewHead"]);
    let (started, _) = pod("head out");
    situation.state.see_pod(started, situation.now);
    assert_eq!(situation.until_done(), [""; 0]);
    let now = situation.now;
    let serves = Outcome::Serves;
    situation.state.begin_probe("uid-head", now);
    situation.state.record("uid-head", serves, now);
    assert_eq!(situation.until_done(), ["head in: Serves"]);
}

#[test]
fn the_head_is_put_in_where_no_pod_is() {
    table(
        Selects::Labelled,
        &[
            (
                "head out : refused\nworker out : refused",
                &["head in: NobodyElse"],
            ),
            ("head out unready", &["head in: NobodyElse"]),
            ("head-a - unready\nhead-b -", &["head-b in: NobodyElse"]),
            (
                "head out : refused\nworker out : 200",
                &["worker in: Serves"],
            ),
            // What drains still gets what there is.
            ("head out : refused\nworker in terminating : 503", &[]),
            ("worker out : refused", &[]),
            ("head other", &[]),
            ("head out terminating", &[]),
        ],
    );
    table(Selects::Broad, &[("head out : refused", &[])]);
}

#[test]
fn nothing_follows_from_a_head_that_cannot_be_reached() {
    table(
        Selects::Labelled,
        &[
            (
                "head out : silent silent silent\na in : 200 200 200\nb in : 200 200 200",
                &[],
            ),
            ("a in : 200\nb in : 200", &[]),
            ("head out unready : refused refused\na in : 200 200", &[]),
        ],
    );
}
