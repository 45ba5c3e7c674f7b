//! `status` as a program: its exit code, and waiting and watching.

use std::io::{BufRead, BufReader};

use fake_ray::{Reply, Server};
use serde_json::{Value, json};

use crate::status::serving;
use crate::support::live::Live;
use crate::support::{PATIENCE, Run, assert_fails, last_error, plugin, recorded, run};

fn status(server: &Server, flags: &[&str]) -> Run {
    let url = server.url();
    run(&[&["serve", "status", "x", "--address", &url], flags].concat())
}

#[test]
fn looking_at_what_is_broken_succeeds_and_a_ray_that_is_not_there_does_not() {
    let server = Server::with_state(recorded("2.60.0", "get_odd_apps").1);
    let run_ = status(&server, &[]);
    assert_eq!((run_.code, run_.stderr.as_str()), (Some(0), ""));
    assert!(run_.stdout.contains("- application/bad is DEPLOY_FAILED: BadInit: RuntimeError: model file /models/x.bin not found; no replica of it runs, so nothing answers\n"));
    assert!(!run_.stdout.contains('\u{1b}'), "{}", run_.stdout);
    assert_fails(
        &run(&["serve", "status", "x", "--address", "http://127.0.0.1:1"]),
        "cannot reach the Ray dashboard at http://127.0.0.1:1/: Connection refused (os error 111)",
    );
}

/// One state after the other, the last for ever.
fn through(states: Vec<Value>) -> Server {
    let mut states = states.into_iter();
    let mut last = Value::Null;
    Server::start(move |_| {
        last = states.next().unwrap_or_else(|| last.take());
        Reply::ok(last.to_string())
    })
}

#[test]
fn a_script_waits_until_all_run() {
    let deploying = serving(&json!({"applications": {"a": {"status": "DEPLOYING"}}}));
    let server = through(vec![
        serving(&json!({"applications": {}})),
        deploying,
        serving(&json!({})),
        serving(&json!({})),
    ]);
    let run = status(&server, &["--wait-for=running"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(
        run.stderr,
        format!(
            "waiting: it runs no application, and none comes by itself: kubectl ray serve submit x --address {} -f FILE --wait\nwaiting: application/a is DEPLOYING\n",
            server.url()
        )
    );
    assert!(
        run.stdout.contains("application/a   RUNNING"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_wait_that_cannot_end_well_ends_with_the_cause() {
    let failed =
        serving(&json!({"applications": {"a": {"status": "DEPLOY_FAILED", "message": "no luck"}}}));
    assert_fails(
        &status(&through(vec![failed]), &["--wait-for=running"]),
        "application/a is DEPLOY_FAILED: no luck",
    );
    let server = through(vec![serving(&json!({"applications": {}}))]);
    let run = status(&server, &["--wait-for=running", "--timeout", "10ms"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert_eq!(
        last_error(&run),
        format!(
            "error: timed out waiting for raycluster/x to run its applications: \
             it runs no application, and none comes by itself\n\
             hint: kubectl ray serve submit x --address {} -f FILE --wait\n      \
             raise --timeout to wait longer",
            server.url()
        )
    );
}

/// Ray restarts replicas by itself.
#[test]
fn an_unhealthy_application_is_shown_with_its_cause_and_may_recover() {
    let unhealthy = json!({"status": "UNHEALTHY", "deployments": {
        "D": {"status": "UNHEALTHY", "message": "health check failed", "replicas": []},
    }});
    let run = status(
        &through(vec![
            serving(&json!({"applications": { "a": unhealthy }})),
            serving(&json!({})),
        ]),
        &["--wait-for=running"],
    );
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (
            Some(0),
            "waiting: application/a is UNHEALTHY: D: health check failed\n"
        )
    );
}

#[test]
fn ctrl_c_ends_waiting_for_a_state() {
    let deploying = serving(&json!({"applications": {"a": {"status": "DEPLOYING"}}}));
    let server = through(vec![deploying]);
    let url = server.url();
    let waiting = plugin(&[
        "serve",
        "status",
        "x",
        "--wait-for=running",
        "--address",
        &url,
    ]);
    let mut waiting = Live::start(waiting);
    waiting.says("waiting: application/a is DEPLOYING");
    waiting.interrupt();
    let run = waiting.end();
    assert_eq!((run.code, run.stdout.as_str()), (Some(130), ""));
    assert_eq!(run.stderr, "waiting: application/a is DEPLOYING\n");
}

/// Drill d: what was said before the head was lost was never said again, and the last line was old.
#[test]
fn a_wait_says_that_a_lost_head_s_applications_do_not_come_back() {
    let nothing = || serving(&json!({"applications": {}, "controller_info": {}}));
    let unhealthy = || serving(&json!({"applications": {"a": {"status": "UNHEALTHY"}}}));
    let mut states = vec![nothing(), unhealthy(), nothing()].into_iter();
    let mut asked = 0;
    let server = Server::start(move |_| {
        asked += 1;
        match asked {
            // A head that is away, after each of the first states.
            2 | 4 => Reply::Answer(503, "away".into()),
            _ => Reply::ok(states.next().unwrap_or_else(nothing).to_string()),
        }
    });
    let run = status(&server, &["--wait-for=running", "--timeout", PATIENCE]);
    let submit = format!(
        "kubectl ray serve submit x --address {} -f FILE --wait",
        server.url()
    );
    let away = "waiting: the Ray dashboard at ";
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(
        lines[0],
        format!("waiting: it runs no application, and none comes by itself: {submit}")
    );
    assert!(lines[1].starts_with(away), "{lines:?}");
    assert_eq!(
        lines[2],
        "waiting: application/a is UNHEALTHY: Ray gives no reason; its Serve controller's log may \
         (serve/controller_*.log on the head)"
    );
    assert!(lines[3].starts_with(away), "{lines:?}");
    assert_eq!(
        lines[4],
        format!(
            "waiting: it runs no application any more: Serve was shut down or its head restarted, \
             which loses all of them, and none comes back by itself: {submit}"
        )
    );
    assert!(lines[5].starts_with("error: timed out"), "{lines:?}");
}

#[test]
fn watching_through_a_pipe_tells_changes_as_lines() {
    let server = through(vec![
        serving(&json!({"applications": {"a": {"status": "DEPLOYING"}}})),
        serving(&json!({})),
    ]);
    let url = server.url();
    let mut child = plugin(&["serve", "status", "x", "--watch", "--address", &url])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told: Vec<String> = Vec::new();
    while told
        .last()
        .is_none_or(|line| line != "application/a: RUNNING, no route")
    {
        told.push(lines.next().unwrap().unwrap());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        told,
        [
            "raycluster/x",
            "application/a: DEPLOYING, no route",
            "proxies: 2/2 healthy, EveryNode, port 8000",
            "proxies 192.0.2.2: HEALTHY",
            "proxies 192.0.2.3: HEALTHY",
            "application/a: RUNNING, no route",
        ]
    );
}
