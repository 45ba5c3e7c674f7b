//! `submit --wait`: what is shown meanwhile, and how it ends.

use fake_ray::{ALWAYS, IDLE, On, Ray, Reply, Scenario, Server, deploying, running, state};
use serde_json::{Value, json};

use crate::support::live::Live;
use crate::support::{
    CONFIG, PATIENCE, RAY_VERSIONS, Run, last_error, log_dialect, recorded, submit, submitting,
};

/// A Serve that was never started, and in this state once something was submitted to it.
fn becoming(applications: &Value) -> Scenario {
    Scenario::of(IDLE).after_put(state(applications))
}

fn still_deploying() -> Scenario {
    becoming(&json!({"fruit_app": {"status": "DEPLOYING"}}))
}

#[test]
fn wait_ends_when_all_run_and_the_removed_are_gone() {
    let running = json!({"status": "RUNNING"});
    let going = state(
        &json!({"old": {"status": "DELETING"}, "fruit_app": {"status": "DEPLOYING", "deployments": {"a": {"status": "UPDATING"}, "b": {"status": "HEALTHY"}}}}),
    );
    let ray = Ray::with(Scenario::of(state(&json!({"old": running}))).after_put(going));
    let mut submit = Live::of(submitting(&ray.url(), CONFIG, &["--wait"]));
    submit.says("application/fruit_app: DEPLOYING, 1/2 deployments healthy");
    submit.says("application/old: DELETING");
    ray.show(state(
        &json!({"old": {"status": "DELETING"}, "fruit_app": running}),
    ));
    submit.says("application/fruit_app: RUNNING");
    ray.show(state(&json!({"fruit_app": running})));
    let run = submit.end();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(
        run.stdout,
        "application/fruit_app created\napplication/old removed\n"
    );
    assert_eq!(
        run.stderr,
        "application/fruit_app: DEPLOYING, 1/2 deployments healthy\napplication/old: DELETING\napplication/fruit_app: RUNNING\n\
         application/old: removed\nAll applications of raycluster/x are running.\n"
    );
}

/// One application of the recorded ones, alone.
fn odd(name: &str) -> Value {
    let all: Value = serde_json::from_str(&recorded("2.60.0", "get_odd_apps").1).unwrap();
    json!({ name: all["applications"][name] })
}

fn submitting_alone(name: &str, flags: &[&str], ray: &Ray) -> Live {
    let config = format!("applications: [{{name: {name}}}]");
    // A rollout that is waited for in vain is a failure here, not ten minutes.
    let bound: &[&str] = if flags.contains(&"--timeout") {
        &[]
    } else {
        &["--timeout", "30s"]
    };
    let flags = [&["--wait", "--validate=ignore"], flags, bound].concat();
    Live::of(submitting(&ray.url(), &config, &flags))
}

fn waiting_for(name: &str, flags: &[&str], ray: &Ray) -> Run {
    submitting_alone(name, flags, ray).end()
}

/// The error, and the hint below it: nothing comes after them.
fn failure(run: &Run) -> &str {
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    last_error(run)
}

#[test]
fn wait_ends_at_a_failure_with_its_cause() {
    let ray = Ray::with(becoming(&odd("bad")));
    assert_eq!(
        failure(&waiting_for("bad", &[], &ray)),
        "error: application/bad is DEPLOY_FAILED: BadInit: RuntimeError: model file /models/x.bin not found; no replica of it runs, so nothing answers"
    );
}

/// Ray's message for a replica that died is that it died; what it printed is in its log.
#[test]
fn where_ray_is_silent_a_replica_s_log_has_the_cause() {
    // As a log may begin, and as Ray 2.8 begins an error.
    let log = "0 % loaded\nTraceback (most recent call last):\n  File \"m.py\", line 3, in __init__\nOSError: \u{1b}[31mno space\u{1b}[0m left\n";
    for ray in RAY_VERSIONS {
        let (header, status) = log_dialect(ray);
        let replica = json!({"state": "STOPPING", "actor_id": "ab12", "node_id": "n"});
        let failed = json!({"status": "DEPLOY_FAILED", "message": "Failed to update the deployments ['D'].",
            "deployments": {"D": {"status": "UNHEALTHY", "message": "", "replicas": [replica]}}});
        let ray = Ray::with(becoming(&json!({ "a": failed })).answers(
            "/api/v0/logs/file?actor_id=ab12&suffix=err&lines=200",
            move || Reply::With(header, 200, format!("{status}{log}")),
        ));
        assert_eq!(
            failure(&waiting_for("a", &[], &ray)),
            "error: application/a is DEPLOY_FAILED: D: OSError: no space left; no replica of it runs, so nothing answers"
        );
    }
}

