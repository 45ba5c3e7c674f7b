//! Who asks, and by which way: a user's kubeconfig as it is in a company.

use std::{fs, path::Path, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use cluster::{
    layout::Layout,
    network::{API_PORT, NODE_IP},
    pki::client_certificate,
};
use e2e::{CLUSTER, ConnectProxy, Ran, Serving, Watching, eventually, lab, serving, serving_kind};
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;

/// `kubectl ray serve get test-cluster …`, with environment variables of the user's.
fn get(serving: &Serving, variables: &[(&str, &str)], more: &[&str]) -> Ran {
    let mut command = lab().prepared.command("kubectl");
    command.args(["ray", "serve", "get", CLUSTER]).args(more);
    if !more.contains(&"--context") {
        command.args(["-n", serving.namespace()]);
    }
    command.envs(variables.iter().copied());
    Ran::command(&mut command, None)
}

/// The lab's kubeconfig, changed.
fn kubeconfig(directory: &Path, name: &str, change: impl Fn(&mut Value)) -> String {
    let own = fs::read_to_string(&lab().prepared.kubeconfig).unwrap();
    let mut config: Value = serde_json::from_str(&own).unwrap();
    change(&mut config);
    let file = directory.join(name);
    fs::write(&file, config.to_string()).unwrap();
    file.display().to_string()
}

/// A `ServiceAccount` with the rights of the README's Role, and a token of it.
fn service_account(serving: &Serving, name: &str) -> String {
    let lab = lab();
    let namespace = serving.namespace();
    let _ = lab.kubectl(&["create", "serviceaccount", name, "-n", namespace]);
    let account = format!("{{kind: ServiceAccount, name: {name}, namespace: {namespace}}}");
    lab.grant(namespace, name, &account);
    let token = ["create", "token", name, "-n", namespace];
    lab.kubectl(&token).ok().stdout.trim().to_owned()
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_login_that_is_over_says_to_log_in_again() {
    let serving = serving();
    let token = service_account(&serving, "e2e-expired");
    get(&serving, &[], &["--token", &token])
        .ok()
        .says("No Serve applications");
    let account = ["delete", "serviceaccount", "e2e-expired", "-n"];
    lab()
        .kubectl(&[&account[..], &[serving.namespace()]].concat())
        .ok();
    // The API server remembers for some seconds that a token is good.
    eventually("the end of the login", Duration::from_secs(60), || {
        let ran = get(&serving, &[], &["--token", &token]);
        if ran.code == Some(0) {
            Err(ran.to_string())
        } else {
            Ok(ran)
        }
    })
    .fails_in_one_sentence()
    .says("did not accept your credentials (401)\nhint: log in again")
    .never_says(&token);
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn contexts_are_a_cluster_a_user_and_a_namespace() {
    let serving = serving();
    let directory = TempDir::new().unwrap();
    let context = |name: &str, namespace: &str| json!({"name": name, "context": {"cluster": "cluster", "user": "admin", "namespace": namespace}});
    let file = kubeconfig(directory.path(), "two", |config| {
        config["contexts"] = json!([
            context("serving", serving.namespace()),
            context("elsewhere", "kube-public")
        ]);
        config["current-context"] = "elsewhere".into();
    });
    let there = |name: &str| get(&serving, &[("KUBECONFIG", &file)], &["--context", name]);
    there("serving").ok().says("No Serve applications");
    there("elsewhere")
        .fails_in_one_sentence()
        .says("raycluster/test-cluster not found in namespace kube-public");
    there("typo")
        .fails_in_one_sentence()
        .says("has no context \"typo\"")
        .says("(it has serving, elsewhere)");
    // Of a list of files, the first that says it; one that is not there is none.
    let list = format!("{}/missing:{file}", directory.path().display());
    get(
        &serving,
        &[("KUBECONFIG", &list)],
        &["--context", "serving"],
    )
    .ok()
    .says("No Serve applications");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_credential_plugin_logs_in() {
    let serving = serving();
    let token = service_account(&serving, "e2e-exec");
    let directory = TempDir::new().unwrap();
    let credential = json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": token},
    });
    let with = |name: &str, program: &str, script: &str| {
        let file = kubeconfig(directory.path(), name, |config| {
            config["users"][0]["user"] = json!({"exec": {
                "apiVersion": "client.authentication.k8s.io/v1",
                "interactiveMode": "Never",
                "installHint": "apt install e2e-login",
                "command": program,
                "args": ["-c", script],
            }});
        });
        get(&serving, &[("KUBECONFIG", &file)], &[])
    };
    with("good", "sh", &format!("echo '{credential}'"))
        .ok()
        .says("No Serve applications")
        .never_says(&token);
    with("bad", "sh", "echo 'session is over' >&2; exit 3")
        .fails_in_one_sentence()
        .says("cannot log in")
        .says("session is over");
    with("missing", "e2e-no-such-login", "")
        .fails_in_one_sentence()
        .says("there is no credential plugin e2e-no-such-login\nhint: apt install e2e-login");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_client_certificate_logs_in_until_it_is_over() {
    let serving = serving();
    lab().grant_to_user(serving.namespace(), "e2e-certified");
    let layout = Layout::of_running().unwrap();
    let directory = TempDir::new().unwrap();
    let ending = |name: &str, end: OffsetDateTime| {
        let (certificate, key) = client_certificate(&layout, "e2e-certified", end).unwrap();
        let file = kubeconfig(directory.path(), name, |config| {
            config["users"][0]["user"] = json!({
                "client-certificate-data": BASE64_STANDARD.encode(&certificate),
                "client-key-data": BASE64_STANDARD.encode(&key),
            });
        });
        get(&serving, &[("KUBECONFIG", &file)], &[])
    };
    let now = OffsetDateTime::now_utc();
    ending("good", now + Duration::from_secs(3600))
        .ok()
        .says("No Serve applications");
    ending("over", now - Duration::from_secs(3600))
        .fails_in_one_sentence()
        .says("did not accept your credentials (401)\nhint: log in again");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_company_s_proxy_is_gone_through_with_its_password_and_not_where_no_proxy_says() {
    let serving = serving();
    let proxy = ConnectProxy::start();
    let url = format!("http://ada:secret@{}", proxy.authority());
    let server = format!("https://{NODE_IP}:{API_PORT}");
    let through = |no: &str| {
        let variables = [("HTTPS_PROXY", url.as_str()), ("NO_PROXY", no)];
        get(&serving, &variables, &["--server", &server])
            .ok()
            .says("No Serve applications")
            .never_says("secret");
    };
    through("");
    let asked = proxy.asked();
    // The two look-ups, and the tunnel on one of their connections or its own.
    assert!(asked.len() >= 2, "{asked:?}");
    for head in &asked {
        assert!(
            head.starts_with(&format!("CONNECT {NODE_IP}:{API_PORT} ")),
            "{head}"
        );
        // ada:secret
        assert!(head.contains("Basic YWRhOnNlY3JldA=="), "{head}");
    }
    through("example.org,10.210.0.0/24");
    assert_eq!(proxy.asked().len(), asked.len());
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn whom_somebody_asks_for_has_the_rights() {
    let serving = serving();
    let group = "{kind: Group, name: e2e-readers, apiGroup: rbac.authorization.k8s.io}";
    lab().grant(serving.namespace(), "e2e-readers", group);
    let nobody = ["--as", "e2e-nobody", "--as-uid", "7"];
    get(&serving, &[], &nobody)
        .fails_in_one_sentence()
        .says("not allowed to get raycluster/test-cluster");
    get(
        &serving,
        &[],
        &[&nobody[..], &["--as-group", "e2e-readers"]].concat(),
    )
    .ok()
    .says("No Serve applications");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_role_of_the_readme_is_enough_to_look() {
    let serving = serving_kind("fruit");
    let lab = lab();
    lab.grant_to_user(serving.namespace(), "e2e-looker");
    let config = lab.example("serve_config_fruit.yaml");
    serving.submit(&config, &["--wait"]).ok();
    let ada = |verb: &str, more: &[&str]| {
        let ran = serving.ray_serve(verb, &[more, &["--as", "e2e-looker"]].concat());
        ran.ok()
    };
    ada("get", &["-o", "wide"]).says("fruit.deployment_graph");
    ada("status", &[])
        .says("service/test-cluster-serve-svc")
        .says_row(&["ready"]);
    ada("config", &[]).says("fruit.deployment_graph");
    let called = ada("call", &["/fruit", "-d", "[\"MANGO\", 2]"]);
    assert_eq!(called.stdout, "6", "{called}");
    ada("logs", &["fruit_app", "--tail", "1"]).says("fruit_app/MangoStand/");
    lab.ray_serve(&["get", "-n", serving.namespace(), "--as", "e2e-looker"])
        .ok()
        .says("test-cluster-serve-svc");
    let there = ["dashboard", CLUSTER, "-n", serving.namespace()];
    let mut page = Watching::ray_serve(&[&there[..], &["--as", "e2e-looker"]].concat());
    page.await_line(0, &["http://127.0.0.1:"]);
    page.interrupt();
    assert_eq!(page.end(), Some(0));
}
