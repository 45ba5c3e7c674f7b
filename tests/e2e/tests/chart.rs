//! What the chart renders to: no cluster's state has a part in it.

use std::collections::BTreeSet;
use std::fs;

use e2e::{CHART, RELEASE, WEBHOOK_NAMESPACE, documents, lab_as_it_is, object};
use serde_json::{Value, json};

fn rendered(arguments: &[&str], values: &Value) -> Vec<Value> {
    let ran = lab_as_it_is().template_with(RELEASE, WEBHOOK_NAMESPACE, arguments, values);
    documents(&ran.ok().stdout)
}

fn kinds(objects: &[Value]) -> BTreeSet<&str> {
    objects.iter().filter_map(|o| o["kind"].as_str()).collect()
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn helm_has_nothing_to_say_against_it() {
    lab_as_it_is()
        .run("helm", &["lint", "--strict", CHART])
        .ok();
    for values in ["values-ha.yaml", "values-cert-manager.yaml"] {
        let file = format!("{CHART}/{values}");
        lab_as_it_is()
            .run("helm", &["lint", "--strict", CHART, "-f", &file])
            .ok();
    }
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn nothing_is_random_or_looked_up_when_it_is_rendered() {
    let render = |more: &[&str]| {
        lab_as_it_is()
            .template(RELEASE, WEBHOOK_NAMESPACE, more)
            .ok()
            .stdout
    };
    let first = render(&[]);
    assert_eq!(first, render(&[]));
    // Argo CD renders an upgrade as an install.
    assert_eq!(first, render(&["--is-upgrade"]));
    let templates = lab_as_it_is().prepared.root.join(CHART).join("templates");
    let functions = [
        "lookup",
        "rand",
        "genCA",
        "genSelfSigned",
        "genSigned",
        "genPrivateKey",
        "uuidv4",
        "now",
        "htpasswd",
        "bcrypt",
        "getHostByName",
        "IsInstall",
        "IsUpgrade",
        "Revision",
    ];
    let mut read = 0;
    for entry in files_below(&templates) {
        let text = fs::read_to_string(&entry).expect("a template");
        read += 1;
        for action in text.split("{{").skip(1) {
            let action = action.split("}}").next().unwrap_or_default();
            // The text of a comment or of a string is called by nobody.
            if action.trim_start_matches('-').trim().starts_with("/*") || action.contains('"') {
                continue;
            }
            for function in functions {
                let called = action
                    .split(|c: char| !c.is_alphanumeric())
                    .any(|word| word.starts_with(function));
                assert!(!called, "{}: {{{{{action}}}}}", entry.display());
            }
        }
    }
    assert!(read > 10, "{read} templates");
}

fn files_below(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory");
    entries
        .map(|entry| entry.expect("an entry").path())
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn cert_manager_makes_the_certificate_and_the_webhook_has_no_rights() {
    let file = format!("{CHART}/values-cert-manager.yaml");
    let objects = rendered(&["--skip-tests", "-f", &file], &Value::Null);
    // No Secret, and nothing of RBAC, of the self-managed mode.
    assert_eq!(
        kinds(&of_the_webhook(&objects)),
        BTreeSet::from([
            "Certificate",
            "Deployment",
            "Issuer",
            "MutatingWebhookConfiguration",
            "PodDisruptionBudget",
            "Service",
            "ServiceAccount",
        ])
    );
    let secret = format!("{RELEASE}-tls");
    let serving = object(&objects, "Certificate", &secret);
    assert_eq!(serving["apiVersion"], "cert-manager.io/v1");
    assert_eq!(serving["metadata"]["namespace"], WEBHOOK_NAMESPACE);
    assert_eq!(
        serving["spec"],
        json!({
            "secretName": secret,
            "dnsNames": [
                format!("{RELEASE}.{WEBHOOK_NAMESPACE}.svc"),
                format!("{RELEASE}.{WEBHOOK_NAMESPACE}"),
            ],
            "usages": ["server auth", "digital signature"],
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
            "issuerRef": {"kind": "Issuer", "name": RELEASE},
        })
    );
    // A renewal must not change the authority: that one is made once, by itself.
    let issuer = object(&objects, "Issuer", RELEASE);
    let authority = format!("{RELEASE}-issuer-ca");
    assert_eq!(issuer["spec"], json!({"ca": {"secretName": authority}}));
    let authority = object(&objects, "Certificate", &authority);
    assert_eq!(authority["spec"]["isCA"], true);
    assert_eq!(
        authority["spec"]["secretName"],
        issuer["spec"]["ca"]["secretName"]
    );
    let selfsigned = authority["spec"]["issuerRef"]["name"]
        .as_str()
        .expect("a name");
    let selfsigned = object(&objects, "Issuer", selfsigned);
    assert_eq!(selfsigned["spec"], json!({"selfSigned": {}}));

    let webhook = object(&objects, "MutatingWebhookConfiguration", RELEASE);
    assert_eq!(
        webhook["metadata"]["annotations"],
        json!({"cert-manager.io/inject-ca-from": format!("{WEBHOOK_NAMESPACE}/{secret}")})
    );
    // cert-manager's to write: an upgrade must not wipe it.
    assert_eq!(
        webhook["webhooks"][0]["clientConfig"]["caBundle"],
        Value::Null
    );
    serves_from(&objects, &secret);
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn an_issuer_of_the_platform_is_asked_instead_of_one_of_the_chart() {
    let issuer =
        json!({"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "platform-ca"});
    let values = json!({"certManager": {"enabled": true, "issuerRef": issuer}});
    let objects = rendered(&["--skip-tests"], &values);
    assert!(!kinds(&objects).contains("Issuer"));
    let mut certificates = objects.iter().filter(|o| o["kind"] == "Certificate");
    let only = certificates.next().expect("a certificate");
    assert!(certificates.next().is_none(), "no authority of the chart's");
    assert_eq!(only["spec"]["issuerRef"], issuer);
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_secret_of_ones_own_is_mounted_with_its_bundle_registered() {
    let values = json!({"existingSecret": {"name": "own", "caBundle": "Q0E="}});
    let objects = rendered(&["--skip-tests"], &values);
    let webhook = object(&objects, "MutatingWebhookConfiguration", RELEASE);
    assert_eq!(webhook["webhooks"][0]["clientConfig"]["caBundle"], "Q0E=");
    let others = BTreeSet::from(["Certificate", "ClusterRole", "Secret"]);
    assert!(kinds(&of_the_webhook(&objects)).is_disjoint(&others));
    serves_from(&objects, "own");
    for (values, said) in [
        (
            json!({"existingSecret": {"name": "own"}}),
            "existingSecret.caBundle is needed",
        ),
        (
            json!({"existingSecret": {"name": "own"}, "certManager": {"enabled": true}}),
            "exclude each other",
        ),
    ] {
        let ran = lab_as_it_is().template_with(RELEASE, WEBHOOK_NAMESPACE, &[], &values);
        assert_ne!(ran.code, Some(0), "{ran}");
        ran.says(said);
    }
}

/// Without the controller and its hook, which have rights of their own.
fn of_the_webhook(objects: &[Value]) -> Vec<Value> {
    let is_controllers = |object: &&Value| {
        let name = object["metadata"]["name"].as_str();
        let theirs = ["controller", "give-back"].map(|part| format!("{RELEASE}-{part}"));
        name.is_some_and(|name| theirs.iter().any(|theirs| name.starts_with(theirs)))
    };
    let others = objects.iter().filter(|object| !is_controllers(object));
    others.cloned().collect()
}

/// The pods read this Secret, the whole directory of it, and talk to no API server.
#[track_caller]
fn serves_from(objects: &[Value], secret: &str) {
    let pod = &object(objects, "Deployment", RELEASE)["spec"]["template"]["spec"];
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(
        pod["volumes"],
        json!([{"name": "tls", "secret": {"secretName": secret}}])
    );
    let container = &pod["containers"][0];
    assert_eq!(
        container["volumeMounts"],
        json!([{"name": "tls", "mountPath": "/tls", "readOnly": true}])
    );
    let arguments = container["args"].as_array().expect("arguments");
    assert!(arguments.contains(&json!("--tls-cert=/tls/tls.crt")));
    assert!(
        !arguments
            .iter()
            .any(|a| a.as_str().is_some_and(|a| a.starts_with("--ca-secret")))
    );
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_ha_values_refuse_rather_than_miss() {
    let file = format!("{CHART}/values-ha.yaml");
    let objects = rendered(&["-f", &file], &Value::Null);
    let webhook = object(&objects, "MutatingWebhookConfiguration", RELEASE);
    assert_eq!(webhook["webhooks"][0]["failurePolicy"], "Fail");
    let deployment = object(&objects, "Deployment", RELEASE);
    assert_eq!(deployment["spec"]["replicas"], 3);
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["priorityClassName"], "system-cluster-critical");
    object(&objects, "PodDisruptionBudget", RELEASE);
    // Its own namespace is never made to wait for it.
    let excluded = &webhook["webhooks"][0]["namespaceSelector"]["matchExpressions"][0];
    assert_eq!(excluded["operator"], "NotIn");
    assert_eq!(
        excluded["values"],
        json!(["kube-system", WEBHOOK_NAMESPACE])
    );
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_dashboard_is_where_grafana_looks_for_it() {
    let values = json!({"grafanaDashboard": {"enabled": true}});
    let objects = rendered(&[], &values);
    let map = object(&objects, "ConfigMap", &format!("{RELEASE}-dashboard"));
    assert_eq!(map["metadata"]["labels"]["grafana_dashboard"], "1");
    let text = map["data"]["ray-serve-webhook.json"].as_str();
    let dashboard: Value = serde_json::from_str(text.expect("a file")).expect("JSON");
    assert!(dashboard["panels"].as_array().expect("panels").len() > 5);
    assert!(!kinds(&rendered(&[], &Value::Null)).contains("ConfigMap"));
}
