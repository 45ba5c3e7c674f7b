//! Every value of the chart does something, and what it does is accepted by a real API server.

use std::collections::BTreeSet;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use e2e::{CHART, Lab, documents, lab_as_it_is};
use serde_json::{Map, Value, json};

/// Away from the installed release, so that every object is created and none updated.
const RELEASE: &str = "switches";
const NAMESPACE: &str = "e2e-chart";

/// Operators whose objects the chart can make, and which the test cluster does not have.
const NOT_INSTALLED: [&str; 2] = ["cert-manager.io/", "monitoring.coreos.com/"];

/// Together they set every value there is.
fn cases() -> Vec<Value> {
    let bundle = rcgen::generate_simple_self_signed(["own".to_owned()]).expect("a certificate");
    let bundle = BASE64_STANDARD.encode(bundle.cert.pem());
    let issuer = json!({"kind": "ClusterIssuer", "name": "platform-ca"});
    let peers =
        json!([{"ipBlock": {"cidr": "10.0.0.0/28"}}, {"namespaceSelector": {}, "podSelector": {}}]);
    let required = json!({"labelSelector": {}, "topologyKey": "kubernetes.io/hostname"});
    vec![
        json!({"image": {"repository": "registry.example.com/webhook", "tag": "9", "pullPolicy": "Always"}}),
        json!({"image": {"digest": format!("sha256:{}", "0".repeat(64))}}),
        json!({"imagePullSecrets": [{"name": "pull"}]}),
        json!({"nameOverride": "other"}),
        json!({"fullnameOverride": "other"}),
        json!({"replicas": 1, "podDisruptionBudget": {"enabled": false}}),
        json!({"webhook": {"failurePolicy": "Fail", "timeoutSeconds": 10, "excludedNamespaces": ["team-a"], "port": 9443}}),
        json!({"serveService": {"enabled": false, "drain": false}}),
        json!({"serveService": {
            "mode": "Head", "namespaces": ["default", "kube-public"], "replicas": 2,
            "resources": {"requests": {"cpu": "1", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
        }}),
        json!({"certManager": {"enabled": true}}),
        json!({"certManager": {"enabled": true, "issuerRef": issuer}}),
        json!({"existingSecret": {"name": "own", "caBundle": bundle}}),
        json!({"logLevel": "debug", "shutdownDelay": "500ms"}),
        json!({"resources": {"requests": {"cpu": "1", "memory": "64Mi"}, "limits": {"memory": "256Mi"}}}),
        json!({"serviceAccount": {"name": "other", "annotations": {"example.com/role": "webhook"}}}),
        json!({"admissionPolicy": {"enabled": false}}),
        json!({"networkPolicy": {"enabled": true, "from": peers, "metricsFrom": peers, "apiServer": {"to": peers, "ports": [443]}}}),
        json!({"networkPolicy": {"enabled": true}, "existingSecret": {"name": "own", "caBundle": bundle}}),
        json!({"serviceMonitor": {"enabled": true, "labels": {"release": "prometheus"}}}),
        json!({"prometheusRule": {"enabled": true, "labels": {"release": "prometheus"}}}),
        json!({"prometheusRule": {"enabled": true}, "webhook": {"failurePolicy": "Fail"}}),
        json!({"grafanaDashboard": {"enabled": true, "labels": {"grafana_dashboard": "yes"}, "annotations": {"grafana_folder": "Ray"}}}),
        json!({"test": {"namespace": "kube-public", "timeout": "90s"}}),
        json!({"hostNetwork": true}),
        json!({"podSecurityContext": {
            "runAsNonRoot": false, "runAsUser": 7, "runAsGroup": 7, "seccompProfile": {"type": "Unconfined"},
        }}),
        json!({"priorityClassName": "system-cluster-critical"}),
        json!({"nodeSelector": {"pool": "system"}}),
        json!({"tolerations": [{"key": "pool", "operator": "Equal", "value": "system", "effect": "NoSchedule"}]}),
        json!({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [required]}}}),
        json!({"podAnnotations": {"example.com/team": "platform"}, "podLabels": {"team": "platform"}}),
    ]
}

fn defaults(lab: &Lab) -> Value {
    let text = lab.run("helm", &["show", "values", CHART]).ok().stdout;
    documents(&text).remove(0)
}

/// JSON pointers of what is no map, or an empty one.
fn leaves(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(map) if !map.is_empty() => map
            .iter()
            .flat_map(|(key, value)| {
                let key = key.replace('~', "~0").replace('/', "~1");
                let below = leaves(value).into_iter();
                below.map(move |rest| format!("/{key}{rest}"))
            })
            .collect(),
        _ => BTreeSet::from([String::new()]),
    }
}

