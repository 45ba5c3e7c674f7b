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
    let of_the_controller = ["pods", "services"].map(|what| format!("{RELEASE}-controller-{what}"));
    let all: BTreeSet<String> = both
        .iter()
        .cloned()
        .chain(of_the_controller.clone())
        .collect();
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
            all.clone()
        } else {
            BTreeSet::new()
        };
        assert_eq!(names(&objects, policy), expected, "{arguments:?} {values}");
        let bindings = names(&objects, &format!("{policy}Binding"));
        assert_eq!(bindings, expected, "{arguments:?} {values}");
        // Rights on pods are never unconfined, unless somebody wants them so.
        let mode = controller_mode(&objects);
        assert_eq!(mode == "--mode=pods", confined, "{arguments:?} {values}");
    }
    let unconfined =
        json!({"admissionPolicy": {"enabled": false}, "serveService": {"mode": "Pods"}});
    assert_eq!(controller_mode(&rendered(&[], &unconfined)), "--mode=pods");
    for mut values in others_make_the_certificate() {
        values["admissionPolicy"] = json!({"enabled": true});
        // The webhook has no rights then; the controller has its own.
        let expected = of_the_controller.clone().into();
        assert_eq!(names(&rendered(&[], &values), policy), expected);
    }
}

fn controller_mode(objects: &[Value]) -> String {
    let controller = object(objects, "Deployment", &format!("{RELEASE}-controller"));
    let arguments = &controller["spec"]["template"]["spec"]["containers"][0]["args"];
    arguments[1].as_str().expect("an argument").to_owned()
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_controller_has_rights_on_pods_in_mode_pods_only_and_where_it_is_told_to_look() {
    let resources = |objects: &[Value], kind: &str| -> BTreeSet<(String, String)> {
        let roles = objects.iter().filter(|object| object["kind"] == kind);
        let controllers = roles.filter(|role| {
            let name = role["metadata"]["name"].as_str().expect("a name");
            name.starts_with(&format!("{RELEASE}-controller"))
        });
        controllers
            .flat_map(|role| {
                let namespace = role["metadata"]["namespace"].as_str().unwrap_or_default();
                let granted = role["rules"].as_array().expect("rules").iter();
                let resources =
                    granted.flat_map(|rule| rule["resources"].as_array().expect("resources"));
                let named = resources.map(|resource| resource.as_str().expect("a resource"));
                let named: Vec<_> = named
                    .map(|resource| (namespace.to_owned(), resource.to_owned()))
                    .collect();
                named
            })
            .collect()
    };
    let set = |pairs: &[(&str, &str)]| -> BTreeSet<(String, String)> {
        let owned = pairs
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
        owned.collect()
    };
    let lease = set(&[(WEBHOOK_NAMESPACE, "leases")]);
    let objects = rendered(&[], &Value::Null);
    assert_eq!(resources(&objects, "Role"), lease);
    let everywhere = [
        ("", "rayclusters"),
        ("", "services"),
        ("", "pods"),
        ("", "events"),
    ];
    assert_eq!(resources(&objects, "ClusterRole"), set(&everywhere));

    let objects = rendered(&[], &json!({"serveService": {"mode": "Head"}}));
    let everywhere = [("", "rayclusters"), ("", "services"), ("", "events")];
    assert_eq!(resources(&objects, "ClusterRole"), set(&everywhere));

    let objects = rendered(&[], &json!({"serveService": {"namespaces": ["a"]}}));
    assert_eq!(resources(&objects, "ClusterRole"), BTreeSet::new());
    let there = [
        ("a", "rayclusters"),
        ("a", "services"),
        ("a", "pods"),
        ("a", "events"),
    ];
    let expected: BTreeSet<_> = set(&there).union(&lease).cloned().collect();
    assert_eq!(resources(&objects, "Role"), expected);
}

/// The API server would send reviews to it.
#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_webhook_s_service_selects_no_pod_of_the_controller() {
    let objects = rendered(&[], &Value::Null);
    let selector = &object(&objects, "Service", RELEASE)["spec"]["selector"];
    let selects = |labels: &Value| {
        let mut wanted = selector.as_object().expect("a selector").iter();
        wanted.all(|(key, value)| labels[key] == *value)
    };
    let mut seen = Vec::new();
    for object in &objects {
        let labels = match object["kind"].as_str() {
            Some("Deployment" | "Job") => &object["spec"]["template"]["metadata"]["labels"],
            Some("Pod") => &object["metadata"]["labels"],
            _ => continue,
        };
        seen.push((
            object["metadata"]["name"].as_str().expect("a name"),
            selects(labels),
        ));
    }
    seen.sort_unstable();
    let (controller, give_back, test) = (
        format!("{RELEASE}-controller"),
        format!("{RELEASE}-give-back"),
        format!("{RELEASE}-test"),
    );
    let expected = [
        (RELEASE, true),
        (&*controller, false),
        (&*give_back, false),
        (&*test, false),
    ];
    assert_eq!(seen, expected);
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn selectors_are_given_back_when_the_release_goes_and_when_the_controller_does() {
    for (enabled, hook) in [(true, "pre-delete"), (false, "post-upgrade,post-rollback")] {
        let objects = rendered(&[], &json!({"serveService": {"enabled": enabled}}));
        let job = object(&objects, "Job", &format!("{RELEASE}-give-back"));
        assert_eq!(job["metadata"]["annotations"]["helm.sh/hook"], hook);
        let deployments = names(&objects, "Deployment");
        assert_eq!(deployments.len(), if enabled { 2 } else { 1 });
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
