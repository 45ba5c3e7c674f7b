use super::*;
use crate::config::parsed;
use serde_json::json;

fn details(applications: &Value) -> Details {
    on("c", applications)
}

fn on(controller: &str, applications: &Value) -> Details {
    let state = json!({"controller_info": {"actor_id": controller}, "applications": applications});
    serde_json::from_value(state).unwrap()
}

fn rollout() -> Rollout {
    let config = parsed("applications: [{name: a, import_path: 'm:x'}]");
    let plan = [("a".into(), Change::Created), ("b".into(), Change::Removed)];
    Rollout::new(&plan, Some(&config))
}

fn now(rollout: &mut Rollout, details: &Details) -> Verdict {
    rollout.judge(details, Instant::now())
}

fn lost(rollout: &mut Rollout, details: &Details) -> String {
    let Verdict::Lost(why) = now(rollout, details) else {
        panic!()
    };
    why
}

#[test]
fn done_is_all_running_and_the_removed_gone() {
    let a = json!({"status": "RUNNING"});
    assert_eq!(
        now(&mut rollout(), &details(&json!({ "a": a }))),
        Verdict::Done
    );
    let leaving = details(&json!({"a": a, "b": {"status": "DELETING"}}));
    let Verdict::Pending(missing) = now(&mut rollout(), &leaving) else {
        panic!()
    };
    assert_eq!(
        (missing[0].application.as_str(), missing[0].state.as_str()),
        ("b", "DELETING")
    );
}

#[test]
fn an_unknown_state_is_shown_and_waited_for() {
    let odd = details(
        &json!({"a": {"status": "PAUSED", "deployments": {"d": {"status": "HEALTHY", "target_num_replicas": 2, "replicas": [{"state": "RUNNING"}]},
            "e": {"replicas": [{"state": "STARTING"}]}}}}),
    );
    let Verdict::Pending(missing) = now(&mut rollout(), &odd) else {
        panic!()
    };
    assert_eq!(missing[0].state, "PAUSED, 1/2 deployments healthy");
    let deployments = &missing[0].deployments;
    assert_eq!(deployments[0].state, "HEALTHY, 1/2 replicas");
    assert!(!deployments[0].starting && deployments[1].starting);
}

#[test]
fn an_application_that_vanishes_is_a_failure_but_not_at_once() {
    let mut rollout = rollout();
    let empty = details(&json!({}));
    assert!(matches!(now(&mut rollout, &empty), Verdict::Pending(_)));
    assert!(matches!(now(&mut rollout, &empty), Verdict::Pending(_)));
    assert_eq!(
        lost(&mut rollout, &empty),
        "application/a is gone: somebody else submitted another config"
    );
    let why = lost(&mut rollout, &on("another", &json!({})));
    assert!(why.contains("head restarted"), "{why}");
}

#[test]
fn somebody_else_s_config_is_not_waited_for() {
    let theirs =
        json!({"a": {"status": "DEPLOYING", "deployed_app_config": {"import_path": "m:y"}}});
    assert_eq!(
        now(&mut rollout(), &details(&theirs)),
        Verdict::Replaced("a".into())
    );
}

const U: &str = "UNHEALTHY";
const NONE: &[&str] = &[];

