//! What the chart renders to that keeps others out, and itself in.

use std::collections::BTreeSet;

use e2e::{CHART, RELEASE, WEBHOOK_NAMESPACE, documents, lab_as_it_is, object};
use serde_json::{Value, json};

fn rendered(arguments: &[&str], values: &Value) -> Vec<Value> {
    let ran = lab_as_it_is().template_with(RELEASE, WEBHOOK_NAMESPACE, arguments, values);
    documents(&ran.ok().stdout)
}

fn names(objects: &[Value], kind: &str) -> BTreeSet<String> {
    let of_kind = objects.iter().filter(|object| object["kind"] == kind);
    of_kind
        .filter_map(|object| object["metadata"]["name"].as_str())
        .map(str::to_owned)
        .collect()
}

fn others_make_the_certificate() -> [Value; 2] {
    [
        json!({"certManager": {"enabled": true}}),
        json!({"existingSecret": {"name": "own", "caBundle": "Q0E="}}),
    ]
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_webhook_is_confined_wherever_it_has_rights_and_the_api_server_can() {
    let both = BTreeSet::from([RELEASE.to_owned(), format!("{RELEASE}-ca")]);
    let policy = "ValidatingAdmissionPolicy";
    let forced = json!({"admissionPolicy": {"enabled": true}});
    let without = json!({"admissionPolicy": {"enabled": false}});
    let api = |kind: &str| format!("--api-versions=v1/Secret,{kind}");
    let (has, lacks) = (
        api("admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy"),
        api("apps/v1/Deployment"),
    );
    for (arguments, values, confined) in [
        // Nobody to ask: the version says it.
        (vec![], &Value::Null, true),
        (vec!["--kube-version=1.30.0"], &Value::Null, true),
        (
            vec!["--kube-version=v1.30.2-eks-1552ad0"],
            &Value::Null,
            true,
        ),
        (vec!["--kube-version=1.29.9"], &Value::Null, false),
        // As Argo CD does, and helm itself when it installs.
        (vec![has.as_str()], &Value::Null, true),
        (vec![lacks.as_str()], &Value::Null, false),
        (vec!["--kube-version=1.29.9"], &forced, true),
        (vec![lacks.as_str()], &forced, true),
        (vec![has.as_str()], &without, false),
    ] {
        let objects = rendered(&arguments, values);
        let expected = if confined {
            both.clone()
        } else {
            BTreeSet::new()
        };
        assert_eq!(names(&objects, policy), expected, "{arguments:?} {values}");
        let bindings = names(&objects, &format!("{policy}Binding"));
        assert_eq!(bindings, expected, "{arguments:?} {values}");
    }
    for mut values in others_make_the_certificate() {
        values["admissionPolicy"] = json!({"enabled": true});
        assert_eq!(names(&rendered(&[], &values), policy), BTreeSet::new());
    }
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn helm_says_where_nothing_confines_the_webhook() {
    const WARNING: &str = "No admission policy confines the webhook";
    let notes = |values: &[&str]| {
        let install = ["install", "switches", CHART, "-n", "default"];
        let more = ["--dry-run=server", "--set", "fullnameOverride=switches"];
        let ran = lab_as_it_is().run("helm", &[&install[..], &more, values].concat());
        ran.ok().says("are now made ready to serve")
    };
    notes(&[]).never_says(WARNING);
    notes(&["--set", "admissionPolicy.enabled=false"]).says(WARNING);
    let own = "existingSecret.name=own,existingSecret.caBundle=Q0E=";
    notes(&["--set", own]).never_says(WARNING);
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_policies_are_about_the_webhook_s_own_service_account() {
    let values = json!({"serviceAccount": {"name": "other"}, "fullnameOverride": "full"});
    let objects = rendered(&[], &values);
    for name in ["full", "full-ca"] {
        let policy = object(&objects, "ValidatingAdmissionPolicy", name);
        let conditions = &policy["spec"]["matchConditions"];
        let user = format!("system:serviceaccount:{WEBHOOK_NAMESPACE}:other");
        let expression = format!("request.userInfo.username == '{user}'");
        assert_eq!(conditions[0]["expression"], json!(expression));
        let binding = object(&objects, "ValidatingAdmissionPolicyBinding", name);
        assert_eq!(
            binding["spec"],
            json!({"policyName": name, "validationActions": ["Deny"]})
        );
    }
}

/// No Secret that one way of making the certificate leaves is in another one's way.
#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn no_two_ways_of_making_the_certificate_use_one_secret() {
    let own = names(&rendered(&["--skip-tests"], &Value::Null), "Secret");
    let file = format!("{CHART}/values-cert-manager.yaml");
    let objects = rendered(&["--skip-tests", "-f", &file], &Value::Null);
    let certificates = objects.iter().filter(|o| o["kind"] == "Certificate");
    let made: Vec<String> = certificates
        .filter_map(|certificate| certificate["spec"]["secretName"].as_str())
        .map(str::to_owned)
        .collect();
    assert_eq!((own.len(), made.len()), (1, 2));
    assert!(made.iter().all(|name| !own.contains(name)), "{made:?}");
    assert_ne!(made[0], made[1]);
}

fn network_policy(values: &Value, name: &str) -> Value {
    let mut values = values.clone();
    values["networkPolicy"]["enabled"] = json!(true);
    object(&rendered(&[], &values), "NetworkPolicy", name)["spec"].clone()
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_network_policy_lets_in_and_out_what_is_needed_and_nothing_else() {
    let labels = |name: &str| {
        json!({"matchLabels": {
            "app.kubernetes.io/name": name, "app.kubernetes.io/instance": RELEASE,
        }})
    };
    let test = format!("{RELEASE}-test");
    let (webhook, probe) = (labels(RELEASE), labels(&test));
    let anywhere = json!([{"ports": [{"port": 443}, {"port": 6443}]}]);
    assert_eq!(
        network_policy(&json!({}), RELEASE),
        json!({
            "podSelector": webhook,
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"ports": [{"port": "https"}]}, {"ports": [{"port": "admin"}]}],
            "egress": anywhere,
        })
    );

    let control_plane = json!({"ipBlock": {"cidr": "10.0.0.0/28"}});
    let prometheus = json!({"namespaceSelector": {"matchLabels": {"team": "monitoring"}}});
    let values = json!({"networkPolicy": {
        "from": [control_plane],
        "metricsFrom": [prometheus],
        "apiServer": {"to": [control_plane], "ports": [443]},
    }});
    let there = json!({"ports": [{"port": 443}], "to": [control_plane]});
    assert_eq!(
        network_policy(&values, RELEASE),
        json!({
            "podSelector": webhook,
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {"ports": [{"port": "https"}], "from": [control_plane, {"podSelector": probe}]},
                {"ports": [{"port": "admin"}], "from": [prometheus]},
            ],
            "egress": [there],
        })
    );
    // The probe goes to the API server, and to the webhook, to say which of them is to blame.
    assert_eq!(
        network_policy(&values, &test),
        json!({
            "podSelector": probe,
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [],
            "egress": [there, {"ports": [{"port": "https"}], "to": [{"podSelector": webhook}]}],
        })
    );
    for values in others_make_the_certificate() {
        assert_eq!(network_policy(&values, RELEASE)["egress"], json!([]));
    }
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn an_image_by_digest_has_no_tag() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let image = json!({"repository": "registry.example.com:5000/w", "tag": "1", "digest": digest});
    for object in rendered(&[], &json!({"image": image})) {
        let pod = match object["kind"].as_str() {
            Some("Deployment") => &object["spec"]["template"]["spec"],
            Some("Pod") => &object["spec"],
            _ => continue,
        };
        let expected = format!("registry.example.com:5000/w@{digest}");
        assert_eq!(pod["containers"][0]["image"], json!(expected));
    }
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn kubernetes_waits_for_as_long_as_the_webhook_takes_to_end() {
    for (delay, seconds) in [
        ("0s", 30),
        ("5s", 35),
        ("500ms", 31),
        ("99999ms", 130),
        ("999s", 1029),
    ] {
        let objects = rendered(&[], &json!({"shutdownDelay": delay}));
        let pod = &object(&objects, "Deployment", RELEASE)["spec"]["template"]["spec"];
        assert_eq!(pod["terminationGracePeriodSeconds"], seconds, "{delay}");
        let arguments = pod["containers"][0]["args"].as_array().expect("arguments");
        let given = json!(format!("--shutdown-delay={delay}"));
        assert!(arguments.contains(&given));
        assert!(arguments.contains(&json!("--drain-timeout=10s")));
    }
}
