//! Whom a Ray token goes to: the cluster's own Secret opens that cluster, and the user's variable
//! only what a command names.

use fake_ray::{IDLE, Reply, Request, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::kubernetes::{failure, is_pods, kubeconfig, raycluster, ready_pod};
use crate::support::{Run, plugin};

const OWN: &str = "admins-own-token";
const HEADER: &str = "x-ray-authorization";
/// `of-the-cluster`
const SECRET: &str = "b2YtdGhlLWNsdXN0ZXI=";

fn asking(server: &Server, arguments: &[&str], directory: &TempDir) -> Run {
    let file = kubeconfig(directory.path(), "one", &server.url(), "{token: t}");
    let mut command = plugin(&[&["serve", "--kubeconfig", &file], arguments].concat());
    command.env("RAY_AUTH_TOKEN", OWN).output().unwrap().into()
}

fn own(server: &Server, arguments: &[&str]) -> Run {
    asking(server, arguments, &TempDir::new().unwrap())
}

/// Without the variable.
fn get(server: &Server, name: &str) -> Run {
    let directory = TempDir::new().unwrap();
    let file = kubeconfig(directory.path(), "one", &server.url(), "{token: t}");
    let arguments = [
        "serve",
        "get",
        name,
        "--kubeconfig",
        &file,
        "--via",
        "proxy",
    ];
    plugin(&arguments).output().unwrap().into()
}

fn tokens(server: &Server) -> Vec<String> {
    let requests = server.requests().into_iter();
    let proxied = requests.filter(|request| request.path.contains("/proxy/"));
    proxied
        .map(|request| request.header(HEADER).unwrap_or("none").to_owned())
        .collect()
}

/// Two tenants' clusters, one with a Secret and one that takes Kubernetes tokens.
fn two_tenants() -> Server {
    let cluster = |namespace: &str, options: Value| {
        json!({
            "metadata": {"name": "x", "namespace": namespace, "annotations": {"ray.io/enable-serve-service": "true"}},
            "spec": {"headGroupSpec": {}, "authOptions": options},
        })
    };
    let head = |namespace: &str| {
        json!({
            "metadata": {"name": "x-head", "namespace": namespace, "labels": {"ray.io/cluster": "x"}},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        })
    };
    let clusters = [
        cluster("good", json!({"mode": "token"})),
        cluster("evil", json!({"mode": "token", "enableK8sTokenAuth": true})),
    ];
    let heads = [head("good"), head("evil")];
    Server::start(move |request: &Request| {
        let path = request.path.split('?').next().unwrap_or_default();
        let listed = |items: &[Value]| Reply::ok(json!({"items": items}).to_string());
        if path.contains("/proxy/") {
            return Reply::ok(IDLE);
        }
        match path.rsplit('/').next() {
            Some("rayclusters") => listed(&clusters),
            Some("pods") => listed(&heads),
            Some("services") => listed(&[]),
            Some("x") if path.contains("/secrets/") => {
                Reply::ok(json!({"data": {"auth_token": SECRET}}).to_string())
            }
            Some("x") if path.contains("/evil/") => Reply::ok(clusters[1].to_string()),
            Some("x") => Reply::ok(clusters[0].to_string()),
            _ => failure(404, "not found"),
        }
    })
}

#[test]
fn lists_send_the_user_s_own_token_to_nobody() {
    let server = two_tenants();
    let ran = own(&server, &["get", "-A", "--via", "proxy"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(tokens(&server), ["Bearer of-the-cluster"]);
    assert!(
        ran.stdout
            .contains("set RAY_AUTH_TOKEN and ask for this cluster by its name"),
        "{}",
        ran.stdout
    );
    let said = format!("{:?}{}{}", server.requests(), ran.stdout, ran.stderr);
    assert!(!said.contains(OWN), "{said}");
}

#[test]
fn a_cluster_that_a_command_names_gets_it() {
    let server = two_tenants();
    let ran = own(&server, &["get", "x", "-n", "evil", "--via", "proxy"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(tokens(&server), [format!("Bearer {OWN}")]);
}

#[test]
fn a_shell_that_completes_sends_it_to_nobody() {
    let server = two_tenants();
    let directory = TempDir::new().unwrap();
    let file = kubeconfig(directory.path(), "one", &server.url(), "{token: t}");
    let complete = |words: &[&str]| {
        let mut command = plugin(&[]);
        let program = directory.path().join("kubectl_complete-ray");
        let _ = std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kubectl-ray"), &program);
        let mut named = std::process::Command::new(program);
        for (name, value) in command.env("RAY_AUTH_TOKEN", OWN).get_envs() {
            match value {
                Some(value) => named.env(name, value),
                None => named.env_remove(name),
            };
        }
        let output = named.arg("serve").args(words).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let there = ["--kubeconfig", &file, "--via", "proxy"];
    for namespace in ["good", "evil"] {
        complete(&[&["delete", "x", "-n", namespace], &there[..], &[""]].concat());
    }
    complete(&[&there[..], &["delete", ""]].concat());
    assert_eq!(tokens(&server), ["Bearer of-the-cluster"]);
}

#[test]
fn a_redirect_takes_no_token_elsewhere() {
    let elsewhere = Server::start(|_| Reply::ok(IDLE));
    let target = format!("{}/api/serve/applications/", elsewhere.url());
    let header: &'static str = Box::leak(format!("Location: {target}").into_boxed_str());
    let head = Server::start(move |_| Reply::With(header, 307, String::new()));
    let mut command = plugin(&["serve", "get", "x", "--address", &head.url()]);
    let ran = Run::from(command.env("RAY_AUTH_TOKEN", OWN).output().unwrap());
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(elsewhere.requests().is_empty());
}

const LONG: &str = "ml-fraud-detection-serving-cluster-europe-west4-prod";
const SHORT: &str = "rfraud-detection-serving-cluster-europe-west4-prod";

/// A cluster with tokens; `secrets` answers for those of its namespace, by what follows `/secrets`.
fn with_tokens(name: &'static str, secrets: impl Fn(&str) -> Reply + Send + 'static) -> Server {
    Server::start(move |request| {
        if request.path.contains("/proxy/") {
            return Reply::ok(IDLE);
        }
        if let Some((_, which)) = request.path.split_once("/secrets") {
            return secrets(which);
        }
        if is_pods(request) {
            return ready_pod();
        }
        raycluster(&json!({
            "metadata": {"name": name, "namespace": "team"},
            "spec": {"headGroupSpec": {}, "authOptions": {"mode": "token"}},
        }))
    })
}

#[test]
fn the_secret_of_a_long_name_is_called_as_the_operator_calls_it() {
    let digit = "a-2345678901234567890123456789012345678901234567890x";
    for (name, secret) in [
        (LONG, SHORT),
        (&LONG[3..], &LONG[3..]),
        (digit, &format!("r{}", &digit[3..])),
        ("x", "x"),
    ] {
        let expected = format!("/{secret}");
        let server = with_tokens(name, move |which| {
            if which == expected {
                Reply::ok(json!({"data": {"auth_token": SECRET}}).to_string())
            } else {
                failure(404, "secrets not found")
            }
        });
        let ran = get(&server, name);
        assert_eq!(ran.code, Some(0), "{name}: {}", ran.stderr);
        assert_eq!(tokens(&server), ["Bearer of-the-cluster"]);
    }
}

/// Another operator may call it otherwise.
#[test]
fn a_secret_of_another_name_is_found_by_its_label_and_owner() {
    let server = with_tokens(LONG, |which| {
        if !which.starts_with("?labelSelector=ray.io%2Fcluster%3Dml-fraud") {
            return failure(404, "secrets not found");
        }
        let secret = |name: &str, key: &str, owner: &str| {
            let owners = json!([{"kind": "RayCluster", "name": owner}]);
            json!({"metadata": {"name": name, "ownerReferences": owners}, "data": {key: SECRET}})
        };
        let mut stranger = secret("a", "auth_token", "other");
        stranger["data"]["auth_token"] = "bm90LW1pbmU=".into();
        let items = [
            secret("z", "password", LONG),
            stranger,
            secret("of-the-operator", "auth_token", LONG),
        ];
        Reply::ok(json!({"items": items}).to_string())
    });
    let ran = get(&server, LONG);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(tokens(&server), ["Bearer of-the-cluster"]);
}

#[test]
fn a_missing_secret_is_told_with_what_to_do() {
    for code in [404, 403] {
        let server = with_tokens(LONG, move |which| {
            failure(
                if which.starts_with('?') { code } else { 404 },
                "no secrets",
            )
        });
        let run = get(&server, LONG);
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
        let begin = format!(
            "error: cannot read the Ray token of raycluster/{LONG}: secret/{SHORT} does not exist in namespace team\n\
             hint: see kubectl get secrets -n team --kubeconfig "
        );
        let end = ", or set RAY_AUTH_TOKEN\n";
        assert!(
            run.stderr.starts_with(&begin) && run.stderr.ends_with(end),
            "{}",
            run.stderr
        );
    }
}
