//! Completion of what Kubernetes and the kubeconfig know, with a mock API server.

use std::os::unix::process::CommandExt;

use fake_ray::{Reply, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::completion::{NONE, SECRET, offer, values};
use crate::support::kubernetes::{NAMESPACE, failure, kubeconfig};
use crate::support::{Run, plugin};

fn raycluster(name: &str, annotation: &str) -> Value {
    let annotations = json!({"ray.io/enable-serve-service": annotation});
    json!({"metadata": {"name": name, "annotations": annotations}, "spec": {"rayVersion": "2.60.0"}})
}

/// An API server with RayClusters and namespaces, and a kubeconfig with two contexts for it.
fn kubernetes() -> (Server, TempDir, String) {
    let server = Server::start(|request| {
        let items = if request.path.starts_with("/api/v1/namespaces?") {
            json!([{"metadata": {"name": "search"}}, {"metadata": {"name": "team"}}])
        } else if request.path.contains("/rayclusters?") {
            json!([
                raycluster("test-cluster", "true"),
                raycluster("tiny", "false"),
                raycluster("two", "true")
            ])
        } else {
            return failure(404, "not found");
        };
        Reply::ok(json!({ "items": items }).to_string())
    });
    let directory = TempDir::new().unwrap();
    let user = format!("{{token: {SECRET}}}");
    let file = |name: &str| kubeconfig(directory.path(), name, &server.url(), &user);
    let both = format!("{}:{}", file("one"), file("other"));
    (server, directory, both)
}

#[test]
fn annotated_clusters_are_offered_of_the_namespace_and_context_that_are_typed() {
    let (server, directory, _) = kubernetes();
    let config = directory.path().join("one").display().to_string();
    let typing = |verb: &str, flags: &[&str], word: &str| {
        let mut words = vec!["serve", "--kubeconfig", &config, verb];
        words.extend(flags);
        words.push(word);
        offer(&words).candidates
    };
    let all = ["test-cluster\tRay 2.60.0", "two\tRay 2.60.0"];
    assert_eq!(typing("get", &[], ""), all);
    assert_eq!(typing("submit", &["-n", "search"], "tw"), [all[1]]);
    assert_eq!(
        typing(
            "delete",
            &["--context", "one", "--as", "ada"],
            "raycluster/te"
        ),
        ["raycluster/test-cluster\tRay 2.60.0"]
    );
    let asked: Vec<String> = server
        .requests()
        .into_iter()
        .map(|request| request.path)
        .collect();
    let lists = |namespace| {
        format!("/apis/ray.io/v1/namespaces/{namespace}/rayclusters?labelSelector=&limit=500")
    };
    assert_eq!(asked, [lists(NAMESPACE), lists("search"), lists(NAMESPACE)]);
    assert_eq!(server.requests()[2].header("impersonate-user"), Some("ada"));
    // None of these has a RayCluster to name.
    for flags in [
        &["-A"][..],
        &["--context", "unknown"],
        &["--address", "http://127.0.0.1:1"],
    ] {
        assert!(typing("get", flags, "").is_empty(), "{flags:?}");
    }
    assert!(typing("create", &[], "").is_empty());
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn names_of_the_kubeconfig_and_namespaces_are_offered() {
    let (_server, _directory, files) = kubernetes();
    let typing = |words: &[&str]| {
        let mut command = plugin(&[&["serve", "get"], words].concat());
        command
            .arg0("kubectl_complete-ray")
            .env("KUBECONFIG", &files);
        let run: Run = command.output().unwrap().into();
        assert!(run.stderr.is_empty() && !run.stdout.contains(SECRET));
        run.stdout
    };
    for flag in ["--context", "--cluster", "--user"] {
        assert_eq!(typing(&[flag, ""]), "one\nother\n:4\n", "{flag}");
    }
    assert_eq!(typing(&["--context=ot"]), "other\n:4\n");
    assert_eq!(typing(&["-n", ""]), "search\nteam\n:4\n");
    assert_eq!(
        typing(&["--context", "other", "--namespace=t"]),
        "team\n:4\n"
    );
}

#[test]
fn a_credential_plugin_may_not_talk_to_the_user() {
    let (server, directory, _) = kubernetes();
    let script = directory.path().join("login");
    // It has a terminal only where kubectl itself gives it one.
    let text = "#!/bin/sh\necho 'Password:' >&2; read -r password\nsleep 4\n";
    std::fs::write(&script, text).unwrap();
    let user = format!(
        "{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, args: ['{}'], interactiveMode: IfAvailable}}}}",
        script.display()
    );
    let file = kubeconfig(directory.path(), "asks", &server.url(), &user);
    assert_eq!(values(&["serve", "--kubeconfig", &file, "get", ""]), NONE);
    assert!(server.requests().is_empty());
}
