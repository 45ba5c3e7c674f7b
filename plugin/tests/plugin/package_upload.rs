//! Uploads of local code that are refused, cut or forgotten.

use std::sync::{Arc, Mutex};

use fake_ray::{IDLE, Reply, Server};
use serde_json::json;

use crate::package::{PACKAGES, calls, project, serve, submit};
use crate::support::{assert_fails, last_error};

#[test]
fn an_upload_that_is_refused_submits_nothing() {
    let dir = project(&json!([{"name": "a"}]));
    let cases = [
        (413, "Maximum request body size 104857600 exceeded."),
        (
            500,
            "Traceback (most recent call last):\n  File \"x.py\", line 1\nRuntimeError: Failed to store package in the GCS.",
        ),
    ];
    for (status, body) in cases {
        let server = Server::start(move |request| {
            if !request.path.starts_with(PACKAGES) {
                Reply::ok(IDLE)
            } else if request.method == "PUT" {
                Reply::Answer(status, body.to_owned())
            } else {
                Reply::Answer(404, String::new())
            }
        });
        let run = submit(&server, dir.path(), &["--working-dir", "src"]);
        let sentence = format!(
            "the Ray dashboard at {}/ failed on the upload of the code: {} ({status})",
            server.url(),
            body.lines().last().unwrap()
        );
        assert_fails(&run, &sentence);
        assert!(!calls(&server).contains(&"PUT config".to_owned()));
    }
}

#[test]
fn a_cut_upload_is_made_again_from_its_start() {
    let dir = project(&json!([{"name": "a"}]));
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&bodies);
    let mut state = IDLE.to_owned();
    let server = Server::start(move |request| {
        let mut seen = seen.lock().unwrap();
        match (request.method.as_str(), request.path.starts_with(PACKAGES)) {
            ("PUT", true) => {
                seen.push(request.body.clone());
                if seen.len() == 1 {
                    Reply::Cut
                } else {
                    Reply::ok("")
                }
            }
            ("GET", true) if seen.is_empty() => Reply::Answer(404, String::new()),
            (_, false) => serve(&mut state, request),
            _ => Reply::ok(""),
        }
    });
    let run = submit(&server, dir.path(), &["--working-dir", "src"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let bodies = bodies.lock().unwrap();
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0], bodies[1]);
}

#[test]
fn a_cluster_that_forgets_is_given_up() {
    let dir = project(&json!([{"name": "a"}]));
    for flags in [
        &["--working-dir", "src"][..],
        &["--working-dir", "src", "--wait"],
    ] {
        let mut kept = false;
        let mut state = IDLE.to_owned();
        // There when it is asked after the upload, and never again.
        let server = Server::start(move |request| {
            if !request.path.starts_with(PACKAGES) {
                return serve(&mut state, request);
            }
            if request.method == "PUT" {
                kept = true;
            } else if !std::mem::take(&mut kept) {
                return Reply::Answer(404, String::new());
            }
            Reply::ok("")
        });
        let run = submit(&server, dir.path(), flags);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        assert_eq!(
            last_error(&run),
            "error: raycluster/x has taken the code 5 times and forgotten it again, and nothing was submitted\n\
             hint: see whether its head restarts, and the log of its dashboard"
        );
        let calls = calls(&server);
        let puts: Vec<&String> = calls
            .iter()
            .filter(|call| call.starts_with("PUT"))
            .collect();
        assert_eq!(puts.len(), 5, "{calls:?}");
    }
}

#[test]
fn a_cluster_that_forgets_is_waited_for_no_longer_than_asked() {
    let dir = project(&json!([{"name": "a"}]));
    let mut kept = false;
    let server = Server::start(move |request| {
        if !request.path.starts_with(PACKAGES) {
            return Reply::ok(IDLE);
        }
        if request.method == "PUT" {
            kept = true;
        } else if !std::mem::take(&mut kept) {
            return Reply::Answer(404, String::new());
        }
        Reply::ok("")
    });
    let flags = ["--working-dir", "src", "--wait", "--timeout", "1ms"];
    let run = submit(&server, dir.path(), &flags);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let end = "error: timed out waiting for raycluster/x: it forgets the code that is uploaded\nhint: raise --timeout to wait longer\n";
    assert!(run.stderr.ends_with(end), "{}", run.stderr);
}
