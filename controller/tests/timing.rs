//! Schedule, probes and decisions together, by a clock of the test's own: how soon a pod leaves and joins,
//! and what happens where the controller sees nothing any more.

use std::time::{Duration, Instant};

use ray_serve_controller::traffic::change::{Change, Membership};
use ray_serve_controller::traffic::cluster_state::Replan;
use ray_serve_controller::traffic::pod::{NodeType, SeenPod, ServeLabel};
use ray_serve_controller::traffic::probe::{Outcome, PATIENCE};
use ray_serve_controller::traffic::schedule::{Paces, Schedule};
use ray_serve_controller::traffic::service::{ServeService, labelled};
use ray_serve_controller::traffic::{Cluster, ClusterState, Mode, decide};

const PODS: [&str; 3] = ["head", "worker-a", "worker-b"];
const MINUTE: Duration = Duration::from_secs(60);

/// Runs a narrowed cluster of three pods for two minutes. `truth` says how a pod answers at a time since
/// the start; what is told are the labels that changed, and when.
fn run(truth: impl Fn(&str, Duration) -> Outcome) -> Vec<(Duration, String)> {
    let start = Instant::now();
    let mut state = cluster(start);
    let mut schedule = Schedule::new(random(), start);
    let mut running: Vec<(Instant, String, Outcome)> = Vec::new();
    let mut told = Vec::new();
    plan_cluster(&mut schedule, &state, start);
    let mut now = start;
    while now < start + 2 * MINUTE {
        let ended: Vec<_> = running.extract_if(.., |(end, ..)| *end <= now).collect();
        for (_, uid, outcome) in ended {
            schedule.finish(&uid, duration(outcome), now);
            let replan = state.record(&uid, outcome, now);
            let changes = decide(&state, Mode::Pods, now);
            for change in &changes {
                state.took(change, now);
                if let Change::LabelPod(label) = change {
                    let to = if label.to == Membership::In {
                        "in"
                    } else {
                        "out"
                    };
                    told.push((now - start, format!("{} {to}", label.pod)));
                }
            }
            if replan == Replan::Cluster || !changes.is_empty() {
                plan_cluster(&mut schedule, &state, now);
            } else if let Some(pod) = state.pod(&uid) {
                schedule.plan(&uid, Paces::new(&state, now).of(pod), now);
            }
        }
        for uid in schedule.start(now) {
            let asked = state.begin_probe(&uid, now);
            asked.expect("a pod that is due can be asked");
            let outcome = truth(&uid, now - start);
            running.push((now + duration(outcome), uid, outcome));
        }
        let ends = running.iter().map(|(end, ..)| *end).min();
        let next = [ends, schedule.next(now)].into_iter().flatten().min();
        now = next.expect("a pod is always due");
    }
    told
}

fn cluster(now: Instant) -> ClusterState {
    let mut state = ClusterState::new(Cluster {
        namespace: "team".to_owned(),
        name: "x".to_owned(),
        uid: "c".to_owned(),
        out_of_scope: None,
    });
    state.see_service(Some(ServeService {
        name: "x-serve-svc".to_owned(),
        uid: "s".to_owned(),
        owner_uid: Some("c".to_owned()),
        selector: labelled("x"),
        port: Some(8000),
    }));
    for name in PODS {
        let pod = SeenPod {
            name: name.to_owned(),
            uid: name.to_owned(),
            node_type: if name == "head" {
                NodeType::Head
            } else {
                NodeType::Worker
            },
            ip: Some([10, 0, 0, 1].into()),
            is_ready: true,
            is_terminating: false,
            label: ServeLabel::In,
            container: Some("started".to_owned()),
        };
        state.see_pod(pod, now);
    }
    state
}

fn plan_cluster<R: FnMut() -> f64>(
    schedule: &mut Schedule<String, R>,
    state: &ClusterState,
    now: Instant,
) {
    let paces = Paces::new(state, now);
    for pod in state.pods() {
        schedule.plan(&pod.seen.uid, paces.of(pod), now);
    }
}

/// How long a probe takes.
fn duration(outcome: Outcome) -> Duration {
    match outcome {
        Outcome::Silent => PATIENCE,
        _ => Duration::from_millis(2),
    }
}

/// Numbers that look random and are the same in each run.
fn random() -> impl FnMut() -> f64 {
    let mut state = 1_u32;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state) / f64::from(u32::MAX)
    }
}

/// The moments at which something breaks, at any phase of the probes.
fn moments() -> impl Iterator<Item = Duration> {
    (0..40).map(|step| MINUTE + Duration::from_millis(step * 37))
}

#[test]
fn one_pod_leaves_soon_and_comes_back_soon() {
    for (outcome, limit) in [
        (Outcome::Leaving, 1300),
        (Outcome::Refused, 1600),
        (Outcome::Silent, 5000),
    ] {
        for broken in moments() {
            let mended = broken + Duration::from_secs(20);
            let told = run(|uid, time| {
                if uid == "worker-a" && (broken..mended).contains(&time) {
                    outcome
                } else {
                    Outcome::Serves
                }
            });
            let [(left, out), (joined, back)] = &told[..] else {
                panic!("{outcome:?}: {told:?}");
            };
            assert_eq!(
                (out.as_str(), back.as_str()),
                ("worker-a out", "worker-a in")
            );
            let took = left.checked_sub(broken).unwrap();
            assert!(took <= Duration::from_millis(limit), "{outcome:?} {took:?}");
            let took = joined.checked_sub(mended).unwrap();
            assert!(took <= Duration::from_millis(2500), "{outcome:?} {took:?}");
        }
    }
}

#[test]
fn a_controller_that_sees_nothing_any_more_changes_nothing() {
    // A firewall that drops, one that rejects, and Serve that was shut down.
    for outcome in [Outcome::Silent, Outcome::Refused] {
        for broken in moments() {
            let mended = broken + Duration::from_secs(30);
            let told = run(|_, time| {
                if (broken..mended).contains(&time) {
                    outcome
                } else {
                    Outcome::Serves
                }
            });
            assert_eq!(told, [], "{outcome:?} {broken:?}");
        }
    }
}

#[test]
fn where_serve_is_shut_down_the_head_stays_in_and_is_the_first_to_serve_again() {
    for broken in moments() {
        let mended = broken + Duration::from_secs(20);
        let told = run(|uid, time| {
            if time < broken || (uid == "head" && time >= mended) {
                Outcome::Serves
            } else {
                Outcome::Refused
            }
        });
        let mut told: Vec<&str> = told.iter().map(|(_, what)| what.as_str()).collect();
        told.sort_unstable();
        assert_eq!(told, ["worker-a out", "worker-b out"]);
    }
}
