//! What somebody who has taken over the webhook can change in the cluster: a caBundle and a Secret's data.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use e2e::{Lab, RELEASE, Ran, Reinstall, WEBHOOK_NAMESPACE, eventually, lab};
use serde_json::{Value, json};

const CONFIGURATION: &str = "mutatingwebhookconfiguration/ray-serve-webhook";
const SECRET: &str = "secret/ray-serve-webhook-ca";

/// A JSON patch by the webhook's own service account, or by an administrator; nothing is kept of it.
fn patch(lab: &Lab, as_webhook: bool, what: &str, patch: &Value) -> Ran {
    let user = format!("--as=system:serviceaccount:{WEBHOOK_NAMESPACE}:{RELEASE}");
    let patch = json!([patch]).to_string();
    let mut arguments = vec!["patch", what, "--type=json", "-p", &patch];
    arguments.extend(["--dry-run=server", "-n", WEBHOOK_NAMESPACE]);
    if as_webhook {
        arguments.push(&user);
    }
    lab.kubectl(&arguments)
}

fn some_bundle() -> String {
    let pair = rcgen::generate_simple_self_signed(["own".to_owned()]).expect("a certificate");
    BASE64_STANDARD.encode(pair.cert.pem())
}

#[track_caller]
fn assert_refused(lab: &Lab, what: &str, change: &Value) {
    // Else the policy would not be what refuses it.
    patch(lab, false, what, change).ok();
    let refused = patch(lab, true, what, change);
    assert_ne!(refused.code, Some(0), "{change}: {refused}");
    refused
        .says("ValidatingAdmissionPolicy")
        .says("denied request: the webhook ");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_webhook_can_change_nothing_of_its_registration_but_the_ca_bundle() {
    let lab = lab();
    let _webhook = lab.with_webhook();
    let everything = json!([{
        "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"], "operations": ["*"],
    }]);
    let elsewhere = json!({"url": "https://192.0.2.1/", "caBundle": lab.ca_bundle()});
    let registered = lab.get("default", CONFIGURATION)["webhooks"][0].clone();
    let mut another = registered.clone();
    another["name"] = json!("another.example.com");
    let owner = json!([{"apiVersion": "v1", "kind": "Namespace", "name": "default", "uid": "1"}]);
    let condition = json!({"name": "never", "expression": "false"});
    let labels = json!({"matchLabels": {"a": "b"}});
    for (operation, path, value) in [
        ("replace", "/webhooks/0/rules", everything),
        ("replace", "/webhooks/0/clientConfig", elsewhere),
        (
            "replace",
            "/webhooks/0/clientConfig/service/name",
            json!("other"),
        ),
        (
            "replace",
            "/webhooks/0/clientConfig/service/namespace",
            json!("default"),
        ),
        (
            "replace",
            "/webhooks/0/clientConfig/service/path",
            json!("/other"),
        ),
        (
            "replace",
            "/webhooks/0/clientConfig/service/port",
            json!(8443),
        ),
        ("replace", "/webhooks/0/matchConditions", json!([])),
        ("add", "/webhooks/0/matchConditions/-", condition),
        ("replace", "/webhooks/0/namespaceSelector", json!({})),
        ("add", "/webhooks/0/objectSelector", labels),
        ("replace", "/webhooks/0/failurePolicy", json!("Fail")),
        ("replace", "/webhooks/0/matchPolicy", json!("Exact")),
        ("replace", "/webhooks/0/sideEffects", json!("NoneOnDryRun")),
        ("replace", "/webhooks/0/timeoutSeconds", json!(30)),
        ("replace", "/webhooks/0/reinvocationPolicy", json!("Never")),
        (
            "replace",
            "/webhooks/0/admissionReviewVersions",
            json!(["v1", "v1beta1"]),
        ),
        ("replace", "/webhooks/0/name", json!("another.example.com")),
        ("add", "/webhooks/-", another),
        ("replace", "/webhooks", json!([])),
        ("add", "/metadata/labels/a", json!("b")),
        ("replace", "/metadata/annotations", json!({"a": "b"})),
        ("add", "/metadata/ownerReferences", owner),
        ("add", "/metadata/finalizers", json!(["example.com/held"])),
    ] {
        let change = json!({"op": operation, "path": path, "value": value});
        assert_refused(lab, CONFIGURATION, &change);
    }
    // Every field that there is: one that a later Kubernetes adds has to be thought of.
    let known = [
        "admissionReviewVersions",
        "clientConfig",
        "failurePolicy",
        "matchConditions",
        "matchPolicy",
        "name",
        "namespaceSelector",
        "objectSelector",
        "reinvocationPolicy",
        "rules",
        "sideEffects",
        "timeoutSeconds",
    ];
    let fields = registered.as_object().expect("an object").keys();
    assert_eq!(fields.cloned().collect::<Vec<_>>(), known);

    let bundle = some_bundle();
    let ours =
        json!({"op": "replace", "path": "/webhooks/0/clientConfig/caBundle", "value": bundle});
    patch(lab, true, CONFIGURATION, &ours).ok();
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_webhook_can_change_nothing_of_its_secret_but_the_data() {
    let lab = lab();
    let _webhook = lab.with_webhook();
    let owner = json!([{"apiVersion": "v1", "kind": "Namespace", "name": "default", "uid": "1"}]);
    for (path, value) in [
        ("/metadata/labels/a", json!("b")),
        (
            "/metadata/annotations/example.com~1copy-to",
            json!("everywhere"),
        ),
        ("/metadata/ownerReferences", owner),
        ("/metadata/finalizers", json!(["example.com/held"])),
        ("/immutable", json!(true)),
    ] {
        let change = json!({"op": "add", "path": path, "value": value});
        assert_refused(lab, SECRET, &change);
    }
    let data = json!({"op": "add", "path": "/data/ca.crt", "value": "Q0E="});
    patch(lab, true, SECRET, &data).ok();
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_policies_are_understood_by_the_api_server_and_refuse_nobody_else() {
    let lab = lab();
    let _webhook = lab.with_webhook();
    let others = ["ca", "controller-pods", "controller-services"];
    let others = others.map(|part| format!("{RELEASE}-{part}"));
    for name in [&[RELEASE.to_owned()], &others[..]].concat() {
        let what = format!("validatingadmissionpolicy/{name}");
        eventually("its types to be checked", Duration::from_secs(60), || {
            let policy = lab.get("default", &what);
            let status = &policy["status"];
            if status["observedGeneration"] == policy["metadata"]["generation"] {
                let warnings = &status["typeChecking"]["expressionWarnings"];
                assert_eq!(*warnings, Value::Null, "{name}");
                Ok(())
            } else {
                Err(policy.to_string())
            }
        });
    }
    // Another ServiceAccount is kept by RBAC alone; the policy says nothing to it.
    let user = format!("--as=system:serviceaccount:{WEBHOOK_NAMESPACE}:default");
    let other = ["patch", CONFIGURATION, "--type=merge", "-p", "{}", &user];
    lab.kubectl(&other)
        .says("is forbidden: User \"system:serviceaccount:")
        .never_says("ValidatingAdmissionPolicy");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn confined_it_still_rotates_and_forgets_a_revoked_authority() {
    let lab = lab();
    let _alone = lab.webhook_alone();
    let _reinstall = Reinstall(lab);
    // Somebody's own, which a kustomize patch could have put there.
    let own = some_bundle();
    let mut theirs = lab.get("default", CONFIGURATION)["webhooks"][0].clone();
    theirs["name"] = json!("theirs.example.com");
    theirs["failurePolicy"] = json!("Ignore");
    theirs["clientConfig"]["service"]["name"] = json!("theirs");
    theirs["clientConfig"]["caBundle"] = json!(own);
    let add = json!([{"op": "add", "path": "/webhooks/-", "value": theirs}]).to_string();
    lab.kubectl(&["patch", CONFIGURATION, "--type=json", "-p", &add])
        .ok();
    let change = json!({"op": "replace", "path": "/webhooks/1/clientConfig/caBundle", "value": lab.ca_bundle()});
    assert_refused(lab, CONFIGURATION, &change);

    let before = lab.authorities();
    let merge = |data: Value| {
        let patch = json!({"data": data}).to_string();
        let arguments = [
            "patch",
            SECRET,
            "-n",
            WEBHOOK_NAMESPACE,
            "--type=merge",
            "-p",
            &patch,
        ];
        lab.kubectl(&arguments).ok();
    };
    merge(Value::Null);
    let both = await_authorities(lab, 2);
    assert_eq!(both[1..], before[..1]);
    merge(json!({"previous-ca.crt": null}));
    let left = await_authorities(lab, 1);
    assert_eq!(left, both[..1]);
    lab.helm("test", &[]).ok().says("comes back ready to serve");
    let theirs = lab.get("default", CONFIGURATION)["webhooks"][1].clone();
    assert_eq!(theirs["clientConfig"]["caBundle"], json!(own));
}

#[track_caller]
fn await_authorities(lab: &Lab, count: usize) -> Vec<String> {
    eventually("the caBundle", Duration::from_secs(90), || {
        let found = lab.authorities();
        if found.len() == count {
            Ok(found)
        } else {
            Err(found.concat())
        }
    })
}
