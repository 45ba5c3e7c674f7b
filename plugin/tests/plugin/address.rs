//! `--address`: the commands against a dashboard, healthy and not.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::server::{Reply, Server};
use crate::support::{Run, assert_fails, fixtures, plugin, recorded, run};

const IDLE: &str =
    r#"{"controller_info": {}, "proxies": {}, "applications": {}, "target_capacity": null}"#;
const CONFIG: &str = "applications:\n- {name: fruit_app, import_path: fruit.deployment_graph}\n";

fn state(applications: &Value) -> String {
    json!({"controller_info": {"node_id": "n"}, "applications": applications}).to_string()
}

fn submit(server: &Server, config: &str, flags: &[&str]) -> Run {
    let url = server.url();
    let mut arguments = vec!["serve", "submit", "x", "-f", "-", "--address", &url];
    arguments.extend(flags);
    let mut child = plugin(&arguments).stdin(Stdio::piped()).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(config.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap().into()
}

fn get(server: &Server, flags: &[&str]) -> Run {
    let url = server.url();
    let mut arguments = vec!["serve", "get", "x", "--address", &url];
    arguments.extend(flags);
    run(&arguments)
}

#[test]
fn raw_is_ray_s_answer_byte_for_byte() {
    let body = "{ \"applications\":{},\n\"x\": 1.50, \"big\": 123456789012345678901234567890 }\n\n";
    let server = Server::with_state(body);
    assert_eq!(get(&server, &["-o", "raw"]).stdout, body);
}

#[test]
fn serve_not_running_is_no_error_and_still_a_document() {
    let server = Server::with_state(IDLE);
    let table = get(&server, &[]);
    assert_eq!((table.code, table.stdout.as_str()), (Some(0), ""));
    assert_eq!(
        table.stderr,
        "No Serve applications running on raycluster/x.\n"
    );
    let document: Value = serde_json::from_str(&get(&server, &["-o", "json"]).stdout).unwrap();
    assert_eq!(document["targetCapacity"], Value::Null);
    assert!(
        get(&server, &["-o", "yaml"])
            .stdout
            .contains("applications: {}\n")
    );
}

#[test]
fn the_token_goes_to_ray_and_nowhere_else() {
    let server = Server::with_state(IDLE);
    let url = server.url();
    let output = plugin(&["serve", "get", "x", "-o", "json", "--address", &url])
        .env("RAY_AUTH_TOKEN", "s3cret")
        .output()
        .unwrap();
    let run = Run::from(output);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(!run.stdout.contains("s3cret") && !run.stderr.contains("s3cret"));
    let requests = server.requests();
    assert_eq!(
        requests[0].header("x-ray-authorization"),
        Some("Bearer s3cret")
    );
    assert_eq!(requests[0].header("authorization"), None);
    assert!(
        requests[0]
            .header("user-agent")
            .unwrap()
            .starts_with("kubectl-ray/")
    );
}

#[test]
fn an_address_may_have_a_path_of_its_own() {
    let server = Server::with_state(IDLE);
    run(&[
        "serve",
        "get",
        "x",
        "--address",
        &format!("{}/ray/", server.url()),
    ]);
    assert_eq!(server.requests()[0].path, "/ray/api/serve/applications/");
}

#[test]
fn a_cut_answer_is_asked_for_again() {
    let mut first = true;
    let server = Server::start(move |_| {
        if std::mem::take(&mut first) {
            Reply::Cut
        } else {
            Reply::ok(IDLE)
        }
    });
    let run = get(&server, &["-o", "raw"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(0), IDLE),
        "{}",
        run.stderr
    );
}

#[test]
fn an_answer_that_is_always_cut_is_no_half_success() {
    let server = Server::start(|_| Reply::Cut);
    let run = get(&server, &["-o", "raw"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert!(
        run.stderr.contains(
            "broke before the answer to the request for Serve's applications was complete"
        ),
        "{}",
        run.stderr
    );
}

#[test]
fn silence_ends_with_the_request_timeout() {
    let server = Server::start(|_| Reply::Silence);
    let sentence = format!(
        "the Ray dashboard at {}/ did not answer the request for Serve's applications within 300ms (--request-timeout)",
        server.url()
    );
    assert_fails(&get(&server, &["--request-timeout", "300ms"]), &sentence);
}

#[test]
fn nobody_there_is_told() {
    let run = run(&["serve", "get", "x", "--address", "http://127.0.0.1:1"]);
    assert_fails(
        &run,
        "cannot reach the Ray dashboard at http://127.0.0.1:1/: Connection refused (os error 111)",
    );
}

#[test]
fn answers_that_are_not_serve_s_are_told() {
    let login = "<html>\n <h1>Log in</h1>\u{1b}[31m</html>";
    let server = Server::with_state(login);
    let sentence = format!(
        "the Ray dashboard at {}/ did not answer with Serve's JSON but with: <html> <h1>Log in</h1></html>",
        server.url()
    );
    assert_fails(&get(&server, &[]), &sentence);
}

#[test]
fn ray_s_errors_are_one_sentence_and_change_nothing() {
    let cases = [
        (
            401,
            "Unauthorized: Missing authentication token",
            "wants a valid Ray token: Unauthorized: Missing authentication token (401)",
        ),
        (404, "404: Not Found", "has no Serve REST API (404)"),
        (
            501,
            "Serve dependencies are not installed. Please run `pip install \"ray[serve]\"`.",
            "Serve dependencies are not installed",
        ),
        (
            503,
            "Failed to get a response from the controller. The GCS may be down.",
            "(503)",
        ),
        (
            500,
            "Traceback (most recent call last):\n  File \"x.py\", line 1\nRuntimeError: no GCS",
            "RuntimeError: no GCS (500)",
        ),
    ];
    for (status, body, expected) in cases {
        let server = Server::start(move |_| Reply::Answer(status, body.into()));
        for run in [get(&server, &[]), submit(&server, CONFIG, &[])] {
            assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
            assert!(
                run.stderr.contains(expected) && run.stderr.lines().count() == 1,
                "{}",
                run.stderr
            );
        }
        assert!(server.methods().iter().all(|method| method == "GET"));
    }
}

#[test]
fn a_config_ray_rejects_says_where_and_why() {
    for (ray, sentence) in [
        (
            "2.60.0",
            "rejected the Serve config, nothing was changed: applications.0.import_path: Field required",
        ),
        (
            "2.8.0",
            "rejected the Serve config, nothing was changed: applications.0.import_path: field required",
        ),
    ] {
        let (status, body) = recorded(ray, "err_missing_import_path");
        let server = Server::start(move |request| {
            if request.method == "GET" {
                Reply::ok(IDLE)
            } else {
                Reply::Answer(status, body.clone())
            }
        });
        let sentence = format!("the Ray dashboard at {}/ {sentence}", server.url());
        assert_fails(&submit(&server, CONFIG, &[]), &sentence);
    }
}

#[test]
fn submit_sends_the_file_and_says_what_changes() {
    let server = Server::with_state(recorded("2.60.0", "get_two_apps_running").1);
    let two_apps = std::fs::read_to_string(fixtures().join("serve/two_apps.yaml")).unwrap();
    let unchanged = submit(&server, &two_apps, &[]);
    assert_eq!(
        unchanged.stdout,
        "application/fruit_app unchanged\napplication/math_app unchanged\n"
    );

    let run = submit(&server, CONFIG, &[]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(
        run.stdout,
        "application/fruit_app configured\napplication/math_app removed\n"
    );
    let put = server.requests().pop().unwrap();
    assert_eq!(
        (put.method.as_str(), put.path.as_str()),
        ("PUT", "/api/serve/applications/")
    );
    assert_eq!(
        put.body,
        r#"{"applications":[{"name":"fruit_app","import_path":"fruit.deployment_graph"}]}"#
    );
}

#[test]
fn what_is_certainly_wrong_is_never_sent() {
    let server = Server::with_state(IDLE);
    for config in [
        "a: [",
        "",
        "applications.yaml",
        "import_path: a.b",
        "applications: [{name: a}, {name: a}]",
    ] {
        let run = submit(&server, config, &[]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
        let last = run.stderr.lines().last().unwrap();
        assert!(
            last.starts_with("error: ") && last.contains(" in standard input: nothing was sent"),
            "{}",
            run.stderr
        );
    }
    let url = server.url();
    let missing = run(&["serve", "submit", "x", "-f", "typo.yaml", "--address", &url]);
    assert_fails(
        &missing,
        "cannot read typo.yaml: No such file or directory (os error 2)",
    );
    let forced = submit(&server, "a: [", &["--no-validate"]);
    assert_fails(
        &forced,
        "standard input is not a Serve config: line 1, column 4: unclosed bracket '['",
    );
    assert!(server.methods().is_empty());
}

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
    let server = through(vec![
        state(&json!({"old": running})),
        state(
            &json!({"old": {"status": "DELETING"}, "fruit_app": {"status": "DEPLOYING", "deployments": {"a": {"status": "UPDATING"}, "b": {"status": "HEALTHY"}}}}),
        ),
        state(&json!({"old": {"status": "DELETING"}, "fruit_app": running})),
        state(&json!({"fruit_app": running})),
    ]);
    let run = submit(&server, CONFIG, &["--wait"]);
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

#[test]
fn wait_ends_at_a_failure_with_its_cause() {
    let odd = recorded("2.60.0", "get_odd_apps").1;
    let server = through(vec![IDLE.into(), odd]);
    let run = submit(
        &server,
        "applications: [{name: bad, import_path: 'm:x'}]",
        &["--wait"],
    );
    assert_eq!(run.code, Some(1));
    let last = run.stderr.lines().last().unwrap();
    assert_eq!(
        last,
        "error: application/bad is DEPLOY_FAILED: BadInit: RuntimeError: model file /models/x.bin not found"
    );
}

#[test]
fn wait_ends_at_its_timeout_with_what_is_missing() {
    let server = through(vec![
        IDLE.into(),
        state(&json!({"fruit_app": {"status": "DEPLOYING"}})),
    ]);
    let run = submit(&server, CONFIG, &["--wait", "--timeout", "600ms"]);
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
    let run = submit(&server, CONFIG, &["--wait"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(server.methods(), ["GET", "GET", "PUT", "GET", "GET"]);
}

#[test]
fn ctrl_c_stops_waiting_not_deploying_and_says_so() {
    let server = through(vec![
        IDLE.into(),
        state(&json!({"fruit_app": {"status": "DEPLOYING"}})),
    ]);
    let url = server.url();
    let mut child = plugin(&[
        "serve",
        "submit",
        "x",
        "-f",
        "-",
        "--wait",
        "--address",
        &url,
    ])
    .stdin(Stdio::piped())
    .spawn()
    .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(CONFIG.as_bytes())
        .unwrap();
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
        "Stopped waiting; deploying goes on. See kubectl ray serve get x."
    );
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn delete_names_what_ran_and_waits_until_it_is_gone() {
    let running = recorded("2.60.0", "get_two_apps_running").1;
    let leaving = state(&json!({"math_app": {"status": "DELETING"}}));
    let server = through(vec![running, leaving, IDLE.into()]);
    let url = server.url();
    let deleted = run(&["serve", "delete", "x", "--address", &url]);
    assert_eq!(
        deleted.stdout,
        "application/fruit_app deleted\napplication/math_app deleted\n"
    );
    assert_eq!(
        (deleted.code, deleted.stderr.as_str()),
        (Some(0), "Serve on raycluster/x is shut down.\n")
    );
    assert_eq!(server.methods(), ["GET", "DELETE", "GET", "GET"]);

    let again = run(&["serve", "delete", "x", "--address", &url]);
    assert_eq!((again.code, again.stdout.as_str()), (Some(0), ""));
    assert_eq!(
        again.stderr,
        "No Serve applications running on raycluster/x.\n"
    );
    assert_eq!(server.methods().len(), 5);
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let server = Server::with_state(recorded("2.60.0", "get_odd_apps").1);
    let url = server.url();
    let mut child = plugin(&["serve", "get", "x", "-o", "json", "--address", &url])
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
}
