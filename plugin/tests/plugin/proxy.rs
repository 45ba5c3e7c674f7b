//! `--via proxy`: what is sent to the API server, and whose answer it is that comes back.

use std::sync::{Arc, Mutex};

use fake_ray::{IDLE, Reply, Request, Server, deploy, state};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::kubernetes::{
    failure, is_pods, is_raycluster, kubeconfig, raycluster, ready_pod,
};
use crate::support::{CONFIG, Run, assert_fails, plugin};

const BASE: &str = "/api/v1/namespaces/team/services/http:x-head-svc:8265/proxy";
const APPLICATIONS: &str = "/api/serve/applications/";

/// An API server with a head whose service answers as `ray` does to a request with its own path.
fn api_server(ray: impl FnMut(&str, &Request) -> Reply + Send + 'static) -> Server {
    with_cluster(json!({}), ray)
}

fn with_cluster(
    cluster: Value,
    mut ray: impl FnMut(&str, &Request) -> Reply + Send + 'static,
) -> Server {
    Server::start(move |request| {
        if let Some(path) = request.path.strip_prefix(BASE) {
            return ray(path, request);
        }
        match request {
            request if is_pods(request) => ready_pod(),
            request if is_raycluster(request) => raycluster(&cluster),
            // That of the dashboard's agent, which an old Ray is asked at.
            _ => failure(
                503,
                "no service port 52365 found for service \"x-head-svc\"",
            ),
        }
    })
}

fn serve(server: &Server, arguments: &[&str]) -> Run {
    let directory = TempDir::new().unwrap();
    let file = kubeconfig(directory.path(), "one", &server.url(), "{token: api-token}");
    let base = ["serve", "--kubeconfig", &file, "--via", "proxy"];
    let mut command = plugin(&[&base[..], arguments].concat());
    command.env("RAY_AUTH_TOKEN", "ray-token");
    Run::from(command.output().unwrap()).naming(&file, "FILE")
}

fn submit(server: &Server) -> Run {
    let config = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(config.path(), CONFIG).unwrap();
    serve(
        server,
        &["submit", "x", "-f", config.path().to_str().unwrap()],
    )
}

/// What went through the proxy.
fn proxied(server: &Server) -> Vec<Request> {
    let requests = server.requests().into_iter();
    requests
        .filter(|request| request.path.contains("/proxy/"))
        .collect()
}

#[test]
fn a_request_has_the_user_s_login_and_ray_s_token_apart() {
    let token = json!({"spec": {"headGroupSpec": {}, "authOptions": {"mode": "token"}}});
    let server = with_cluster(token, |_, _| Reply::ok(IDLE));
    let ran = serve(&server, &["get", "x", "-o", "raw", "--as", "ada"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), IDLE),
        "{}",
        ran.stderr
    );
    let requests = server.requests();
    assert!(
        !requests
            .iter()
            .any(|request| request.path.contains("portforward"))
    );
    let request = proxied(&server).pop().unwrap();
    assert_eq!(request.path, format!("{BASE}{APPLICATIONS}"));
    let header = |name| request.header(name);
    assert_eq!(header("authorization"), Some("Bearer api-token"));
    assert_eq!(header("impersonate-user"), Some("ada"));
    assert_eq!(header("x-ray-authorization"), Some("Bearer ray-token"));
    assert_eq!(header("host"), server.url().strip_prefix("http://"));
}

#[test]
fn the_operator_s_name_of_the_service_and_a_port_of_one_s_own_are_used() {
    let cluster = json!({
        "spec": {"headGroupSpec": {"rayStartParams": {"dashboard-port": "9000"}}},
        "status": {"head": {"serviceName": "of-mine"}},
    });
    let server = with_cluster(cluster, |_, _| Reply::ok(IDLE));
    serve(&server, &["get", "x"]);
    assert!(server.requests().iter().any(|request| {
        request.path
            == format!("/api/v1/namespaces/team/services/http:of-mine:9000/proxy{APPLICATIONS}")
    }));
}

