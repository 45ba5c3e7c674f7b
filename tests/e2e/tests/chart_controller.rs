//! What the chart renders to for the controller, and for the hook that gives selectors back.

use std::collections::BTreeSet;

use e2e::{CHART, RELEASE, WEBHOOK_NAMESPACE, documents, lab_as_it_is, object};
use serde_json::{Value, json};

const HOOK: &str = "helm.sh/hook";

/// With everything that is switched on by a value of its own.
fn rendered(values: &Value) -> Vec<Value> {
    let mut values = values.clone();
    for switch in ["networkPolicy", "serviceMonitor", "prometheusRule"] {
        values[switch]["enabled"] = json!(true);
    }
    let ran = lab_as_it_is().template_with(RELEASE, WEBHOOK_NAMESPACE, &[], &values);
    documents(&ran.ok().stdout)
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    let found = object.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no {pointer} in {object}"))
}

fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

fn hook(object: &Value) -> Option<&str> {
    object["metadata"]["annotations"][HOOK].as_str()
}

fn kinds_of<'a>(objects: &'a [Value], prefix: &str) -> BTreeSet<&'a str> {
    let named = objects.iter().filter(|o| name(o).starts_with(prefix));
    named.filter_map(|object| object["kind"].as_str()).collect()
}

fn give_back() -> String {
    format!("{RELEASE}-give-back")
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn switched_off_only_the_hook_and_what_confines_it_is_left() {
    let objects = rendered(&json!({"serveService": {"enabled": false}}));
    // Of a pod that is no more, but the hook's ServiceAccount is in them too.
    let policies = BTreeSet::from([
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    ]);
    let controller = format!("{RELEASE}-controller");
    assert_eq!(kinds_of(&objects, &controller), policies);
    let alerts = object(&objects, "PrometheusRule", RELEASE).to_string();
    assert!(!alerts.contains("ray_serve_controller"), "{alerts}");
    let hooks = kinds_of(&objects, &give_back());
    let on = rendered(&json!({}));
    assert_eq!(hooks, kinds_of(&on, &give_back()));
    assert!(hooks.contains("Job"), "{hooks:?}");
    assert!(kinds_of(&on, &controller).is_superset(&policies));
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_hook_has_its_rights_before_it_runs_and_loses_them_after() {
    for (enabled, when) in [(true, "pre-delete"), (false, "post-upgrade,post-rollback")] {
        for namespaces in [json!([]), json!(["a", "b"])] {
            let values = json!({"serveService": {"enabled": enabled, "namespaces": namespaces}});
            let objects = rendered(&values);
            let mut weights = Vec::new();
            for object in objects.iter().filter(|o| name(o).starts_with(&give_back())) {
                assert_eq!(hook(object), Some(when), "{object}");
                let annotations = &object["metadata"]["annotations"];
                let policy = &annotations["helm.sh/hook-delete-policy"];
                assert_eq!(*policy, "before-hook-creation,hook-succeeded");
                let weight = annotations["helm.sh/hook-weight"].as_str();
                let weight: i32 = weight.unwrap_or("0").parse().expect("a number");
                weights.push((weight, text(object, "/kind")));
            }
            let of = |kind: &str| -> BTreeSet<i32> {
                let found = weights.iter().filter(|(_, of)| of.ends_with(kind));
                found.map(|(weight, _)| *weight).collect()
            };
            // Only what exists can be bound, and the Job needs it all.
            assert_eq!(of("Role"), BTreeSet::from([0]), "{weights:?}");
            assert_eq!(of("Binding"), BTreeSet::from([1]), "{weights:?}");
            assert_eq!(of("NetworkPolicy"), BTreeSet::from([0]), "{weights:?}");
            assert_eq!(weights.iter().max(), Some(&(2, "Job")), "{weights:?}");
        }
    }
}

/// One that looks elsewhere, or takes another Lease, would be narrowed against.
#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_hook_looks_where_the_controller_does_and_takes_its_lease() {
    let values = json!({
        "serveService": {"mode": "Head", "namespaces": ["a", "b"]},
        "podLabels": {"team": "platform"},
        "podAnnotations": {"sidecar.istio.io/inject": "false"},
    });
    let objects = rendered(&values);
    let pod = |kind: &str, name: &str| object(&objects, kind, name)["spec"]["template"].clone();
    let controller = pod("Deployment", &format!("{RELEASE}-controller"));
    let job = pod("Job", &give_back());
    let arguments = |pod: &Value| -> BTreeSet<String> {
        let all = pod["spec"]["containers"][0]["args"].as_array();
        let all = all.expect("arguments").iter().filter_map(Value::as_str);
        let of_both = ["--mode", "--namespace", "--lease"];
        all.filter(|argument| of_both.iter().any(|flag| argument.starts_with(flag)))
            .map(str::to_owned)
            .collect()
    };
    let expected = [
        "--mode=head",
        "--namespace=a",
        "--namespace=b",
        &format!("--lease={RELEASE}-controller"),
    ];
    assert_eq!(arguments(&job), expected.map(str::to_owned).into());
    assert_eq!(arguments(&controller), arguments(&job));
    // A pod that a policy of the platform refuses, or whose sidecar never ends, keeps the release from going.
    for pod in [&controller, &job] {
        assert_eq!(pod["metadata"]["labels"]["team"], "platform");
        let annotations = &pod["metadata"]["annotations"];
        assert_eq!(annotations["sidecar.istio.io/inject"], "false");
    }
}

/// A release's name may have 53 characters, and so may what is put in place of the chart's.
#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn no_name_and_no_label_is_too_long_for_kubernetes() {
    let longest = |letter: &str| letter.repeat(53);
    let objects =
        rendered(&json!({"fullnameOverride": longest("f"), "nameOverride": longest("n")}));
    for object in &objects {
        // Of the others a name may have 253 characters.
        if ["Job", "Service", "Pod"].contains(&text(object, "/kind")) {
            assert!(name(object).len() <= 63, "{object}");
        }
        let labels = [
            "/metadata/labels",
            "/spec/template/metadata/labels",
            "/spec/selector",
            "/spec/selector/matchLabels",
        ];
        for labels in labels.iter().filter_map(|labels| object.pointer(labels)) {
            let values = labels.as_object().expect("labels").values();
            let mut values = values.filter_map(Value::as_str);
            assert!(values.all(|value| value.len() <= 63), "{labels}");
        }
    }
    // Cut off, they are still not the webhook's.
    let webhook = &object(&objects, "Service", &longest("f"))["spec"]["selector"];
    let label = "app.kubernetes.io/name";
    for kind in ["Deployment", "Job"] {
        let pods = objects.iter().filter(|object| object["kind"] == kind);
        for pod in pods.filter(|object| name(object) != longest("f")) {
            let labels = &pod["spec"]["template"]["metadata"]["labels"];
            assert_ne!(labels[label], webhook[label], "{pod}");
        }
    }
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_network_policy_lets_the_controller_to_ray_pods_and_the_hook_to_the_api_server_only() {
    let control_plane = json!({"ipBlock": {"cidr": "10.0.0.0/28"}});
    let prometheus = json!({"namespaceSelector": {"matchLabels": {"team": "monitoring"}}});
    let objects = rendered(&json!({"networkPolicy": {
        "metricsFrom": [prometheus], "apiServer": {"to": [control_plane], "ports": [443]},
    }}));
    let policy = |name: &str| object(&objects, "NetworkPolicy", name)["spec"].clone();
    let there = json!({"ports": [{"port": 443}], "to": [control_plane]});
    let ray_pods = json!({
        "namespaceSelector": {},
        "podSelector": {"matchExpressions": [{"key": "ray.io/cluster", "operator": "Exists"}]},
    });
    let selects = |policy: &Value, kind: &str, name: &str| {
        let labels = &object(&objects, kind, name)["spec"]["template"]["metadata"]["labels"];
        let wanted = policy["podSelector"]["matchLabels"].as_object();
        let mut wanted = wanted.expect("labels").iter();
        wanted.all(|(key, value)| labels[key] == *value)
    };
    let name = format!("{RELEASE}-controller");
    let controller = policy(&name);
    assert!(selects(&controller, "Deployment", &name));
    assert!(!selects(&controller, "Deployment", RELEASE));
    let metrics = json!([{"ports": [{"port": "admin"}], "from": [prometheus]}]);
    assert_eq!(controller["ingress"], metrics);
    let egress = json!([there, {"ports": [{"protocol": "TCP"}], "to": [ray_pods]}]);
    assert_eq!(controller["egress"], egress);

    let hook = policy(&give_back());
    assert!(selects(&hook, "Job", &give_back()));
    assert_eq!(hook["ingress"], json!([]));
    assert_eq!(hook["egress"], json!([there]));
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn helm_says_what_serve_services_select_and_where_nothing_confines_the_controller() {
    const WARNING: &str = "No admission policy confines the controller";
    let notes = |values: &str| {
        let install = ["install", "switches", CHART, "-n", "default"];
        let more = ["--dry-run=server", "--set"];
        let values = format!("fullnameOverride=switches,{values}");
        let ran = lab_as_it_is().run("helm", &[&install[..], &more, &[&values]].concat());
        ran.ok()
    };
    notes("logLevel=info")
        .says("only to pods whose Serve proxy answers")
        .never_says(WARNING);
    notes("admissionPolicy.enabled=false")
        .says("only to the head")
        .says(WARNING)
        .never_says("the image of any pod");
    notes("admissionPolicy.enabled=false,serveService.mode=Pods")
        .says(WARNING)
        .says("the image of any pod");
    let off = "admissionPolicy.enabled=false,serveService.mode=Pods,serveService.enabled=false";
    notes(off)
        .says("the controller is switched off")
        .never_says(WARNING);
}
