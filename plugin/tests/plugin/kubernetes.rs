//! The way to the head, against an API server that answers as a test wants: kubeconfig, flags and
//! refusals. The tunnel itself is tested on a real cluster.

use fake_ray::{Reply, Server};
use serde_json::json;
use tempfile::TempDir;

use crate::support::kubernetes::{NAMESPACE, failure, is_pods, kubeconfig, raycluster, ready_pod};
use crate::support::{PATIENCE, Run, assert_fails, plugin, run};

fn get(server: &Server, flags: &[&str]) -> Run {
    let directory = TempDir::new().unwrap();
    let file = kubeconfig(directory.path(), "one", &server.url(), "{token: t}");
    let mut arguments = vec!["serve", "get", "x", "--kubeconfig", &file];
    arguments.extend(flags);
    run(&arguments).naming(&file, "FILE")
}

#[test]
fn the_right_objects_are_asked_for() {
    let server = Server::start(|request| {
        if is_pods(request) {
            Reply::ok(r#"{"items": []}"#)
        } else {
            raycluster(&json!({}))
        }
    });
    let run = get(
        &server,
        &[
            "-n",
            "other",
            "--as",
            "u",
            "--as-group",
            "g",
            "--as-group",
            "h",
            "--as-uid",
            "7",
        ],
    );
    assert_eq!(run.code, Some(1));
    // Whatever is asked for is answered with this RayCluster, its head service too.
    let why = "error: raycluster/x in namespace team has no ready head: it has no head pod, because service/x is in the way: ";
    assert!(run.stderr.starts_with(why), "{}", run.stderr);
    let mut requests = server.requests();
    requests.sort_by(|one, other| one.path.cmp(&other.path));
    let paths: Vec<&str> = requests
        .iter()
        .map(|request| request.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "/api/v1/namespaces/other/events?fieldSelector=involvedObject.kind%3DRayCluster%2CinvolvedObject.name%3Dx%2Ctype%3DWarning&limit=500",
            "/api/v1/namespaces/other/pods?labelSelector=ray.io%2Fcluster%3Dx%2Cray.io%2Fnode-type%3Dhead",
            "/api/v1/namespaces/other/services/x-head-svc",
            "/apis/ray.io/v1/namespaces/other/rayclusters/x"
        ]
    );
    for request in &requests {
        assert_eq!(request.header("authorization"), Some("Bearer t"));
        assert_eq!(request.header("impersonate-user"), Some("u"));
        assert_eq!(request.header("impersonate-uid"), Some("7"));
        assert_eq!(
            request
                .headers
                .iter()
                .filter(|(name, _)| name == "impersonate-group")
                .count(),
            2
        );
    }
}

#[test]
fn refusals_are_one_clear_sentence() {
    let cases: [(u16, &str, &str); 6] = [
        (
            404,
            "rayclusters.ray.io \"x\" not found",
            "raycluster/x not found in namespace team\nhint: kubectl get rayclusters --kubeconfig FILE -A lists all",
        ),
        (
            404,
            "page not found",
            "this Kubernetes has no RayCluster resource (ray.io/v1)\nhint: install the KubeRay operator first",
        ),
        (
            401,
            "Unauthorized",
            "the Kubernetes API server did not accept your credentials (401)\nhint: log in again, your token may have expired",
        ),
        (
            403,
            "rayclusters.ray.io \"x\" is forbidden: User \"u\" cannot get resource \"rayclusters\"",
            "not allowed to get raycluster/x in namespace team: User \"u\" cannot get resource \"rayclusters\"",
        ),
        (
            429,
            "too many requests",
            "the Kubernetes API server refused to get raycluster/x in namespace team: too many requests (429)",
        ),
        (
            503,
            "the server is shutting down",
            "the Kubernetes API server refused to get raycluster/x in namespace team: the server is shutting down (503)",
        ),
    ];
    for (code, message, sentence) in cases {
        let server = Server::start(move |_| failure(code, message));
        assert_fails(&get(&server, &[]), sentence);
    }
}

