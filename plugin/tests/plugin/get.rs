//! `get CLUSTER`: what is chosen, how it is shown, and watching it.

use std::io::{BufRead, BufReader};

use fake_ray::{Reply, Server};
use serde_json::{Value, json};

use crate::support::{Run, assert_fails, plugin, recorded, run};

fn two_apps() -> Server {
    Server::with_state(recorded("2.60.0", "get_two_apps_running").1)
}

fn get(server: &Server, flags: &[&str]) -> Run {
    let url = server.url();
    run(&[&["serve", "get", "x", "--address", &url], flags].concat())
}

fn assert_usage(run: &Run, sentence: &str) {
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert_eq!(run.stderr.trim_end(), format!("error: {sentence}"));
}

#[test]
fn named_applications_alone_are_shown_in_each_format() {
    let server = two_apps();
    let table = get(&server, &["math_app"]).stdout;
    assert_eq!(table.lines().count(), 2);
    assert!(table.lines().nth(1).unwrap().starts_with("math_app "));

    let document: Value =
        serde_json::from_str(&get(&server, &["application/math_app", "-o", "json"]).stdout)
            .unwrap();
    let names: Vec<_> = document["applications"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(names, ["math_app"]);
    assert_eq!(document["proxyLocation"], "EveryNode");

    assert_eq!(
        get(&server, &["-o", "name"]).stdout,
        "application/fruit_app\napplication/math_app\n"
    );
    assert_eq!(
        get(&server, &["-o", "name", "fruit_app"]).stdout,
        "application/fruit_app\n"
    );
}

#[test]
fn an_unknown_application_is_told_with_the_known_ones() {
    assert_fails(
        &get(&two_apps(), &["fruit_ap", "math_app"]),
        "application/fruit_ap not found on raycluster/x: it has fruit_app, math_app",
    );
}

#[test]
fn headings_can_be_left_out() {
    let server = two_apps();
    let all = get(&server, &["-o", "wide"]).stdout;
    let rows = get(&server, &["-o", "wide", "--no-headers"]).stdout;
    assert!(all.contains("IMPORT PATH") && !rows.contains("IMPORT PATH"));
    assert_eq!((all.lines().count(), rows.lines().count()), (3, 2));
}

#[test]
fn combinations_that_mean_nothing_are_refused_before_anything_is_asked() {
    let server = two_apps();
    assert_usage(
        &get(&server, &["-w", "-o", "json"]),
        "--watch prints rows\nhint: use it with -o table or -o wide",
    );
    assert_usage(
        &get(&server, &["math_app", "-o", "raw"]),
        "-o raw is Ray's whole answer\nhint: leave out the applications, or use -o json",
    );
    let url = server.url();
    assert_usage(
        &run(&["serve", "get", "-A", "--address", &url]),
        "--address is one Ray\nhint: leave out -A and -l",
    );
    assert_eq!(get(&server, &["-A"]).code, Some(2));
    assert!(server.requests().is_empty());
}

#[test]
fn an_address_alone_is_a_cluster() {
    let server = two_apps();
    let alone = run(&["serve", "get", "--address", &server.url()]);
    assert_eq!((alone.code, alone.stderr.as_str()), (Some(0), ""));
    assert_eq!(alone.stdout, get(&server, &[]).stdout);
}

#[test]
fn every_digit_of_a_number_is_kept() {
    let body = r#"{"applications": {}, "a": 1795439531.0728307, "b": 1795439531.0238903, "c": 18446744073709551615, "d": 1.0}"#;
    let document = get(&Server::with_state(body), &["-o", "json"]).stdout;
    for number in [
        "1795439531.0728307",
        "1795439531.0238903",
        "18446744073709551615",
        ": 1.0\n",
    ] {
        assert!(document.contains(number), "{number}: {document}");
    }
}

#[test]
fn a_large_answer_arrives_whole() {
    let text = "x".repeat(10 << 20);
    let body = json!({"applications": {"big": {"status": "RUNNING", "deployed_app_config": {"args": {"text": text}}}}});
    let server = Server::with_state(body.to_string());
    assert_eq!(get(&server, &["-o", "raw"]).stdout, body.to_string());
    let document: Value = serde_json::from_str(&get(&server, &["-o", "json"]).stdout).unwrap();
    assert_eq!(
        document["applications"]["big"]["deployedAppConfig"]["args"]["text"].as_str(),
        Some(text.as_str())
    );
    assert!(
        get(&server, &[])
            .stdout
            .lines()
            .nth(1)
            .unwrap()
            .starts_with("big ")
    );
}

#[test]
fn json_that_is_not_serve_s_is_no_empty_success() {
    let server = Server::with_state(r#"{"error": "please log in"}"#);
    let sentence = format!(
        "the Ray dashboard at {}/ did not answer with Serve's JSON but with: {{\"error\": \"please log in\"}}",
        server.url()
    );
    assert_fails(&get(&server, &[]), &sentence);
}

#[test]
fn pipes_get_no_colours() {
    assert!(!get(&two_apps(), &[]).stdout.contains('\u{1b}'));
}

/// Each state once, the last one for ever.
fn through(states: Vec<Reply>) -> Server {
    let mut states = states.into_iter();
    let mut last = String::new();
    Server::start(move |_| match states.next() {
        Some(Reply::Answer(200, body)) => {
            last.clone_from(&body);
            Reply::ok(body)
        }
        Some(other) => other,
        None => Reply::ok(last.clone()),
    })
}

#[test]
fn watching_prints_what_changes_and_survives_a_head_that_is_away() {
    let state = |applications: Value| Reply::ok(json!({"applications": applications}).to_string());
    let server = through(vec![
        state(json!({"a": {"status": "DEPLOYING"}, "b": {"status": "RUNNING"}})),
        state(json!({"a": {"status": "DEPLOYING"}, "b": {"status": "RUNNING"}})),
        Reply::Answer(503, "Failed to get a response from the controller.".into()),
        state(json!({"a": {"status": "RUNNING"}})),
    ]);
    let url = server.url();
    let mut child = plugin(&["serve", "get", "x", "-w", "--address", &url])
        .spawn()
        .unwrap();
    let mut rows = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut row = || rows.next().unwrap().unwrap();
    assert!(row().starts_with("APPLICATION   STATUS"));
    assert!(row().starts_with("a             DEPLOYING"));
    assert!(row().starts_with("b             RUNNING"));
    assert!(row().starts_with("a             RUNNING"));
    assert_eq!(row(), "b             <gone>");
    let mut notes = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut note = || notes.next().unwrap().unwrap();
    assert!(note().ends_with("(503); still watching"));
    assert_eq!(note(), "raycluster/x answers again.");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn watching_an_address_where_nobody_is_fails_at_once() {
    assert_fails(
        &run(&["serve", "get", "x", "-w", "--address", "http://127.0.0.1:1"]),
        "cannot reach the Ray dashboard at http://127.0.0.1:1/: Connection refused (os error 111)",
    );
}
