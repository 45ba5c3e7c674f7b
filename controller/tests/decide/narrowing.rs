//! When the selector is narrowed, and whose it is left to be.

use ray_serve_controller::traffic::Mode;

use crate::NARROW;
use crate::situation::{SECOND, Selects, Situation, service};

#[test]
fn the_service_is_narrowed_on_the_first_proof_after_its_labels() {
    for (drawing, expected) in [
        // The labels come first, and what they are needed for after them.
        ("head - : 200", &["head in: Serves", NARROW][..]),
        ("head in : 200", &[NARROW]),
        (
            "head - : 200
             worker - : refused",
            &["head in: Serves", NARROW],
        ),
        (
            "head in : 200
             worker out : 200",
            &["worker in: Serves", NARROW],
        ),
        // A head whose template says in, but whose proxy does not answer, leaves before it counts.
        (
            "head in : 503
             worker - : 200",
            &["worker in: Serves", "head out: Leaving", NARROW],
        ),
        // No proof: nobody answers, nobody has routes, nobody can be reached.
        ("head in : refused refused refused", &[]),
        ("head - : {}", &[]),
        ("head - : 503", &[]),
        ("head -", &[]),
        ("head - : silent silent", &[]),
        (
            "head in : 503
             worker in : {}",
            &[],
        ),
        // A proof of which Kubernetes would make no endpoint.
        ("head in terminating : 200", &[]),
        ("head - unready : 200", &["head in: Serves"]),
        ("head - terminating : 200", &[]),
        ("head other : 200", &[]),
    ] {
        let done = Situation::new(Selects::Broad, drawing).until_done();
        assert_eq!(done, expected, "{drawing}");
    }
}

#[test]
fn the_selector_is_not_asked_for_before_the_labels_are_there() {
    let drawing = "head in : 200
                   worker - : 200";
    let mut situation = Situation::new(Selects::Broad, drawing);
    assert_eq!(situation.go_on(), ["worker in: Serves"]);
    assert_eq!(situation.go_on(), [NARROW]);
}

#[test]
fn the_first_proof_waits_for_other_pods_no_longer_than_a_probe() {
    let waits = "head in : 200
                 worker -";
    let mut situation = Situation::new(Selects::Broad, waits);
    assert_eq!(situation.decided(), [""; 0]);
    situation.now += SECOND;
    assert_eq!(situation.decided(), [NARROW]);
    // A pod that cannot be probed yet gets no traffic either.
    let starting = "head in : 200
                    worker - unready";
    assert_eq!(Situation::new(Selects::Broad, starting).decided(), [NARROW]);
}

#[test]
fn a_service_that_the_operator_makes_again_is_narrowed_at_once() {
    let mut situation = Situation::new(
        Selects::Labelled,
        "head in : 200
         worker in : 200
         idle out : refused",
    );
    situation.state.see_service(service(Selects::NoService));
    assert_eq!(situation.decided(), [""; 0]);
    situation.state.see_service(service(Selects::Broad));
    assert_eq!(situation.until_done(), [NARROW]);
}

#[test]
fn a_selector_that_somebody_edited_is_left_alone_and_told_of_once() {
    for (selects, drawing, expected) in [
        (
            Selects::Edited,
            "head - : 200",
            &["tell: ServeSelectorEdited"][..],
        ),
        (
            Selects::Head,
            "head - : 200",
            &["tell: ServeSelectorEdited"],
        ),
        // It needs our labels all the same.
        (
            Selects::EditedLabelled,
            "head - : 200",
            &["head in: Serves", "tell: ServeSelectorEdited"],
        ),
    ] {
        let mut situation = Situation::new(selects, drawing);
        assert_eq!(situation.until_done(), expected, "{selects:?}");
        situation.state.see_service(service(selects));
        assert_eq!(situation.until_done(), [""; 0], "{selects:?}");
        situation.state.see_service(service(Selects::Broad));
        situation.until_done();
        situation.state.see_service(service(Selects::Edited));
        assert_eq!(situation.until_done(), ["tell: ServeSelectorEdited"]);
    }
}

#[test]
fn in_mode_head_the_head_is_selected_without_a_look_at_pods() {
    let to_head = "Narrow: ray.io/cluster ray.io/node-type";
    for (selects, expected) in [
        (Selects::Broad, &[to_head][..]),
        (Selects::Labelled, &[to_head]),
        (Selects::Head, &[]),
        (Selects::Edited, &["tell: ServeSelectorEdited"]),
        (Selects::EditedLabelled, &["tell: ServeSelectorEdited"]),
        (Selects::NoService, &[]),
    ] {
        for drawing in ["", "head - : 200\nworker in : 503 503"] {
            let mut situation = Situation::new(selects, drawing).mode(Mode::Head);
            assert_eq!(situation.until_done(), expected, "{selects:?} {drawing}");
        }
    }
}