#[test]
fn refused_port_forward_names_both_verbs() {
    let server = Server::start(|request| match request.path.as_str() {
        path if path.contains("/portforward") => failure(
            403,
            "pods \"head\" is forbidden: User \"u\" cannot create resource \"pods/portforward\"",
        ),
        _ if is_pods(request) => ready_pod(),
        _ => raycluster(&json!({})),
    });
    assert_fails(
        &get(&server, &[]),
        "not allowed to port-forward to pod/head in namespace team\nhint: ask for the verbs create and get on pods/portforward \
         (Kubernetes 1.35 and later check create, earlier ones get)",
    );
}

#[test]
fn a_silent_api_server_ends_with_the_request_timeout() {
    let server = Server::start(|_| Reply::Silence);
    let sentence = format!(
        "the Kubernetes API server at {}/ did not answer within 300ms\nhint: raise --request-timeout to wait longer",
        server.url()
    );
    assert_fails(&get(&server, &["--request-timeout", "300ms"]), &sentence);
}

#[test]
fn the_port_forward_is_bounded_too() {
    let server = Server::start(|request| match request.path.as_str() {
        path if path.contains("/portforward") => Reply::Silence,
        _ if is_pods(request) => ready_pod(),
        _ => raycluster(&json!({})),
    });
    let sentence = format!(
        "cannot open the WebSocket of the port-forward to pod/head: \
         the Kubernetes API server at {}/ did not answer within 300ms\n\
         hint: if the network between lets none through, try --via proxy",
        server.url()
    );
    assert_fails(&get(&server, &["--request-timeout", "300ms"]), &sentence);
    assert!(
        server
            .requests()
            .iter()
            .any(|request| request.path.contains("/portforward?&ports=8265"))
    );
}

#[test]
fn a_network_without_websockets_is_told_of_the_other_way() {
    type Answer = fn() -> Reply;
    let cases: [(Answer, &str); 5] = [
        // What the API server says to a request that has lost its Upgrade header.
        (
            || failure(400, "Upgrade request required"),
            "it was answered with 400 Bad Request",
        ),
        (
            || Reply::Answer(403, "<html>Blocked</html>".into()),
            "it was answered with 403 Forbidden",
        ),
        (|| Reply::ok("no"), "failed to switch protocol: 200 OK"),
        (
            || Reply::Hangup,
            "connection closed before message completed",
        ),
        (|| Reply::Silence, "did not answer within 12s"),
    ];
    for (answer, cause) in cases {
        let server = Server::start(move |request| match request.path.as_str() {
            path if path.contains("/portforward") => answer(),
            _ if is_pods(request) => ready_pod(),
            _ => raycluster(&json!({})),
        });
        let ran = get(&server, &["--request-timeout", PATIENCE]);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(1), ""),
            "{}",
            ran.stderr
        );
        let begin = "error: cannot open the WebSocket of the port-forward to pod/head: ";
        let end = "\nhint: if the network between lets none through, try --via proxy\n";
        assert!(
            ran.stderr.starts_with(begin) && ran.stderr.ends_with(&format!("{cause}{end}")),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn a_cluster_of_a_rayservice_is_left_alone() {
    let server = Server::start(|request| {
        let owned = json!({"metadata": {"name": "x", "namespace": NAMESPACE, "labels": {
            "ray.io/originated-from-crd": "RayService", "ray.io/originated-from-cr-name": "svc"}}});
        if is_pods(request) {
            ready_pod()
        } else {
            raycluster(&owned)
        }
    });
    let directory = TempDir::new().unwrap();
    let file = kubeconfig(directory.path(), "one", &server.url(), "{token: t}");
    let config = directory.path().join("config.yaml");
    std::fs::write(&config, "applications: []\n").unwrap();
    let sentence = "raycluster/x belongs to rayservice/svc, whose operator would overwrite this\nhint: change rayservice/svc instead, or pass --allow-owned";
    for command in [
        vec!["submit", "x", "-f", config.to_str().unwrap()],
        vec!["delete", "x"],
    ] {
        let mut arguments = vec!["serve"];
        arguments.extend(command);
        arguments.extend(["--kubeconfig", &file]);
        assert_fails(&run(&arguments), sentence);
    }
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.method == "GET" && !request.path.contains("/portforward"))
    );
}