/// Of a Rancher, say, which has every cluster's API below a path.
#[test]
fn an_api_server_below_a_path_is_asked_there() {
    let server = Server::start(|request| match request {
        request if is_pods(request) => ready_pod(),
        request if is_raycluster(request) => raycluster(&json!({})),
        _ => Reply::ok(IDLE),
    });
    let below = format!("{}/k8s/clusters/c-1", server.url());
    serve(&server, &["get", "x", "--server", &below]);
    let request = proxied(&server).pop().unwrap();
    assert_eq!(
        request.path,
        format!("/k8s/clusters/c-1{BASE}{APPLICATIONS}")
    );
}

/// A token may be renewed while a command goes on.
#[test]
fn a_login_that_ends_is_renewed() {
    let directory = TempDir::new().unwrap();
    let count = directory.path().join("count").display().to_string();
    let credential = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t'$(wc -l < COUNT)'","expirationTimestamp":"2020-01-01T00:00:00Z"}}"#;
    let script = format!("echo >> COUNT; echo '{credential}'").replace("COUNT", &count);
    let user = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
        "command": "sh", "args": ["-c", script],
    }});
    let server = api_server(|_, _| Reply::ok(IDLE));
    let file = kubeconfig(directory.path(), "exec", &server.url(), &user.to_string());
    let arguments = ["serve", "get", "x", "--kubeconfig", &file, "--via", "proxy"];
    let ran = Run::from(plugin(&arguments).output().unwrap());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let token = |request: &Request| request.header("authorization").unwrap().to_owned();
    let first = server.requests().first().map(token);
    let last = proxied(&server).last().map(token);
    assert!(last > first && last.is_some(), "{first:?}, then {last:?}");
}

#[test]
fn a_refusal_of_the_api_server_is_its_own_and_one_sentence() {
    let cases = [
        (
            401,
            "Unauthorized",
            "the Kubernetes API server did not accept your credentials (401)\nhint: log in again, your token may have expired",
        ),
        (
            403,
            "services \"http:x-head-svc:8265\" is forbidden: User \"u\" cannot get resource \"services/proxy\"",
            "not allowed to reach service/x-head-svc in namespace team by --via proxy\nhint: ask for the verb get on services/proxy",
        ),
        (
            404,
            "services \"x-head-svc\" not found",
            "service/x-head-svc in namespace team does not exist, which --via proxy needs\nhint: see kubectl describe raycluster/x -n team --kubeconfig FILE, or leave --via proxy out",
        ),
        (
            503,
            "no service port 8265 found for service \"x-head-svc\"",
            "service/x-head-svc in namespace team has no port 8265, which --via proxy needs\nhint: declare it in the head's container, or leave --via proxy out",
        ),
        (
            503,
            "no endpoints available for service \"x-head-svc\"",
            "raycluster/x in namespace team has no ready head: service/x-head-svc has no endpoint for port 8265",
        ),
        (
            503,
            "error trying to reach service: dial tcp 10.0.0.7:8265: connect: connection refused",
            "nothing listens on port 8265 of pod/head: the Ray dashboard is still starting, or switched off",
        ),
        (
            503,
            "error trying to reach service: dial tcp 10.0.0.7:8265: i/o timeout",
            "cannot reach pod/head from the Kubernetes API server: dial tcp 10.0.0.7:8265: i/o timeout",
        ),
        (
            503,
            "error trying to reach service: EOF",
            "the connection to the head of raycluster/x broke before the answer to the request for Serve's applications was complete: EOF",
        ),
        (
            500,
            "etcdserver: leader changed",
            "the Kubernetes API server refused to pass the request on to service/x-head-svc: etcdserver: leader changed (500)",
        ),
    ];
    for (code, message, sentence) in cases {
        let server = api_server(move |_, _| failure(code, message));
        assert_fails(&serve(&server, &["get", "x"]), sentence);
    }
}

#[test]
fn ray_s_own_errors_stay_ray_s() {
    let cases = [
        (
            404,
            "404: Not Found",
            "the head of raycluster/x has no Serve REST API (404)",
        ),
        (
            401,
            "Unauthorized: Missing authentication token",
            "wants a valid Ray token",
        ),
        (
            500,
            "Traceback (most recent call last):\n  File \"x.py\", line 1\nRuntimeError: no GCS",
            "RuntimeError: no GCS (500)",
        ),
        (
            503,
            r#"{"kind": "Other", "message": "no"}"#,
            "the head of raycluster/x failed on",
        ),
    ];
    for (code, body, part) in cases {
        let server = api_server(move |_, _| Reply::Answer(code, body.into()));
        let ran = serve(&server, &["get", "x"]);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(1), ""),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
}

