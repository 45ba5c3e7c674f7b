//! Names that go into a request's path: one that is none is refused, and nothing is asked for.

use fake_ray::{Reply, Server};
use serde_json::json;
use tempfile::TempDir;

use crate::support::kubernetes::{
    failure, is_pods, is_raycluster, kubeconfig, raycluster, ready_pod,
};
use crate::support::{Run, plugin};

const HOSTILE: [&str; 12] = [
    "../x",
    "..",
    ".",
    "../../victim/secrets/prod",
    "a/b",
    "a?b",
    "a#b",
    "a%2fb",
    "%2e%2e",
    "A",
    "a b",
    "a\u{9b}b",
];

fn get(server: &Server, arguments: &[&str]) -> Run {
    let directory = TempDir::new().unwrap();
    let file = kubeconfig(directory.path(), "one", &server.url(), "{token: t}");
    let base = ["serve", "get", "--kubeconfig", &file];
    plugin(&[&base[..], arguments].concat())
        .output()
        .unwrap()
        .into()
}

#[track_caller]
fn assert_refused(run: &Run, of: &str) {
    let expected = format!("is not a name for {of}");
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(1), ""),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains(&expected), "{}", run.stderr);
}

#[test]
fn of_a_secret() {
    for name in HOSTILE {
        let cluster = json!({"spec": {"headGroupSpec": {}, "authOptions": {"mode": "token", "secretName": name}}});
        let server = Server::start(move |request| match request {
            request if is_pods(request) => ready_pod(),
            request if is_raycluster(request) => raycluster(&cluster),
            _ => Reply::ok(json!({"data": {"auth_token": "dDBrZW4="}}).to_string()),
        });
        let run = get(&server, &["x"]);
        assert_refused(&run, "a Secret (authOptions.secretName of raycluster/x)");
        assert_eq!(server.requests().len(), 2, "{:?}", server.requests());
    }
}

#[test]
fn of_a_namespace() {
    let server = Server::start(|_| failure(404, "not found"));
    for name in HOSTILE.iter().chain(&["a.b"]) {
        for arguments in [
            &["x", "-n", name][..],
            &["-n", name],
            &["x", "-n", name, "--via", "proxy"],
        ] {
            assert_refused(&get(&server, arguments), "a namespace");
        }
    }
    assert!(server.requests().is_empty(), "{:?}", server.requests());
}

#[test]
fn of_a_namespace_in_a_kubeconfig() {
    let server = Server::start(|_| failure(404, "not found"));
    let directory = TempDir::new().unwrap();
    let file = kubeconfig(directory.path(), "one", &server.url(), "{token: t}");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("namespace: team", "namespace: ../x")).unwrap();
    let run = Run::from(
        plugin(&["serve", "get", "x", "--kubeconfig", &file])
            .output()
            .unwrap(),
    );
    assert_refused(&run, "a namespace");
    assert!(server.requests().is_empty());
}

#[test]
fn of_a_cluster() {
    let server = Server::start(|_| failure(404, "not found"));
    for name in HOSTILE {
        let run = get(&server, &[name]);
        assert_eq!(run.code, Some(2), "{name}: {}", run.stderr);
    }
    assert!(server.requests().is_empty());
}

#[test]
fn of_a_head_service_and_a_pod() {
    for name in HOSTILE {
        let cluster = json!({"status": {"head": {"serviceName": name}}});
        let server = Server::start(move |request| match request {
            request if is_pods(request) => ready_pod(),
            _ => raycluster(&cluster),
        });
        let run = get(&server, &["x", "--via", "proxy"]);
        assert_refused(&run, "a Service (of the head of raycluster/x)");
        assert_eq!(server.requests().len(), 2);

        let server = Server::start(move |request| {
            if !is_pods(request) {
                return raycluster(&json!({}));
            }
            let conditions = json!([{"type": "Ready", "status": "True"}]);
            let pod = json!({"metadata": {"name": name}, "status": {"phase": "Running", "conditions": conditions}});
            Reply::ok(json!({"items": [pod]}).to_string())
        });
        assert_refused(&get(&server, &["x"]), "a Pod");
        assert_eq!(server.requests().len(), 2);
    }
}