/// One look: seconds since the first one, the application's status, its replicas that run.
type Look = (u64, &'static str, &'static [&'static str]);

fn seen((_, status, running): &Look) -> Details {
    let replica = |id: &&str| json!({"replica_id": id, "state": "RUNNING"});
    let replicas: Vec<Value> = running.iter().map(replica).collect();
    let deployments = json!({"D": {"status": U, "replicas": replicas}});
    let state = json!({
        "controller_info": {"actor_id": "c"},
        "applications": {"a": {"status": status, "deployments": deployments}},
        "proxies": {"n": {"status": "HEALTHY"}},
    });
    serde_json::from_value(state).unwrap()
}

/// The seconds of the look that ended a wait, and how.
type End = Option<(u64, Verdict)>;

fn end(mut rollout: Rollout, looks: &[Look]) -> End {
    let start = Instant::now();
    looks.iter().find_map(|look| {
        let verdict = rollout.judge(&seen(look), start + Duration::from_secs(look.0));
        (!matches!(verdict, Verdict::Pending(_))).then_some((look.0, verdict))
    })
}

#[test]
fn unhealthy_ends_a_wait_when_it_lasts_and_a_failed_deployment_at_once() {
    let failed = || Verdict::Failed(Fault::DeployFailed("a".into()));
    let stays = || Verdict::Failed(Fault::StaysUnhealthy("a".into()));
    let table: [(&str, &[Look], End); 11] = [
        (
            "a failed deployment",
            &[(0, "DEPLOY_FAILED", NONE)],
            Some((0, failed())),
        ),
        (
            "fails later",
            &[(0, U, NONE), (1, "DEPLOY_FAILED", NONE)],
            Some((1, failed())),
        ),
        (
            "lasts",
            &[(0, U, NONE), (15, U, NONE), (29, U, NONE), (30, U, NONE)],
            Some((30, stays())),
        ),
        (
            "recovers",
            &[(0, U, NONE), (29, "RUNNING", &["r"])],
            Some((29, Verdict::Done)),
        ),
        (
            "one replica of two runs all along",
            &[(0, U, &["r"]), (15, U, &["r"]), (30, U, &["r"])],
            Some((30, stays())),
        ),
        (
            "loses a replica",
            &[(0, U, &["r"]), (15, U, NONE), (30, U, NONE)],
            Some((30, stays())),
        ),
        (
            "a replica becomes healthy",
            &[
                (0, U, NONE),
                (20, U, &["r"]),
                (30, U, &["r"]),
                (49, U, &["r"]),
                (50, U, &["r"]),
            ],
            Some((50, stays())),
        ),
        (
            "another replaces it",
            &[(0, U, &["r"]), (20, U, &["s"]), (49, U, &["s"])],
            None,
        ),
        (
            "falls again",
            &[
                (0, U, NONE),
                (20, "DEPLOYING", NONE),
                (25, U, NONE),
                (40, U, NONE),
                (54, U, NONE),
                (55, U, NONE),
            ],
            Some((55, stays())),
        ),
        (
            "was out of sight",
            &[(0, U, NONE), (31, U, NONE), (60, U, NONE), (61, U, NONE)],
            Some((61, stays())),
        ),
        (
            "an old deployment is UNHEALTHY while a new one is prepared",
            &[
                (0, "DEPLOYING", NONE),
                (30, "DEPLOYING", NONE),
                (60, "DEPLOYING", NONE),
            ],
            None,
        ),
    ];
    let a = || Rollout::new(&[("a".into(), Change::Created)], None);
    for (case, looks, expected) in table {
        assert_eq!(end(a(), looks), expected, "{case}, submitted");
        assert_eq!(end(Rollout::of_all(), looks), expected, "{case}, of all");
    }
}

#[test]
fn another_start_of_serve_is_given_its_own_time() {
    let unhealthy = json!({"a": {"status": U}});
    let (before, after) = (on("c", &unhealthy), on("d", &unhealthy));
    let mut rollout = Rollout::of_all();
    let start = Instant::now();
    let mut judge = |seconds, details| rollout.judge(details, start + Duration::from_secs(seconds));
    assert!(matches!(judge(0, &before), Verdict::Pending(_)));
    assert!(matches!(judge(29, &before), Verdict::Pending(_)));
    assert!(matches!(judge(30, &after), Verdict::Pending(_)));
    assert!(matches!(judge(59, &after), Verdict::Pending(_)));
    let stays = Fault::StaysUnhealthy("a".into());
    assert_eq!(
        stays.to_string(),
        "application/a has been UNHEALTHY for 30s"
    );
    assert_eq!(judge(60, &after), Verdict::Failed(stays));
}

#[test]
fn what_is_to_go_may_be_unhealthy() {
    let mut rollout = Rollout::new(&[("a".into(), Change::Removed)], None);
    let start = Instant::now();
    for seconds in [0, 30, 60] {
        let look = (seconds, U, NONE);
        let verdict = rollout.judge(&seen(&look), start + Duration::from_secs(seconds));
        assert!(matches!(verdict, Verdict::Pending(_)), "{verdict:?}");
    }
}

#[test]
fn all_serve_when_they_run_and_a_proxy_takes_requests() {
    let judge = |state: Value| {
        let details = serde_json::from_value(state).unwrap();
        now(&mut Rollout::of_all(), &details)
    };
    let a = json!({"a": {"status": "RUNNING"}});
    let proxies = |status: &str| json!({"n": {"status": status}});
    let cases = [
        (
            json!({"applications": a, "proxies": proxies("HEALTHY")}),
            Verdict::Done,
        ),
        (
            json!({"applications": a, "proxies": proxies("STARTING")}),
            Verdict::NoProxy,
        ),
        (
            json!({"applications": a, "proxy_location": "Disabled"}),
            Verdict::Done,
        ),
        (
            json!({"applications": {}, "proxies": proxies("HEALTHY")}),
            Verdict::Nothing,
        ),
    ];
    for (state, expected) in cases {
        assert_eq!(judge(state.clone()), expected, "{state}");
    }
    for status in [U, "DEPLOYING", "PAUSED"] {
        let state = json!({"applications": {"a": {"status": "RUNNING"}, "b": {"status": status}}});
        assert!(matches!(judge(state), Verdict::Pending(_)), "{status}");
    }
}
