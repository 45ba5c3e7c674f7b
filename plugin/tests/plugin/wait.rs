//! `submit --wait`: what is shown meanwhile, and how it ends.

use std::io::{BufRead, BufReader};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{CONFIG, RAY_VERSIONS, Run, log_dialect, recorded, submit, submitting};
use fake_ray::ray::{IDLE, Ray, deploy, running, state};
use fake_ray::server::{Reply, Server};

/// A dashboard that gives one state after the other, and stays with the last.
fn through(states: Vec<String>) -> Server {
    let mut states = states.into_iter().peekable();
    let mut current = String::new();
    Server::start(move |request| {
        if request.method == "GET" {
            current = states.next().unwrap_or_else(|| current.clone());
        }
        Reply::ok(if request.method == "GET" {
            current.clone()
        } else {
            String::new()
        })
    })
}

#[test]
fn wait_ends_when_all_run_and_the_removed_are_gone() {
    let running = json!({"status": "RUNNING"});
    let going = state(
        &json!({"old": {"status": "DELETING"}, "fruit_app": {"status": "DEPLOYING", "deployments": {"a": {"status": "UPDATING"}, "b": {"status": "HEALTHY"}}}}),
    );
    let server = through(vec![
        state(&json!({"old": running})),
        going.clone(),
        going,
        state(&json!({"old": {"status": "DELETING"}, "fruit_app": running})),
        state(&json!({"fruit_app": running})),
    ]);
    let run = submit(&server.url(), CONFIG, &["--wait"]);
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

fn waiting_for(name: &str, flags: &[&str], server: &Server) -> Run {
    let config = format!("applications: [{{name: {name}}}]");
    // A rollout that is waited for in vain is a failure here, not ten minutes.
    let bound: &[&str] = if flags.contains(&"--timeout") {
        &[]
    } else {
        &["--timeout", "30s"]
    };
    submit(
        &server.url(),
        &config,
        &[&["--wait", "--no-validate"], flags, bound].concat(),
    )
}

fn last_line(run: &Run) -> &str {
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    run.stderr.lines().last().unwrap()
}

#[test]
fn wait_ends_at_a_failure_with_its_cause() {
    let server = through(vec![IDLE.into(), state(&odd("bad"))]);
    assert_eq!(
        last_line(&waiting_for("bad", &[], &server)),
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
        let ray = Ray::meddled_with(IDLE, move |request, before, ray_state| {
            if request.path == "/api/v0/logs/file?actor_id=ab12&suffix=err&lines=200" {
                return Some(Reply::With(header, 200, format!("{status}{log}")));
            }
            if request.method == "GET" && before > 0 {
                *ray_state = state(&json!({ "a": failed }));
            }
            None
        });
        assert_eq!(
            last_line(&waiting_for("a", &[], &ray.server)),
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
        let failed = failed.clone();
        let ray = Ray::meddled_with(IDLE, move |request, before, ray_state| {
            let (header, status) = log_dialect("2.8.0");
            match request.path.as_str() {
                DEAD => return Some(Reply::ok(actors.to_string())),
                "/api/v0/logs/file?actor_id=ab12&suffix=err&lines=200" => {
                    let log =
                        format!("{status}:actor_name:ServeReplica:a:D\nERROR cannot open x\n");
                    return Some(Reply::With(header, 200, log));
                }
                _ => {}
            }
            if request.method == "GET" && before > 0 {
                *ray_state = state(&json!({ "a": failed }));
            }
            None
        });
        last_line(&waiting_for("a", &[], &ray.server)).to_owned()
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

/// Nothing of Serve's says why: its state is DEPLOYING for ever, its messages are empty.
#[test]
fn what_no_node_has_room_for_is_said_while_waiting_and_at_the_end() {
    let why = "No available node types can fulfill resource request {'CPU': 100.0}. Add suitable node types to this cluster to resolve this issue.";
    let events = recorded("2.60.0", "other_cluster_events").1;
    let ray = Ray::meddled_with(IDLE, move |request, before, ray_state| {
        if request.path == "/api/v0/cluster_events" {
            return Some(Reply::ok(events.clone()));
        }
        if request.method == "GET" && before > 0 {
            *ray_state = state(&odd("toobig"));
        }
        None
    });
    let run = waiting_for("toobig", &["--timeout", "1s"], &ray.server);
    assert_eq!(
        last_line(&run),
        format!(
            "error: timed out (--timeout) waiting for raycluster/x: application/toobig is DEPLOYING, 0/1 deployments healthy (TooBig: {why}); deploying goes on"
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
        let deploying = running(&json!({"name": "a"}));
        let mut deploying = json!({ "a": deploying });
        deploying["a"]["status"] = "DEPLOYING".into();
        let ray = Ray::meddled_with(IDLE, move |request, before, ray_state| {
            if request.method == "GET" && before > 0 {
                *ray_state = state(&deploying);
            }
            if request.method == "GET" && before > 2 {
                *ray_state =
                    json!({"controller_info": {"actor_id": controller}, "applications": {}})
                        .to_string();
            }
            None
        });
        assert_eq!(
            last_line(&waiting_for("a", &[], &ray.server)),
            format!("error: application/a is gone: {why}; submit again")
        );
    }
}

#[test]
fn somebody_else_s_config_is_not_waited_for() {
    let ray = Ray::meddled_with(IDLE, move |request, before, ray_state| {
        if request.method == "GET" && before > 1 {
            let theirs = running(&json!({"name": "fruit_app", "import_path": "other.app"}));
            *ray_state = state(&json!({ "fruit_app": theirs }));
        }
        None
    });
    let url = ray.server.url();
    assert_eq!(
        last_line(&submit(&url, CONFIG, &["--wait", "--timeout", "30s"])),
        format!(
            "error: application/fruit_app has another config by now: somebody else submitted it, see kubectl ray serve get x --address {url}"
        )
    );
}

/// A Ray that is slow to answer, at each step, but does.
#[test]
fn wait_has_patience_with_a_slow_ray() {
    let ray = Ray::meddled_with(IDLE, |request, before, state| {
        match request.method.as_str() {
            "GET" if before < 2 => Some(Reply::Silence),
            // Taken over, but the answer is late.
            "PUT" => {
                *state = deploy(state, &request.body);
                Some(Reply::Silence)
            }
            _ => None,
        }
    });
    let run = submit(
        &ray.server.url(),
        CONFIG,
        &["--wait", "--request-timeout", "300ms"],
    );
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.stdout, "application/fruit_app created\n");
    assert_eq!(ray.submitted().len(), 1);
}

/// Not at the time limit of a request that happens to be on its way.
#[test]
fn the_timeout_does_not_wait_for_an_answer() {
    let silent = Server::start(|_| Reply::Silence);
    let fresh = submit(&silent.url(), CONFIG, &["--wait", "--timeout", "1s"]);
    assert_eq!(
        last_line(&fresh),
        "error: timed out (--timeout) waiting for raycluster/x: there is no answer yet"
    );
    let ray = Ray::meddled_with(IDLE, |request, before, _| {
        (request.method == "GET" && before > 1).then_some(Reply::Silence)
    });
    let deploying = submit(&ray.server.url(), CONFIG, &["--wait", "--timeout", "2s"]);
    assert_eq!(
        last_line(&deploying),
        "error: timed out (--timeout) waiting for raycluster/x: there is no answer; deploying goes on"
    );
}

#[test]
fn patience_ends_at_the_timeout() {
    let server = Server::start(|_| Reply::Silence);
    let url = server.url();
    let run = submit(
        &url,
        CONFIG,
        &["--wait", "--timeout", "1s", "--request-timeout", "300ms"],
    );
    assert_eq!(
        last_line(&run),
        format!(
            "error: timed out (--timeout) waiting for raycluster/x: the Ray dashboard at {url}/ did not answer the request for Serve's applications within 300ms (--request-timeout)"
        )
    );
}

#[test]
fn wait_ends_at_its_timeout_with_what_is_missing() {
    let server = through(vec![
        IDLE.into(),
        state(&json!({"fruit_app": {"status": "DEPLOYING"}})),
    ]);
    let run = submit(&server.url(), CONFIG, &["--wait", "--timeout", "600ms"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(1), "application/fruit_app created\n")
    );
    let last = run.stderr.lines().last().unwrap();
    assert_eq!(
        last,
        "error: timed out (--timeout) waiting for raycluster/x: application/fruit_app is DEPLOYING; deploying goes on"
    );
}

#[test]
fn wait_outlives_a_dashboard_that_is_away_for_a_moment() {
    let mut count = 0;
    let server = Server::start(move |request| {
        count += 1;
        match (request.method.as_str(), count) {
            (_, 1 | 4) => {
                Reply::Answer(503, "Failed to get a response from the controller.".into())
            }
            ("GET", 2) => Reply::ok(IDLE),
            ("GET", _) => Reply::ok(state(&json!({"fruit_app": {"status": "RUNNING"}}))),
            _ => Reply::ok(""),
        }
    });
    let run = submit(&server.url(), CONFIG, &["--wait"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(server.methods(), ["GET", "GET", "PUT", "GET", "GET"]);
}

#[test]
fn ctrl_c_stops_waiting_not_deploying_and_says_so() {
    let server = through(vec![
        IDLE.into(),
        state(&json!({"fruit_app": {"status": "DEPLOYING"}})),
    ]);
    let mut child = submitting(&server.url(), CONFIG, &["--wait"]);
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    assert_eq!(
        stderr.next().unwrap().unwrap(),
        "application/fruit_app: DEPLOYING"
    );
    assert!(
        Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(
        stderr.next().unwrap().unwrap(),
        format!(
            "Stopped waiting; deploying goes on. See kubectl ray serve get x --address {}",
            server.url()
        )
    );
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