/// Ray 2.8 has forgotten a replica as soon as it is dead, and gives the name of an exception for it.
#[test]
fn the_log_of_a_forgotten_replica_has_the_cause() {
    const DEAD: &str = "/api/v0/actors?limit=10000&filter_keys=class_name&filter_predicates=%3D\
        &filter_values=ServeReplica%3Aa%3AD&filter_keys=state&filter_predicates=%3D&filter_values=DEAD";
    let message = "The deployment failed to start 6 times in a row. Error:\nRayActorError()";
    let failed = json!({"status": "DEPLOY_FAILED", "message": "The deployments ['D'] are UNHEALTHY.",
        "deployments": {"D": {"status": "UNHEALTHY", "message": message, "replicas": []}}});
    let last = |actors: Value| {
        let scenario = becoming(&json!({ "a": failed }))
            .answers(DEAD, move || Reply::ok(actors.to_string()))
            .answers(
                "/api/v0/logs/file?actor_id=ab12&suffix=err&lines=200",
                || {
                    let (header, status) = log_dialect("2.8.0");
                    let log =
                        format!("{status}:actor_name:ServeReplica:a:D\nERROR cannot open x\n");
                    Reply::With(header, 200, log)
                },
            );
        let ray = Ray::with(scenario);
        failure(&waiting_for("a", &[], &ray)).to_owned()
    };
    let replica = json!({"actor_id": "ab12", "pid": 7});
    let failed = "error: application/a is DEPLOY_FAILED: D: ";
    let answers = "; no replica of it runs, so nothing answers";
    assert_eq!(
        last(json!({"data": {"result": {"result": [replica]}}})),
        format!("{failed}ERROR cannot open x{answers}")
    );
    assert_eq!(last(json!({})), format!("{failed}RayActorError(){answers}"));
}

/// Ray restarts replicas by itself, so that the state alone is no end: it may pass.
#[test]
fn an_unhealthy_application_is_shown_with_its_cause_and_waited_for() {
    let deployment =
        json!({"status": "UNHEALTHY", "message": "health check failed", "target_num_replicas": 1});
    let unhealthy = json!({"status": "UNHEALTHY", "message": "The deployments ['D'] are UNHEALTHY.",
        "deployments": { "D": deployment }});
    let ray = Ray::with(becoming(&json!({ "a": unhealthy })));
    let run = waiting_for("a", &["--timeout", PATIENCE], &ray);
    let shown = "UNHEALTHY, 0/1 deployments healthy: D: health check failed";
    assert_eq!(
        last_error(&run),
        format!(
            "error: timed out waiting for raycluster/x: application/a is {shown}; deploying goes on\n\
             hint: raise --timeout to wait longer"
        )
    );
    let line = format!("application/a: {shown}\n");
    assert!(run.stderr.contains(&line), "{}", run.stderr);
    let ray = Ray::with(becoming(&json!({ "a": unhealthy })));
    let mut submit = submitting_alone("a", &[], &ray);
    submit.says(&format!("application/a: {shown}"));
    ray.show(state(&json!({"a": {"status": "RUNNING"}})));
    assert_eq!(submit.end().code, Some(0));
}

/// Nothing of Serve's says why: its state is DEPLOYING for ever, its messages are empty.
#[test]
fn what_no_node_has_room_for_is_said_while_waiting_and_at_the_end() {
    let why = "No available node types can fulfill resource request {'CPU': 100.0}. Add suitable node types to this cluster to resolve this issue.";
    let events = recorded("2.60.0", "other_cluster_events").1;
    let ray = Ray::with(
        becoming(&odd("toobig")).answers("/api/v0/cluster_events", move || Reply::ok(&*events)),
    );
    let run = waiting_for("toobig", &["--timeout", PATIENCE], &ray);
    assert_eq!(
        failure(&run),
        format!(
            "error: timed out waiting for raycluster/x: application/toobig is DEPLOYING, 0/1 deployments healthy (TooBig: {why}); deploying goes on\nhint: raise --timeout to wait longer"
        )
    );
    let meanwhile =
        format!("application/toobig deployment/TooBig: UPDATING, 0/1 replicas: {why}\n");
    assert!(run.stderr.contains(&meanwhile), "{}", run.stderr);
}

#[test]
fn applications_that_vanish_are_not_waited_for() {
    for (controller, why) in [
        ("c", "somebody else submitted another config"),
        (
            "another",
            "Serve was shut down or its head restarted, which loses all applications",
        ),
    ] {
        let ray = Ray::with(becoming(&json!({"a": deploying(&json!({"name": "a"}))})));
        let mut submit = submitting_alone("a", &[], &ray);
        submit.says("application/a: DEPLOYING");
        let gone = json!({"controller_info": {"actor_id": controller}, "applications": {}});
        ray.show(gone.to_string());
        assert_eq!(
            failure(&submit.end()),
            format!("error: application/a is gone: {why}\nhint: submit again")
        );
    }
}

