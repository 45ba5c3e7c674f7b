//! What somebody who has taken over the controller can change in the cluster: one label of pods, and one
//! key of the selectors of serve services.

use e2e::{CLUSTER, Lab, RELEASE, Ran, WEBHOOK_NAMESPACE, lab, serving};
use serde_json::{Value, json};

/// The service accounts that may patch pods or services, after the release's name.
const ACCOUNTS: [&str; 2] = ["controller", "give-back"];
const RBAC: &str = "rbac.authorization.k8s.io";

/// A JSON patch by a service account of the release, or by an administrator; nothing is kept of it.
fn patch(lab: &Lab, account: Option<&str>, namespace: &str, what: &str, patch: &Value) -> Ran {
    let patch = json!([patch]).to_string();
    let mut arguments = vec!["patch", what, "--type=json", "-p", &patch];
    arguments.extend(["--dry-run=server", "-n", namespace]);
    let user = account.map(|account| {
        format!("--as=system:serviceaccount:{WEBHOOK_NAMESPACE}:{RELEASE}-{account}")
    });
    arguments.extend(user.as_deref());
    lab.kubectl(&arguments)
}

#[track_caller]
fn assert_refused(lab: &Lab, namespace: &str, what: &str, change: &Value) {
    // Else the policy would not be what refuses it.
    patch(lab, None, namespace, what, change).ok();
    let refused = patch(lab, Some("controller"), namespace, what, change);
    assert_ne!(refused.code, Some(0), "{change}: {refused}");
    refused
        .says("ValidatingAdmissionPolicy")
        .says("denied request: the controller ");
}