fn without(value: &Value, pointer: &str) -> Value {
    let mut value = value.clone();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer to a key");
    let parent = value.pointer_mut(parent).and_then(Value::as_object_mut);
    let key = key.replace("~1", "/").replace("~0", "~");
    let taken = parent.expect("the parent of a value").shift_remove(&key);
    assert!(taken.is_some(), "no {pointer}");
    value
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn every_value_is_in_a_case_and_changes_what_is_rendered() {
    let lab = lab_as_it_is();
    let render = |values: &Value| {
        let ran = lab.template_with(RELEASE, NAMESPACE, &[], values);
        // A value that another one needs changes everything.
        if ran.code == Some(0) {
            ran.stdout
        } else {
            ran.stderr
        }
    };
    let cases = cases();
    // A map of the user's own is set by any key below it.
    let set = |default: &String| cases.iter().any(|case| case.pointer(default).is_some());
    let missing: Vec<String> = leaves(&defaults(lab))
        .into_iter()
        .filter(|leaf| !set(leaf))
        .collect();
    assert_eq!(missing, Vec::<String>::new(), "values without a case");

    for case in &cases {
        let all = render(case);
        for leaf in leaves(case) {
            assert_ne!(
                all,
                render(&without(case, &leaf)),
                "{leaf} of {case} does nothing"
            );
        }
    }
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_api_server_accepts_it_at_every_switch() {
    let lab = lab_as_it_is();
    let namespace = lab.namespace(NAMESPACE);
    // Where a pod below the restricted level is refused, its Deployment gets a warning.
    lab.kubectl(&[
        "label",
        "namespace",
        NAMESPACE,
        "pod-security.kubernetes.io/enforce=restricted",
        "pod-security.kubernetes.io/warn=restricted",
    ])
    .ok();
    let mut cases = cases();
    cases.push(json!({}));
    let files =
        ["values-ha.yaml", "values-cert-manager.yaml"].map(|file| format!("{CHART}/{file}"));
    let with_cases = cases.iter().map(|case| (Vec::new(), case));
    let with_files = files
        .iter()
        .map(|file| (vec!["-f", file.as_str()], &Value::Null));
    for (arguments, values) in with_cases.chain(with_files) {
        let rendered = lab
            .template_with(RELEASE, NAMESPACE, &arguments, values)
            .ok()
            .stdout;
        let accepted: Vec<&str> = rendered
            .split("\n---\n")
            .filter(|document| is_known_here(document))
            .collect();
        let manifest = accepted.join("\n---\n");
        let ran = lab.apply_as_written(&manifest, &["--dry-run=server", "--validate=strict"]);
        assert_eq!(ran.code, Some(0), "{arguments:?} {values}: {ran}");
        // What a platform asks for may be less strict; nothing else is.
        let asked_for = ["hostNetwork", "podSecurityContext"];
        let warning = asked_for.iter().find(|value| values.get(value).is_some());
        let warning = warning.map_or("", |_| "Warning: would violate PodSecurity");
        let warned = ran.stderr.split(" \"restricted:").next();
        assert_eq!(warned, Some(warning), "{arguments:?} {values}: {ran}");
    }
    drop(namespace);
}

fn is_known_here(document: &str) -> bool {
    let Some(object) = documents(document).pop() else {
        return false;
    };
    let version = object["apiVersion"].as_str().expect("an apiVersion");
    // The test's pod needs its service account to be there; `helm test` itself is another test.
    object["kind"] != "Pod" && !NOT_INSTALLED.iter().any(|group| version.starts_with(group))
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_value_that_does_not_exist_is_refused_at_every_depth() {
    let lab = lab_as_it_is();
    let refused = |values: &Value| {
        let ran = lab.template_with(RELEASE, NAMESPACE, &[], values);
        assert_ne!(ran.code, Some(0), "{values}: {ran}");
        assert!(
            ran.stderr.contains("values don't meet the specifications"),
            "{ran}"
        );
    };
    refused(&json!({"webhook": {"failurePolicy": "Maybe"}}));
    refused(&json!({"webhook": {"timeoutSeconds": 31}}));
    refused(&json!({"replicas": 0}));
    refused(&json!({"serveService": {"mode": "pods"}}));
    refused(&json!({"serveService": {"namespaces": ["a", "a"]}}));
    refused(&json!({"admissionPolicy": {"enabled": "yes"}}));
    refused(&json!({"image": {"digest": "latest"}}));
    refused(&json!({"shutdownDelay": "5"}));
    // `[]` would let everybody in.
    refused(&json!({"networkPolicy": {"from": [{}]}}));
    let defaults = defaults(lab);
    let mut maps = Vec::new();
    maps_of(&defaults, String::new(), &mut maps);
    assert!(maps.len() > 15, "{maps:?}");
    for path in maps {
        let mut values = json!({});
        let mut place = &mut values;
        for key in path.split('/').filter(|key| !key.is_empty()) {
            place = &mut place[key];
        }
        // An object: where any key is the user's own, such a value is not.
        *place = json!({"tpyo": {}});
        refused(&values);
        if !is_the_users_own(&path) {
            *values.pointer_mut(&path).expect("just set") = json!({"tpyo": "x"});
            refused(&values);
        }
    }
}

/// Maps in which Kubernetes, too, takes any key.
fn is_the_users_own(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    let own = [
        "labels",
        "annotations",
        "nodeSelector",
        "podLabels",
        "podAnnotations",
        "requests",
        "limits",
    ];
    own.contains(&last)
}

/// JSON pointers of all maps.
fn maps_of(value: &Value, path: String, found: &mut Vec<String>) {
    if let Value::Object(map) = value {
        let map: &Map<String, Value> = map;
        for (key, value) in map {
            maps_of(value, format!("{path}/{key}"), found);
        }
        found.push(path);
    }
}