#[test]
fn somebody_else_s_config_is_not_waited_for() {
    let ours = json!({"name": "fruit_app", "import_path": "fruit.deployment_graph"});
    let ray = Ray::with(becoming(&json!({ "fruit_app": deploying(&ours) })));
    let url = ray.url();
    let flags = ["--wait", "--timeout", "30s"];
    let mut submit = Live::of(submitting(&url, CONFIG, &flags));
    submit.says("application/fruit_app: DEPLOYING");
    let theirs = running(&json!({"name": "fruit_app", "import_path": "other.app"}));
    ray.show(state(&json!({ "fruit_app": theirs })));
    assert_eq!(
        failure(&submit.end()),
        format!(
            "error: application/fruit_app has another config by now: somebody else submitted it\nhint: see kubectl ray serve get x --address {url}"
        )
    );
}

/// A Ray that is slow to answer, at each step, but does.
#[test]
fn wait_has_patience_with_a_slow_ray() {
    // The config is taken over, but the answer is late.
    let ray = Ray::with(
        Scenario::of(IDLE)
            .refuses(On::Look, 2, || Reply::Silence)
            .loses_the_answer(On::Put, 1, || Reply::Silence),
    );
    let run = submit(
        &ray.url(),
        CONFIG,
        &["--wait", "--request-timeout", "300ms"],
    );
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.stdout, "application/fruit_app created\n");
    assert_eq!(ray.submitted().len(), 1);
    assert_eq!(ray.faults_left(), 0);
}

/// Not at the time limit of a request that happens to be on its way.
#[test]
fn the_timeout_does_not_wait_for_an_answer() {
    let silent = Server::start(|_| Reply::Silence);
    let fresh = submit(&silent.url(), CONFIG, &["--wait", "--timeout", "1s"]);
    assert_eq!(
        failure(&fresh),
        "error: timed out waiting for raycluster/x: there is no answer yet\nhint: raise --timeout to wait longer"
    );
    // Silent once the config has arrived.
    let ray = Ray::with(still_deploying().refuses(On::LookAfterChange, ALWAYS, || Reply::Silence));
    let flags = ["--wait", "--timeout", PATIENCE];
    let deploying = submit(&ray.url(), CONFIG, &flags);
    assert_eq!(
        failure(&deploying),
        "error: timed out waiting for raycluster/x: there is no answer yet; deploying goes on\nhint: raise --timeout to wait longer"
    );
}

#[test]
fn patience_ends_at_the_timeout() {
    let server = Server::start(|_| Reply::Silence);
    let url = server.url();
    let run = submit(
        &url,
        CONFIG,
        &[
            "--wait",
            "--timeout",
            PATIENCE,
            "--request-timeout",
            "300ms",
        ],
    );
    assert_eq!(
        failure(&run),
        format!(
            "error: timed out waiting for raycluster/x: the Ray dashboard at {url}/ did not answer the request for Serve's applications within 300ms\nhint: raise --request-timeout to wait longer\n      raise --timeout to wait longer"
        )
    );
}

#[test]
fn wait_ends_at_its_timeout_with_what_is_missing() {
    let ray = Ray::with(still_deploying());
    let run = submit(&ray.url(), CONFIG, &["--wait", "--timeout", PATIENCE]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(1), "application/fruit_app created\n")
    );
    assert_eq!(
        last_error(&run),
        "error: timed out waiting for raycluster/x: application/fruit_app is DEPLOYING; deploying goes on\nhint: raise --timeout to wait longer"
    );
}

#[test]
fn wait_outlives_a_dashboard_that_is_away_for_a_moment() {
    let away = || Reply::Answer(503, "Failed to get a response from the controller.".into());
    let ray = Ray::with(
        becoming(&json!({"fruit_app": {"status": "RUNNING"}}))
            .refuses(On::Look, 1, away)
            .refuses(On::LookAfterChange, 1, away),
    );
    let run = submit(&ray.url(), CONFIG, &["--wait"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(ray.faults_left(), 0);
    assert_eq!(ray.changes(), ["PUT"]);
    // Two in vain, one before the PUT, one that finds it running.
    let looks = ray.server.methods().len() - ray.changes().len();
    assert!(looks <= 4, "{looks} looks at what was there at once");
}

#[test]
fn ctrl_c_stops_waiting_not_deploying_and_says_so() {
    let ray = Ray::with(still_deploying());
    let mut submit = Live::of(submitting(&ray.url(), CONFIG, &["--wait"]));
    submit.says("application/fruit_app: DEPLOYING");
    submit.interrupt();
    submit.says(&format!(
        "Stopped waiting; deploying goes on. See kubectl ray serve get x --address {}",
        ray.url()
    ));
    assert_eq!(submit.end().code, Some(130));
}