#[test]
fn a_token_cluster_s_secret_is_read_and_missing_is_told() {
    let server = Server::start(|request| match request.path.as_str() {
        path if path.contains("/secrets/") => failure(404, "secrets \"own\" not found"),
        _ if is_pods(request) => ready_pod(),
        _ => raycluster(
            &json!({"spec": {"headGroupSpec": {}, "authOptions": {"mode": "token", "secretName": "own"}}}),
        ),
    });
    assert_fails(
        &get(&server, &[]),
        "cannot read the Ray token of raycluster/x: secret/own does not exist in namespace team\n\
         hint: see kubectl get secrets -n team --kubeconfig FILE, or set RAY_AUTH_TOKEN",
    );
    assert!(
        server
            .requests()
            .iter()
            .any(|request| request.path == "/api/v1/namespaces/team/secrets/own")
    );
}

#[test]
fn a_kubeconfig_list_is_merged_and_a_missing_file_skipped() {
    let directory = TempDir::new().unwrap();
    let one = kubeconfig(directory.path(), "one", "http://127.0.0.1:1", "{}");
    let two = kubeconfig(directory.path(), "two", "http://127.0.0.1:2", "{}");
    let list = format!("/nonexistent:{one}:{two}");
    for (flags, port) in [
        (vec![], 1),
        (vec!["--context", "two"], 2),
        (vec!["--cluster", "two"], 2),
        (vec!["-s", "http://127.0.0.1:3"], 3),
    ] {
        let output = plugin(&["serve", "get", "x"])
            .args(&flags)
            .env("KUBECONFIG", &list)
            .output()
            .unwrap();
        let sentence = format!(
            "cannot reach the Kubernetes API server at http://127.0.0.1:{port}/: Connection refused (os error 111)"
        );
        assert_fails(&output.into(), &sentence);
    }
}

#[test]
fn what_the_kubeconfig_lacks_is_told() {
    let directory = TempDir::new().unwrap();
    let file = kubeconfig(directory.path(), "one", "http://127.0.0.1:1", "{}");
    let get = |flags: &[&str]| {
        let mut arguments = vec!["serve", "get", "x", "--kubeconfig", &file];
        arguments.extend(flags);
        run(&arguments)
    };
    assert_fails(
        &get(&["--context", "three"]),
        "the kubeconfig has no context \"three\" (it has one)",
    );
    assert_fails(
        &get(&["--cluster", "three"]),
        "the kubeconfig has no cluster \"three\"",
    );
    assert_fails(
        &get(&["--user", "three"]),
        "the kubeconfig has no user \"three\"",
    );
    assert_fails(
        &run(&["serve", "get", "x"]),
        "no kubeconfig found at /nonexistent/.kube/config\nhint: set KUBECONFIG, or pass --kubeconfig or --server",
    );
}

#[test]
fn a_credential_plugin_s_token_is_sent_and_its_failure_told() {
    let directory = TempDir::new().unwrap();
    let credential = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"from-plugin"}}"#;
    let user = |script: &str| {
        format!(
            "{{exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: sh, args: [-c, {}]}}}}",
            json!(script)
        )
    };
    let server = Server::start(|_| failure(404, "rayclusters.ray.io \"x\" not found"));
    let script = format!("echo '{credential}'");
    let file = kubeconfig(directory.path(), "exec", &server.url(), &user(&script));
    run(&["serve", "get", "x", "--kubeconfig", &file]);
    assert_eq!(
        server.requests()[0].header("authorization"),
        Some("Bearer from-plugin")
    );

    let broken = kubeconfig(
        directory.path(),
        "broken",
        &server.url(),
        &user("echo 'session expired' >&2; exit 3"),
    );
    assert_fails(
        &run(&["serve", "get", "x", "--kubeconfig", &broken]),
        "cannot log in to the Kubernetes API server: the credential plugin failed (exit status: 3): session expired",
    );
}
