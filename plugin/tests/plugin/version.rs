//! `version`: what is known of each side, and that what is not known fails nothing else.

use fake_ray::{IDLE, Reply, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::get_schema::{assert_valid, closed, schema};
use crate::support::kubernetes::{
    failure, is_pods, is_raycluster, kubeconfig, raycluster, ready_pod,
};
use crate::support::{Run, plugin, run};

const OWN: &str = concat!("Client: ", env!("CARGO_PKG_VERSION"), "\n");
const DEPLOYMENTS: &str = "/apis/apps/v1/deployments?labelSelector=";

fn deployment(namespace: &str, name: &str, labels: &Value, image: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}, {"image": "proxy:v9.9.9"}]}}},
    })
}

fn webhook(image: &str) -> Value {
    let labels = json!({"app.kubernetes.io/name": "ray-serve-webhook", "app.kubernetes.io/version": "0.1.0"});
    deployment("ray-serve-system", "ray-serve-webhook", &labels, image)
}

fn operator() -> Value {
    let labels = json!({"app.kubernetes.io/name": "kuberay-operator", "app.kubernetes.io/version": "v1.6.0"});
    deployment(
        "kuberay",
        "kuberay-operator",
        &labels,
        "quay.io/kuberay/operator:v1.6.2",
    )
}

/// An API server with these Deployments, and a head behind its proxy.
fn api_server(deployments: impl Fn() -> Reply + Send + 'static) -> Server {
    Server::start(move |request| match request {
        request if request.path.starts_with(DEPLOYMENTS) => deployments(),
        request if request.path.contains("/proxy/") => Reply::ok(IDLE),
        request if is_pods(request) => ready_pod(),
        request if is_raycluster(request) => raycluster(&json!({})),
        _ => failure(404, "rayclusters.ray.io \"nothing\" not found"),
    })
}

fn listing(items: Value) -> Server {
    api_server(move || Reply::ok(json!({ "items": items }).to_string()))
}

fn version(server: &Server, arguments: &[&str]) -> Run {
    let directory = TempDir::new().unwrap();
    let file = kubeconfig(directory.path(), "one", &server.url(), "{token: t}");
    let base = ["serve", "version", "--kubeconfig", &file, "--via", "proxy"];
    run(&[&base[..], arguments].concat()).naming(&file, "FILE")
}

fn assert_described(run: &Run) -> Value {
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let schema = schema("version.schema.json");
    for schema in [closed(schema.clone()), schema] {
        let validator = jsonschema::validator_for(&schema).unwrap();
        assert_valid(&validator, &document, "version");
    }
    document
}

#[test]
fn each_side_has_its_line() {
    let server = listing(json!([webhook("registry.example.com/w:0.1.0"), operator()]));
    let both = format!(
        "{OWN}Webhook: 0.1.0 (deployment/ray-serve-webhook in namespace ray-serve-system)\n\
         Operator: 1.6.2 (deployment/kuberay-operator in namespace kuberay)\n"
    );
    let ran = version(&server, &[]);
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (Some(0), both.as_str(), "")
    );
    let ran = version(&server, &["x"]);
    let all = format!("{both}Ray: 2.60.0 (raycluster/x)\n");
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (Some(0), all.as_str(), "")
    );
}

#[test]
fn what_is_not_installed_is_not_found_and_several_are_told_apart() {
    let kustomize = json!({"app.kubernetes.io/name": "kuberay", "app.kubernetes.io/component": "kuberay-operator"});
    let other = json!({"app.kubernetes.io/name": "kuberay", "app.kubernetes.io/component": "kuberay-apiserver"});
    let labelled =
        json!({"app.kubernetes.io/name": "kuberay-operator", "app.kubernetes.io/version": "1.6.0"});
    let server = listing(json!([
        deployment("a", "operator", &kustomize, "kuberay/operator:v1.5.0"),
        deployment("a", "apiserver", &other, "kuberay/apiserver:v1.5.0"),
        deployment("b", "mine", &labelled, "kuberay/operator:nightly"),
    ]));
    let ran = version(&server, &[]);
    assert_eq!(
        ran.stdout,
        format!(
            "{OWN}Webhook: no Deployment found\nOperator: 1.5.0 (deployment/operator in namespace a)\n\
             Operator: 1.6.0 (deployment/mine in namespace b, image kuberay/operator:nightly)\n"
        )
    );
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}

#[test]
fn without_the_right_to_list_deployments_the_rest_is_told() {
    let why = "User \"ada\" cannot list resource \"deployments\" in API group \"apps\" at the cluster scope";
    let server = api_server(move || failure(403, &format!("deployments.apps is forbidden: {why}")));
    let ran = version(&server, &["x"]);
    let unknown = format!("unknown: not allowed to list deployments in all namespaces: {why}");
    assert_eq!(
        (ran.code, ran.stdout, ran.stderr.as_str()),
        (
            Some(0),
            format!("{OWN}Webhook: {unknown}\nOperator: {unknown}\nRay: 2.60.0 (raycluster/x)\n"),
            ""
        )
    );
}

