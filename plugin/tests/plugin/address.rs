//! `--address`: the commands against a dashboard, healthy and not.

use fake_ray::{IDLE, Reply, Server};
use serde_json::Value;

use crate::support::{CONFIG, Run, assert_fails, plugin, recorded, run, submit};

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
        "the Ray dashboard at {}/ did not answer the request for Serve's applications within 300ms\nhint: raise --request-timeout to wait longer",
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

    let url = server.url();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), CONFIG).unwrap();
    let file = file.path().display().to_string();
    for more in [
        &["status"][..],
        &["config"],
        &["logs"],
        &["logs", "-f"],
        &["call", "/fruit"],
        &["get", "-w"],
        &["delete"],
        &["submit", "-f", &file],
        &["submit", "--wait", "-f", &file],
        &["diff", "-f", &file],
    ] {
        let (verb, rest) = more.split_first().unwrap();
        let ran = run(&[&["serve", verb, "x", "--address", &url], rest].concat());
        // Of diff, 1 says that there are differences.
        let code = if *verb == "diff" { 2 } else { 1 };
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(code), ""),
            "{more:?}"
        );
        assert_eq!(ran.stderr, format!("error: {sentence}\n"), "{more:?}");
    }
    assert!(server.methods().iter().all(|method| method == "GET"));
}

#[test]
fn ray_s_errors_are_one_sentence_and_change_nothing() {
    let cases = [
        (
            401,
            "Unauthorized: Missing authentication token",
            "wants a valid Ray token: Unauthorized: Missing authentication token (401)",
            "hint: the token is taken from RAY_AUTH_TOKEN, or else from the RayCluster's Secret, which may have changed since the head started",
        ),
        (
            404,
            "404: Not Found",
            "has no Serve REST API (404)",
            "hint: use Ray 2.8 or later with ray[serve] installed",
        ),
        (
            501,
            "Serve dependencies are not installed. Please run `pip install \"ray[serve]\"`.",
            "Serve dependencies are not installed",
            "",
        ),
        (
            503,
            "Failed to get a response from the controller. The GCS may be down.",
            "(503)",
            "",
        ),
        (
            500,
            "Traceback (most recent call last):\n  File \"x.py\", line 1\nRuntimeError: no GCS",
            "RuntimeError: no GCS (500)",
            "",
        ),
    ];
    for (status, body, expected, hint) in cases {
        let server = Server::start(move |_| Reply::Answer(status, body.into()));
        for run in [get(&server, &[]), submit(&server.url(), CONFIG, &[])] {
            assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
            let (error, below) = run.stderr.split_once('\n').unwrap();
            assert!(error.contains(expected), "{}", run.stderr);
            assert_eq!(below.trim_end(), hint);
        }
        assert!(server.methods().iter().all(|method| method == "GET"));
    }
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
