//! Which clusters are looked at, and what is told of them.

use kuberay::owner::OwnerKind;
use kuberay::scope::OutOfScope;
use ray_serve_client::Details;
use ray_serve_controller::traffic::report::Report;
use ray_serve_controller::traffic::{Cluster, Mode};
use serde_json::json;

use crate::situation::{Selects, Situation, service};
use crate::table;

#[test]
fn only_clusters_in_scope_are_changed() {
    let drawing = "head - : 200\nworker in : 200";
    for out_of_scope in [
        OutOfScope::NotAnnotated,
        OutOfScope::AnnotationNotTrue,
        OutOfScope::BeingDeleted,
        OutOfScope::OwnedBy(OwnerKind::RayService),
        OutOfScope::OwnedBy(OwnerKind::RayJob),
    ] {
        for mode in [Mode::Pods, Mode::Head] {
            for selects in [Selects::Broad, Selects::Edited, Selects::Head] {
                let situation = Situation::in_scope(Some(out_of_scope), selects, drawing);
                let decided = situation.mode(mode).decided();
                assert_eq!(decided, [""; 0], "{out_of_scope:?} {mode:?} {selects:?}");
            }
        }
    }
    let mut foreign = Situation::new(Selects::Broad, drawing);
    foreign.state.see_service(service(Selects::ForeignService));
    assert_eq!(foreign.decided(), [""; 0]);
    assert_eq!(foreign.mode(Mode::Head).decided(), [""; 0]);
}

#[test]
fn a_cluster_whose_annotation_is_gone_gets_its_selector_back() {
    let given_back = ["GiveBack: ray.io/cluster"];
    for (out_of_scope, expected) in [
        (OutOfScope::NotAnnotated, &given_back[..]),
        (OutOfScope::AnnotationNotTrue, &given_back),
        (OutOfScope::BeingDeleted, &[]),
        (OutOfScope::OwnedBy(OwnerKind::RayService), &[]),
    ] {
        let drawing = "head in : 200";
        let mut situation = Situation::in_scope(Some(out_of_scope), Selects::Labelled, drawing);
        assert_eq!(situation.until_done(), expected, "{out_of_scope:?}");
    }
}

#[test]
fn pods_that_cannot_be_probed_are_told_of_once() {
    let blind = |times: usize| {
        let (silent, foreign) = (" silent".repeat(times), " 404".repeat(times));
        format!("head - :{silent}\nworker - :{foreign}")
    };
    let mut situation = Situation::new(Selects::Broad, &blind(9));
    assert_eq!(situation.until_done(), [""; 0]);
    let mut situation = Situation::new(Selects::Broad, &blind(10));
    assert_eq!(situation.until_done(), ["tell: CannotProbe"]);
    let (silent, refused) = (" silent".repeat(12), " refused".repeat(12));
    table(
        Selects::Broad,
        &[
            (&format!("head - unready :{silent}"), &[]),
            (&format!("head - terminating :{silent}"), &[]),
            (&format!("head - :{refused}"), &[]),
        ],
    );
}

#[test]
fn a_port_that_serve_does_not_listen_on_is_told_of_once() {
    let mut situation = Situation::new(Selects::Broad, "head - : refused");
    let details = json!({"applications": {}, "http_options": {"port": 8100}});
    let details: Details = serde_json::from_value(details).unwrap();
    let report = Report::new(&details, situation.now);
    situation.state.see_report(report);
    assert_eq!(situation.until_done(), ["tell: ServePortMismatch"]);
}

#[test]
fn another_cluster_of_the_same_name_begins_with_nothing_known() {
    let drawing = "head - : 200";
    let mut situation = Situation::new(Selects::Broad, drawing);
    let cluster = situation.state.cluster().clone();
    situation.state.see_cluster(cluster.clone());
    assert_eq!(situation.decided(), ["head in: Serves"]);
    situation.state.see_cluster(Cluster {
        uid: "another".to_owned(),
        ..cluster
    });
    let mut its_service = service(Selects::Broad).unwrap();
    its_service.owner_uid = Some("another".to_owned());
    situation.state.see_service(Some(its_service));
    assert_eq!(situation.decided(), [""; 0]);
}