#[test]
fn a_cluster_that_cannot_be_asked_is_an_error_after_all_that_is_known() {
    let server = listing(json!([operator()]));
    let ran = version(&server, &["nothing"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (
            Some(1),
            format!(
                "{OWN}Webhook: no Deployment found\nOperator: 1.6.2 (deployment/kuberay-operator in namespace kuberay)\nRay: unknown\n"
            )
            .as_str(),
            "error: raycluster/nothing not found in namespace team\n\
             hint: kubectl get rayclusters --kubeconfig FILE -A lists all\n"
        )
    );
    let document = assert_described(&version(&server, &["nothing", "-o", "json"]));
    let message = document["ray"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("raycluster/nothing not found"),
        "{message}"
    );
}

#[test]
fn a_silent_api_server_is_given_up_and_the_client_told() {
    let server = Server::start(|_| Reply::Silence);
    let ran = version(&server, &["--request-timeout", "300ms"]);
    let unknown = format!(
        "unknown: the Kubernetes API server at {}/ did not answer within 300ms; raise --request-timeout to wait longer",
        server.url()
    );
    assert_eq!(
        (ran.code, ran.stdout, ran.stderr.as_str()),
        (
            Some(0),
            format!("{OWN}Webhook: {unknown}\nOperator: {unknown}\n"),
            ""
        )
    );
}

#[test]
fn without_a_kubeconfig_the_client_is_told() {
    let ran = run(&["serve", "version"]);
    let unknown = "unknown: no kubeconfig found at /nonexistent/.kube/config; set KUBECONFIG, or pass --kubeconfig or --server";
    assert_eq!(
        (ran.code, ran.stdout, ran.stderr.as_str()),
        (
            Some(0),
            format!("{OWN}Webhook: {unknown}\nOperator: {unknown}\n"),
            ""
        )
    );
}

#[test]
fn the_client_alone_asks_nobody() {
    let server = listing(json!([]));
    for arguments in [&["--client"][..], &["--client=true"]] {
        let ran = version(&server, arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), OWN));
    }
    for arguments in [&["version"][..], &["version", "--client"]] {
        assert_eq!(run(arguments).stdout, OWN);
    }
    assert!(server.requests().is_empty());
    let document = assert_described(&version(&server, &["--client", "-o", "json"]));
    assert_eq!(
        document,
        json!({"client": {"version": env!("CARGO_PKG_VERSION")}, "webhook": null, "operator": null, "ray": null})
    );
    assert_eq!(version(&server, &["x", "--client"]).code, Some(2));
}

#[test]
fn an_address_has_a_ray_and_no_kubernetes() {
    let server = Server::with_state(IDLE);
    let url = server.url();
    let ran = run(&["serve", "version", "--address", &url]);
    let told = format!("{OWN}Ray: 2.60.0 (raycluster/local)\n");
    assert_eq!(
        (ran.code, ran.stdout, ran.stderr.as_str()),
        (Some(0), told, "")
    );
}

#[test]
fn json_and_yaml_are_as_the_schema_says() {
    let digest = "registry.example.com/w@sha256:ab";
    let server = listing(json!([webhook(digest), operator()]));
    let document = assert_described(&version(&server, &["x", "-o", "json"]));
    assert_eq!(
        document,
        json!({
            "client": {"version": env!("CARGO_PKG_VERSION")},
            "webhook": {"message": null, "deployments": [
                {"name": "ray-serve-webhook", "namespace": "ray-serve-system", "version": "0.1.0", "image": digest},
            ]},
            "operator": {"message": null, "deployments": [
                {"name": "kuberay-operator", "namespace": "kuberay", "version": "1.6.2", "image": "quay.io/kuberay/operator:v1.6.2"},
            ]},
            "ray": {"raycluster": "x", "version": "2.60.0", "message": null},
        })
    );
    let yaml = version(&server, &["x", "-o", "yaml"]).stdout;
    assert!(yaml.contains("raycluster: x\n"), "{yaml}");
    let refused = api_server(|| failure(403, "deployments.apps is forbidden: no"));
    let document = assert_described(&version(&refused, &["-o", "json"]));
    assert_eq!(document["webhook"]["deployments"], Value::Null);
    assert_eq!(document["ray"], Value::Null);
}

#[test]
fn names_of_a_cluster_steer_no_terminal() {
    let labels = json!({"app.kubernetes.io/name": "kuberay-operator", "app.kubernetes.io/version": "\u{1b}[31m1"});
    let server = listing(json!([deployment(
        "\u{202e}a",
        "b\u{7}",
        &labels,
        "i\u{9b}"
    )]));
    let shown = version(&server, &[]).stdout;
    assert!(
        shown.chars().all(|c| c == '\n' || (' '..='~').contains(&c)),
        "{shown:?}"
    );
}

/// As each release prints it, whoever greps for it.
#[test]
fn the_version_flag_says_which_program_this_is() {
    let output = plugin(&["--version"]).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(told, format!("kubectl-ray {}\n", env!("CARGO_PKG_VERSION")));
}