fn add(path: &str, value: &Value) -> Value {
    json!({"op": "add", "path": path, "value": value})
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_controller_can_change_nothing_of_a_pod_but_its_label() {
    let serving = serving();
    let lab = lab();
    let _webhook = lab.with_webhook();
    let (namespace, head) = (serving.namespace(), serving.head());
    let uid = lab.get(namespace, &head)["metadata"]["uid"].clone();
    let owner = json!([{"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": uid}]);
    let tolerates = json!({"key": "a", "operator": "Exists"});
    for change in [
        add("/spec/containers/0/image", &json!("example.com/miner")),
        add("/spec/activeDeadlineSeconds", &json!(1)),
        add("/spec/tolerations/-", &tolerates),
        add("/metadata/labels/a", &json!("b")),
        add("/metadata/labels/ray.io~1cluster", &json!("other")),
        add("/metadata/labels/ray.io~1serve", &json!("maybe")),
        json!({"op": "remove", "path": "/metadata/labels/ray.io~1cluster"}),
        add("/metadata/annotations", &json!({"a": "b"})),
        add("/metadata/ownerReferences", &owner),
        add("/metadata/finalizers", &json!(["example.com/held"])),
    ] {
        assert_refused(lab, namespace, &head, &change);
    }
    for value in ["true", "false"] {
        let ours = add("/metadata/labels/ray.io~1serve", &json!(value));
        patch(lab, Some("controller"), namespace, &head, &ours).ok();
    }
    // The webhook's own pods are none of a RayCluster's.
    let another = &lab.webhook_pods()[0];
    let ours = add("/metadata/labels/ray.io~1serve", &json!("true"));
    assert_refused(lab, WEBHOOK_NAMESPACE, another, &ours);
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_controller_can_change_nothing_of_a_service_but_the_key_of_its_selector() {
    let serving = serving();
    let lab = lab();
    let _webhook = lab.with_webhook();
    let namespace = serving.namespace();
    let service = format!("service/{CLUSTER}-serve-svc");
    for change in [
        add("/spec/ports/0/port", &json!(81)),
        add("/spec/ports/0/targetPort", &json!(22)),
        add("/spec/externalIPs", &json!(["192.0.2.1"])),
        add("/spec/type", &json!("NodePort")),
        add("/spec/sessionAffinity", &json!("ClientIP")),
        add("/spec/publishNotReadyAddresses", &json!(true)),
        add("/spec/selector/a", &json!("b")),
        add("/spec/selector/ray.io~1cluster", &json!("other")),
        add("/spec/selector/ray.io~1serve", &json!("false")),
        add("/spec/selector/ray.io~1node-type", &json!("worker")),
        json!({"op": "remove", "path": "/spec/selector/ray.io~1cluster"}),
        add("/metadata/labels/a", &json!("b")),
        add("/metadata/annotations", &json!({"a": "b"})),
        add("/metadata/ownerReferences", &json!([])),
        add("/metadata/finalizers", &json!(["example.com/held"])),
    ] {
        assert_refused(lab, namespace, &service, &change);
    }
    for account in ACCOUNTS {
        let known = account == "controller";
        let ours = add("/spec/selector/ray.io~1serve", &json!("true"));
        let ran = patch(lab, Some(account), namespace, &service, &ours);
        // The hook has no rights but while it runs.
        assert_eq!(ran.code == Some(0), known, "{ran}");
    }
    // Not the head service, whose selector has another key.
    let head = format!("service/{CLUSTER}-head-svc");
    let ours = add("/metadata/labels/a", &json!("b"));
    assert_refused(lab, namespace, &head, &ours);

    // Every field that there is: one that a later Kubernetes adds has to be thought of.
    let openapi = lab
        .kubectl(&["get", "--raw", "/openapi/v3/api/v1"])
        .ok()
        .json();
    let spec = &openapi["components"]["schemas"]["io.k8s.api.core.v1.ServiceSpec"];
    let fields = spec["properties"].as_object().expect("fields");
    let policy = format!("validatingadmissionpolicy/{RELEASE}-controller-services");
    let policy = lab.get("default", &policy).to_string();
    let missing: Vec<&String> = fields
        .keys()
        .filter(|field| *field != "selector")
        .filter(|field| {
            !policy.contains(&format!("object.spec.?{field} == oldObject.spec.?{field}"))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// A pod that nobody runs and a service, where both accounts of the release may do everything.
fn everything_allowed(namespace: &str) -> String {
    let subject = |account: &str| json!({"kind": "ServiceAccount", "name": format!("{RELEASE}-{account}"), "namespace": WEBHOOK_NAMESPACE});
    let role = json!({"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"});
    let items = json!([
        {
            "apiVersion": format!("{RBAC}/v1"), "kind": "RoleBinding",
            "metadata": {"name": "everything", "namespace": namespace},
            "roleRef": role, "subjects": ACCOUNTS.map(subject),
        },
        {
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "ray", "namespace": namespace, "labels": {"ray.io/cluster": "c"}},
            "spec": {"schedulerName": "nobody", "containers": [{"name": "ray", "image": "ray"}]},
        },
        {
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "serve", "namespace": namespace},
            "spec": {"selector": {"ray.io/cluster": "c"}, "ports": [{"name": "serve", "port": 8000}]},
        },
    ]);
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

/// RBAC gives neither account these rights; the policies do not depend on that.
#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_policies_leave_one_operation_whatever_rights_there_are() {
    const NAMESPACE: &str = "e2e-confined";
    let lab = lab();
    let _webhook = lab.with_webhook();
    let namespace = lab.namespace(NAMESPACE);
    lab.apply_as_written(&everything_allowed(NAMESPACE), &[])
        .ok();
    let debugger = r#"{"spec": {"ephemeralContainers": [{"name": "d", "image": "d"}]}}"#;
    let condition = r#"{"status": {"conditions": [{"type": "a", "status": "True",
        "reason": "b", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}"#;
    let image = r#"{"spec": {"containers": [{"name": "ray", "image": "miner"}]}}"#;
    let port = r#"{"spec": {"ports": [{"name": "serve", "port": 81}]}}"#;
    let refused: [&[&str]; 10] = [
        &["patch", "pod/ray", "-p", image],
        &[
            "patch",
            "pod/ray",
            "-p",
            debugger,
            "--subresource=ephemeralcontainers",
        ],
        &[
            "patch",
            "pod/ray",
            "-p",
            r#"{"status": {"message": "a"}}"#,
            "--subresource=status",
        ],
        &["delete", "pod/ray"],
        &["delete", "pod", "-l", "ray.io/cluster=c"],
        &["run", "another", "--image=miner"],
        &["patch", "service/serve", "--type=merge", "-p", port],
        &[
            "patch",
            "service/serve",
            "--type=merge",
            "-p",
            condition,
            "--subresource=status",
        ],
        &["delete", "service/serve"],
        &["create", "service", "clusterip", "another", "--tcp=80"],
    ];
    let allowed: [&[&str]; 3] = [
        &[
            "patch",
            "pod/ray",
            "-p",
            r#"{"metadata": {"labels": {"ray.io/serve": "true"}}}"#,
        ],
        &[
            "patch",
            "service/serve",
            "-p",
            r#"{"spec": {"selector": {"ray.io/serve": "true"}}}"#,
        ],
        &[
            "patch",
            "service/serve",
            "-p",
            r#"{"spec": {"selector": {"ray.io/node-type": "head"}}}"#,
        ],
    ];
    for account in ACCOUNTS {
        let user = format!("--as=system:serviceaccount:{WEBHOOK_NAMESPACE}:{RELEASE}-{account}");
        let there = ["-n", NAMESPACE, "--dry-run=server"];
        for command in refused {
            lab.kubectl(&[command, &there].concat()).ok();
            let ran = lab.kubectl(&[command, &there, &[&user]].concat());
            assert_ne!(ran.code, Some(0), "{account}: {command:?}: {ran}");
            ran.says("denied request: the controller ");
        }
        for command in allowed {
            lab.kubectl(&[command, &there, &[&user]].concat()).ok();
        }
        // kubectl has no dry run of it.
        lab.kubectl(&["exec", "ray", "-n", NAMESPACE, &user, "--", "true"])
            .says("denied request: the controller ");
    }
    drop(namespace);
}
