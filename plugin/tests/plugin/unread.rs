//! Output that nobody reads to its end, as with `| head -1`: what changes something goes on, and the
//! exit code stays the truth.

use std::fs::{self, File};
use std::io::{Write, pipe};
use std::path::Path;
use std::process::{Command, Stdio};

use fake_ray::{ALWAYS, IDLE, On, Ray, Reply, Scenario, Server, running, state};
use serde_json::{Value, json};

use crate::support::{CONFIG, plugin};

/// Where output goes that is never read.
#[derive(Debug, Clone, Copy)]
enum Nobody {
    Stdout,
    Both,
}

fn closed() -> Stdio {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    writer.into()
}

/// The exit code.
fn unread(mut command: Command, input: &str, nobody: Nobody) -> Option<i32> {
    command.stdout(closed()).stdin(Stdio::piped());
    if matches!(nobody, Nobody::Both) {
        command.stderr(closed());
    }
    let mut child = command.spawn().unwrap();
    // What needs no input may be gone.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap().status.code()
}

fn on(server: &Server, words: &[&str]) -> Command {
    let url = server.url();
    let (verb, rest) = words.split_first().unwrap();
    plugin(&[&["serve", verb, "x", "--address", &url], rest].concat())
}

/// A Serve in which what is submitted ends in `status`, once it was seen deploying twice: by whoever
/// looks whether it has arrived, and by whoever waits.
fn ending_in(status: &'static str) -> Ray {
    let shown = |status| state(&json!({"fruit_app": {"status": status, "message": "no luck"}}));
    let scenario = Scenario::of(IDLE).after_put(shown("DEPLOYING"));
    Ray::with(scenario.then_after(2, shown(status)))
}

#[test]
fn a_submit_waits_and_tells_how_it_ended() {
    for nobody in [Nobody::Stdout, Nobody::Both] {
        for (status, code) in [("DEPLOY_FAILED", 1), ("RUNNING", 0)] {
            let ray = ending_in(status);
            let submit = on(&ray.server, &["submit", "-f", "-", "--wait"]);
            assert_eq!(unread(submit, CONFIG, nobody), Some(code), "{status}");
            let looks = ray.server.methods();
            let put = looks.iter().position(|method| method == "PUT").unwrap();
            assert!(looks.len() > put + 2, "it has waited: {looks:?}");
        }
    }
}

/// A full disk is no reason to stop waiting, but one to fail.
#[test]
fn a_submit_whose_words_are_lost_waits_and_fails() {
    let ray = ending_in("RUNNING");
    let mut submit = on(&ray.server, &["submit", "-f", "-", "--wait"]);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut child = submit.stdin(Stdio::piped()).stdout(full).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(CONFIG.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("All applications of raycluster/x are running."));
    assert!(said.contains("error: cannot write the output: "), "{said}");
}

#[test]
fn a_delete_removes_all_it_was_told_to() {
    let config = |name: &str| running(&json!({"name": name, "import_path": "m:x"}));
    let applications = json!({"a": config("a"), "b": config("b"), "c": config("c")});
    for nobody in [Nobody::Stdout, Nobody::Both] {
        let ray = Ray::with(state(&applications));
        let delete = on(&ray.server, &["delete", "a", "b"]);
        assert_eq!(unread(delete, "", nobody), Some(0));
        assert_eq!(ray.applications(), ["c"]);
        let refused = || Reply::Answer(500, "no".to_owned());
        let refusing =
            Ray::with(Scenario::of(state(&applications)).refuses(On::Put, ALWAYS, refused));
        let delete = on(&refusing.server, &["delete", "a", "b"]);
        assert_eq!(unread(delete, "", nobody), Some(1));
    }
}

#[test]
fn what_was_found_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = directory.path().join(name);
        fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let good = write("good.yaml", CONFIG);
    let bad = write("bad.yaml", "applications: [{name: a, importpath: x}]\n");
    let manifest = "apiVersion: ray.io/v1\nkind: RayCluster\nmetadata: {name: x}\nspec: {}\n";
    let manifest = write("manifest.yaml", manifest);
    let server = Server::with_state(IDLE);
    for nobody in [Nobody::Stdout, Nobody::Both] {
        let of = |words: &[&str]| unread(plugin(words), "", nobody);
        assert_eq!(of(&["serve", "validate", "-f", &good, "-f", &bad]), Some(1));
        assert_eq!(of(&["serve", "validate", "-f", &good]), Some(0));
        assert_eq!(of(&["serve", "inject", "-f", &manifest]), Some(0));
        let diff = on(&server, &["diff", "-f", &good]);
        assert_eq!(unread(diff, "", nobody), Some(1), "there are differences");
        let diff = on(&server, &["diff", "-f", &bad]);
        assert_eq!(unread(diff, "", nobody), Some(2), "there is an error");
        let mut diff = on(&server, &["diff", "-f", &good]);
        diff.env("KUBECTL_EXTERNAL_DIFF", "diff -r");
        assert_eq!(unread(diff, "", nobody), Some(1));
    }
}

/// What only tells has told enough; what it found out before counts.
#[test]
fn a_reader_that_goes_away_ends_what_only_tells() {
    let failed = json!({"a": {"status": "DEPLOY_FAILED", "route_prefix": "/a"}});
    let failed = Server::with_state(state(&failed));
    for words in [&["get"][..], &["get", "-w"], &["config"], &["status"]] {
        assert_eq!(unread(on(&failed, words), "", Nobody::Both), Some(0));
    }
    let waiting = on(&failed, &["status", "--wait-for", "running"]);
    assert_eq!(unread(waiting, "", Nobody::Both), Some(1));

    for (status, code) in [(200, 0), (500, 1)] {
        let body = "x".repeat(1 << 20);
        let application = Server::start(move |_| Reply::Answer(status, body.clone()));
        let port = application.port();
        let running = json!({"a": {"status": "RUNNING", "route_prefix": "/a"}});
        let mut told: Value = serde_json::from_str(&state(&running)).unwrap();
        told["http_options"] = json!({ "port": port });
        let dashboard = Server::with_state(told.to_string());
        let call = on(&dashboard, &["call", "/a"]);
        assert_eq!(unread(call, "", Nobody::Both), Some(code));
    }
    assert!(Path::new("/dev/full").exists());
}