type Answer = fn() -> Reply;

/// A Ray that loses the answer to its first PUT in this way.
fn losing(
    lost: impl Fn() -> Reply + Send + 'static,
    takes_it: bool,
) -> (Server, Arc<Mutex<usize>>) {
    let mut now = state(&json!({}));
    let puts = Arc::new(Mutex::new(0));
    let count = Arc::clone(&puts);
    let server = api_server(move |_, request| {
        if request.method != "PUT" {
            return Reply::ok(now.clone());
        }
        let mut count = count.lock().unwrap();
        *count += 1;
        if *count > 1 || takes_it {
            now = deploy(&now, &request.body);
        }
        if *count == 1 { lost() } else { Reply::ok("") }
    });
    (server, puts)
}

#[test]
fn a_lost_answer_to_a_submit_is_looked_after_and_not_sent_again_blindly() {
    let broken = || failure(503, "error trying to reach service: EOF");
    let gateway = || Reply::Answer(504, "<html>Gateway Time-out</html>".into());
    let refused = || {
        let cause = "dial tcp 10.0.0.7:8265: connect: connection refused";
        failure(503, &format!("error trying to reach service: {cause}"))
    };
    // Has it arrived, how often it is sent, and the exit code.
    let cases: [(Answer, bool, usize, i32); 5] = [
        (broken, true, 1, 0),
        (broken, false, 2, 0),
        (gateway, true, 1, 0),
        (gateway, false, 1, 1),
        (refused, false, 1, 1),
    ];
    for (number, (lost, takes_it, sent, code)) in cases.into_iter().enumerate() {
        let (server, puts) = losing(lost, takes_it);
        let ran = submit(&server);
        assert_eq!(ran.code, Some(code), "case {number}: {}", ran.stderr);
        assert_eq!(*puts.lock().unwrap(), sent, "case {number}: {}", ran.stderr);
    }
}

#[test]
fn an_application_is_called_at_the_port_of_serve() {
    let running = state(&json!({"a": {"status": "RUNNING", "route_prefix": "/fruit"}}));
    let server = Server::start(move |request| match request {
        request if is_pods(request) => ready_pod(),
        request if is_raycluster(request) => raycluster(&json!({})),
        request if request.path.contains(":8000/proxy/teapot") => Reply::With(
            "Content-Type: application/json",
            418,
            r#"{"kind": "teapot"}"#.into(),
        ),
        request if request.path.contains(":8000/proxy/away") => failure(
            503,
            "error trying to reach service: dial tcp 10.0.0.7:8000: connect: connection refused",
        ),
        request if request.path.contains(":8000/proxy/") => Reply::ok(&*request.path),
        _ => Reply::ok(running.clone()),
    });
    let ran = serve(&server, &["call", "x", "/fruit?a=b", "-d", "[1]"]);
    let path = "/api/v1/namespaces/team/services/http:x-head-svc:8000/proxy/fruit?a=b";
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), path),
        "{}",
        ran.stderr
    );

    let ran = serve(&server, &["call", "x", "/teapot"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(1), r#"{"kind": "teapot"}"#)
    );
    assert!(ran.stderr.contains("answered 418"), "{}", ran.stderr);

    assert_fails(
        &serve(&server, &["call", "x", "/away"]),
        "nothing listens on port 8000 of pod/head: Serve has no HTTP proxy on the head (proxy_location is not told)\nhint: see kubectl ray serve status x -n team --kubeconfig FILE --via proxy",
    );

    for header in ["Authorization: Bearer own", "impersonate-user: root"] {
        let before = server.requests().len();
        let ran = serve(&server, &["call", "x", "/fruit", "-H", header]);
        assert_eq!(
            (ran.code, server.requests().len()),
            (Some(2), before),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn an_address_has_no_other_way() {
    let ran = crate::support::run(&["serve", "get", "x", "--via", "proxy", "--address", "x:1"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(2), ""),
        "{}",
        ran.stderr
    );
}
