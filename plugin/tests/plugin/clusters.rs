//! `get` without a name, against an API server that answers as a test wants.

use std::time::{Duration, Instant};

use fake_ray::{Reply, Request, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::kubernetes::{NAMESPACE, failure, kubeconfig};
use crate::support::{PATIENCE, Run, assert_fails, plugin, run};

fn get(server: &Server, flags: &[&str]) -> Run {
    let directory = TempDir::new().unwrap();
    let file = kubeconfig(directory.path(), "one", &server.url(), "{token: t}");
    run(&[&["serve", "get", "--kubeconfig", &file], flags].concat()).naming(&file, "FILE")
}

fn cluster(name: &str, annotation: &str) -> Value {
    json!({
        "metadata": {
            "name": name, "namespace": NAMESPACE, "creationTimestamp": "2026-01-01T00:00:00Z",
            "annotations": {"ray.io/enable-serve-service": annotation},
        },
        "spec": {"rayVersion": "2.60.0", "headGroupSpec": {}},
    })
}

fn head(cluster: &str, ready: bool) -> Value {
    let status = if ready { "True" } else { "False" };
    json!({
        "metadata": {"name": format!("{cluster}-head"), "namespace": NAMESPACE, "labels": {"ray.io/cluster": cluster}},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": status, "message": "probe failed"}]},
    })
}

fn service(cluster: &str) -> Value {
    json!({
        "metadata": {"name": format!("{cluster}-serve-svc"), "namespace": NAMESPACE},
        "spec": {"selector": {"ray.io/cluster": cluster}, "ports": [{"name": "serve", "port": 8000}]},
    })
}

fn list(items: &[Value]) -> Reply {
    Reply::ok(json!({"metadata": {}, "items": items}).to_string())
}

/// An API server with these objects, and no answer to a port-forward.
fn server(clusters: Vec<Value>, pods: Vec<Value>, services: Vec<Value>) -> Server {
    Server::start(move |request: &Request| {
        let path = request.path.split('?').next().unwrap_or_default();
        match path.rsplit('/').next() {
            Some("rayclusters") => list(&clusters),
            Some("pods") => list(&pods),
            Some("services") => list(&services),
            _ => Reply::Silence,
        }
    })
}

fn forwards(server: &Server) -> usize {
    let requests = server.requests();
    let forwards = requests
        .iter()
        .filter(|request| request.path.contains("/portforward"));
    forwards.count()
}

#[test]
fn a_dead_head_costs_its_own_line_a_reason() {
    let clusters = ["hangs", "no-pod", "not-ready"];
    let server = server(
        clusters.map(|name| cluster(name, "true")).to_vec(),
        vec![head("hangs", true), head("not-ready", false)],
        vec![service("hangs")],
    );
    let run = get(&server, &["--request-timeout", PATIENCE]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let lines: Vec<Vec<&str>> = run
        .stdout
        .lines()
        .map(|line| {
            line.split("   ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect()
        })
        .collect();
    let age = lines[1][6];
    assert_eq!(
        lines[0],
        [
            "NAME",
            "APPLICATIONS",
            "STATUS",
            "RAY VERSION",
            "PROXIES",
            "SERVE SERVICE",
            "AGE",
            "MESSAGE"
        ]
    );
    let unknown = "<unknown>";
    let line = |name, service, message| {
        vec![
            name, unknown, unknown, "2.60.0", unknown, service, age, message,
        ]
    };
    assert_eq!(lines[1][..6], line("hangs", "hangs-serve-svc", "")[..6]);
    assert!(
        lines[1][7].contains("did not answer within 5s"),
        "{}",
        run.stdout
    );
    assert_eq!(
        lines[2],
        line("no-pod", "<none>", "no ready head: it has no head pod yet")
    );
    assert_eq!(
        lines[3],
        line(
            "not-ready",
            "<none>",
            "no ready head: pod/not-ready-head is running but not ready yet (probe failed)"
        )
    );
    // A head that is not ready is not asked, and lists are asked for once; only the causes of what is
    // not ready are looked up one by one.
    let of_one = |request: &&Request| {
        request.path.contains("/events?") || request.path.ends_with("-head-svc")
    };
    let requests = server.requests();
    let causes = requests.iter().filter(of_one).count();
    assert_eq!(
        (forwards(&server), requests.len() - causes, causes),
        (1, 4, 3)
    );
}

#[test]
fn clusters_that_are_not_annotated_are_left_out() {
    let server = server(
        vec![cluster("plain", "yes"), cluster("serves", "true")],
        vec![],
        vec![],
    );
    assert_eq!(
        get(&server, &["-o", "name"]).stdout,
        "raycluster.ray.io/serves\n"
    );
    let document: Value = serde_json::from_str(&get(&server, &["-o", "json"]).stdout).unwrap();
    assert_eq!(document["items"].as_array().unwrap().len(), 1);
    assert_eq!(document["items"][0]["name"], "serves");
}

#[test]
fn none_is_said_and_no_error() {
    let empty = server(vec![], vec![], vec![]);
    let run = get(&empty, &[]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""));
    assert_eq!(
        run.stderr,
        "No annotated RayClusters found in team namespace.\n"
    );
    assert_eq!(
        get(&empty, &["-o", "json"]).stdout,
        "{\n  \"items\": []\n}\n"
    );

    let plain = server(vec![cluster("plain", "false")], vec![], vec![]);
    assert_eq!(
        get(&plain, &["-A"]).stderr,
        "No annotated RayClusters found. One is there without the annotation ray.io/enable-serve-service: \"true\".\n"
    );
}

#[test]
fn the_selector_and_the_namespace_are_the_api_server_s_to_apply() {
    let server = server(vec![], vec![], vec![]);
    get(&server, &["-l", "team=a,stage!=test"]);
    get(&server, &["-A"]);
    let paths: Vec<String> = server
        .requests()
        .into_iter()
        .map(|request| request.path)
        .collect();
    assert_eq!(
        paths,
        [
            "/apis/ray.io/v1/namespaces/team/rayclusters?labelSelector=team%3Da%2Cstage%21%3Dtest&limit=500",
            "/apis/ray.io/v1/rayclusters?labelSelector=&limit=500",
        ]
    );
}

#[test]
fn a_long_list_comes_in_pages() {
    let server = Server::start(|request: &Request| {
        let (name, next) = if request.path.contains("&continue=a%2Fb") {
            ("second", "")
        } else {
            ("first", "a/b")
        };
        Reply::ok(
            json!({"metadata": {"continue": next}, "items": [cluster(name, "true")]}).to_string(),
        )
    });
    assert_eq!(
        get(&server, &["-o", "name"]).stdout,
        "raycluster.ray.io/first\nraycluster.ray.io/second\n"
    );
}

#[test]
fn what_may_not_be_listed_is_told() {
    let server = Server::start(|_| {
        failure(
            403,
            "rayclusters.ray.io is forbidden: User \"u\" cannot list resource \"rayclusters\"",
        )
    });
    assert_fails(
        &get(&server, &["-A"]),
        "not allowed to list rayclusters in all namespaces: User \"u\" cannot list resource \"rayclusters\"",
    );
}

#[test]
fn without_the_right_to_list_services_the_rest_is_shown() {
    let server = Server::start(|request: &Request| {
        if request.path.contains("/services?") {
            failure(403, "services is forbidden: no")
        } else if request.path.contains("/pods?") {
            list(&[])
        } else {
            list(&[cluster("a", "true")])
        }
    });
    let document: Value = serde_json::from_str(&get(&server, &["-o", "json"]).stdout).unwrap();
    assert_eq!(document["items"][0]["serveServices"], Value::Null);
}

#[test]
fn only_some_of_many_heads_are_asked_at_once() {
    const MANY: usize = 100;
    const AT_ONCE: usize = 32;
    let names: Vec<String> = (0..MANY).map(|number| format!("c{number}")).collect();
    let server = server(
        names.iter().map(|name| cluster(name, "true")).collect(),
        names.iter().map(|name| head(name, true)).collect(),
        vec![],
    );
    let directory = TempDir::new().unwrap();
    let file = kubeconfig(directory.path(), "one", &server.url(), "{token: t}");
    let mut child = plugin(&["serve", "get", "--kubeconfig", &file])
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while forwards(&server) < AT_ONCE && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    // Long enough for the others to arrive if nothing held them back, and far from the limit of
    // those that are asked.
    std::thread::sleep(Duration::from_millis(500));
    let asked = forwards(&server);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(asked, AT_ONCE);
}
