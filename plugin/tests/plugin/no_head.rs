//! A RayCluster without a head: each command says why, as far as anybody may see it.

use fake_ray::{Reply, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::kubernetes::{failure, is_pods, is_raycluster, kubeconfig, raycluster};
use crate::support::{CONFIG, Run, run};

/// An API server that has no pod of the cluster.
fn server(more: Value, service: Option<Value>, events: Option<Value>) -> Server {
    Server::start(move |request| match request {
        request if is_raycluster(request) => raycluster(&more),
        request if request.method == "POST" => raycluster(&more),
        request if is_pods(request) => Reply::ok(r#"{"items": []}"#),
        request if request.path.ends_with("/services/x-head-svc") => match &service {
            Some(service) => Reply::ok(service.to_string()),
            None => failure(404, "services \"x-head-svc\" not found"),
        },
        request if request.path.contains("/events?") => match &events {
            Some(events) => Reply::ok(json!({ "items": events }).to_string()),
            None => failure(403, "events is forbidden: User \"ada\" cannot list"),
        },
        request if request.path.contains("/services/") => failure(404, "not found"),
        _ => Reply::ok(r#"{"items": []}"#),
    })
}

fn serve(server: &Server, arguments: &[&str]) -> Run {
    let directory = TempDir::new().unwrap();
    let file = kubeconfig(directory.path(), "one", &server.url(), "{token: t}");
    let config = directory.path().join("serve_config.yaml");
    std::fs::write(&config, CONFIG).unwrap();
    let config = config.display().to_string();
    let arguments = arguments.iter().map(|word| match *word {
        "FILE" => &config,
        word => word,
    });
    let base = ["serve", "--kubeconfig", &file].into_iter();
    run(&base.chain(arguments).collect::<Vec<_>>()).naming(&file, "FILE")
}

/// Commands that need the head.
const COMMANDS: [&[&str]; 5] = [
    &["get", "x"],
    &["status", "x"],
    &["submit", "x", "-f", "FILE", "--wait", "--timeout", "10ms"],
    &["create", "x", "--wait", "--timeout", "10ms"],
    &["status", "x", "--wait-for=running", "--timeout", "10ms"],
];

fn all_say(server: &Server, why: &str) {
    for command in COMMANDS {
        let ran = serve(server, command);
        let said = ran.stdout + &ran.stderr;
        assert!(said.contains(why), "{command:?}: {said}");
    }
}

/// On a line of its own; a status looks at all, and has a name for it.
fn all_hint(server: &Server, next: &str) {
    for command in COMMANDS {
        let ran = serve(server, command);
        let (said, begin) = match command {
            ["status", _] => (&ran.stdout, "next"),
            _ => (&ran.stderr, "hint"),
        };
        let hint = said
            .lines()
            .map(str::trim_start)
            .find(|line| line.starts_with(begin));
        assert!(
            hint.is_some_and(|hint| hint.ends_with(next)),
            "{command:?}: {said}"
        );
    }
}

#[test]
fn a_foreign_head_service_is_named_by_every_command() {
    let foreign = json!({"metadata": {"name": "x-head-svc", "namespace": "team"}});
    let server = server(json!({}), Some(foreign), None);
    all_say(
        &server,
        "raycluster/x in namespace team has no ready head: it has no head pod, because service/x-head-svc is in the way",
    );
    all_hint(
        &server,
        "kubectl delete service/x-head-svc -n team --kubeconfig FILE",
    );
}

#[test]
fn what_the_raycluster_says_of_quota_and_service_account_is_told() {
    let message = "pods \"x-head-\" is forbidden: error looking up service account team/nobody";
    let condition = json!({"type": "ReplicaFailure", "status": "True", "reason": "FailedCreateHeadPod", "message": message});
    let status = json!({"status": {"conditions": [condition]}});
    all_say(&server(status, None, None), message);
}

#[test]
fn events_are_read_where_the_role_allows_and_not_missed_where_it_does_not() {
    let of = |uid: &str, message: &str, at: &str| json!({"reason": "FailedToCreateService", "message": message, "lastTimestamp": at, "involvedObject": {"uid": uid}});
    let metadata = json!({"metadata": {"name": "x", "namespace": "team", "uid": "u"}});
    let events = json!([
        of("u", "an old one", "2026-01-01T00:00:00Z"),
        of("u", "exceeded quota: few", "2026-01-02T00:00:00Z"),
        of("other", "of a cluster that is gone", "2026-01-03T00:00:00Z"),
    ]);
    let allowed = server(metadata.clone(), None, Some(events));
    all_say(
        &allowed,
        "it has no head pod: exceeded quota: few (FailedToCreateService)",
    );
    let asked = allowed.requests();
    assert!(asked.iter().any(|request| request.path.contains(
        "/events?fieldSelector=involvedObject.kind%3DRayCluster%2CinvolvedObject.name%3Dx%2Ctype%3DWarning"
    )));
    let forbidden = server(metadata, None, None);
    all_say(&forbidden, "has no ready head: it has no head pod yet");
    let ran = serve(&forbidden, &["get", "x"]);
    assert!(!ran.stderr.contains("forbidden"), "{}", ran.stderr);
}

#[test]
fn the_next_command_fits_the_reason() {
    let queued = json!({
        "metadata": {"name": "x", "namespace": "team", "labels": {"kueue.x-k8s.io/queue-name": "gpus"}},
        "spec": {"suspend": true, "headGroupSpec": {}},
    });
    let ran = serve(&server(queued, None, None), &["status", "x"]);
    assert!(
        ran.stdout.contains("it waits for Kueue's queue gpus"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout
            .contains("next: kubectl get workloads.kueue.x-k8s.io -n team --kubeconfig FILE\n"),
        "{}",
        ran.stdout
    );
    let suspended = json!({"spec": {"suspend": true, "headGroupSpec": {}}});
    let ran = serve(&server(suspended, None, None), &["get", "x"]);
    assert!(
        ran.stderr.ends_with("is suspended (spec.suspend)\nhint: kubectl patch raycluster/x -n team --kubeconfig FILE --type=merge -p '{\"spec\":{\"suspend\":false}}'\n"),
        "{}",
        ran.stderr
    );
}
