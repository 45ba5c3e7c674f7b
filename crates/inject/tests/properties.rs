//! What holds for every object, tried on generated ones.

mod generate;

use std::collections::HashSet;

use kuberay::ports::{CLIENT, DASHBOARD, GCS_SERVER, METRICS, SERVE, SERVE_PREFIX};
use proptest::option;
use proptest::prelude::*;
use ray_serve_inject::{Operation, Outcome, Reason, Review, Warning, inject, mutate};
use serde_json::Value;

use generate::{any_object, cluster};

const HEAD: &str = "/spec/headGroupSpec/template/spec/containers/0";

/// `PROPTEST_CASES` asks for more. A failure prints its object: make a fixture of it.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    let asked = std::env::var_os("PROPTEST_CASES").map(|_| default.cases);
    ProptestConfig {
        cases: asked.unwrap_or(1000),
        failure_persistence: None,
        ..default
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_review_gives_an_outcome_whose_patch_applies(
        object in any_object(), old in option::of(any_object()), update in any::<bool>(),
    ) {
        let operation = if update { Operation::Update } else { Operation::Create };
        let outcome = inject(&Review { operation, object: &object, old_object: old.as_ref() });
        let result = patched(&object, &outcome);
        prop_assert_eq!(outcome.reason == Reason::Injected, result != object);
        prop_assert_eq!(outcome.reason == Reason::Injected, !outcome.patch.is_empty());
        for warning in &outcome.warnings {
            prop_assert!(warning.to_string().len() < 120, "{}", warning);
        }
    }

    #[test]
    fn a_second_run_changes_nothing(object in any_object()) {
        let outcome = mutate(&object);
        let again = mutate(&patched(&object, &outcome));
        prop_assert!(again.patch.is_empty(), "{}", again.patch);
        prop_assert_eq!(again.reason == Reason::AlreadyReady,
            matches!(outcome.reason, Reason::Injected | Reason::AlreadyReady));
    }

    #[test]
    fn applying_again_ends_at_what_is_stored_in_silence(object in any_object()) {
        let first = inject(&Review::create(&object));
        let stored = patched(&object, &first);
        let again = inject(&Review::update(&object, &stored));
        prop_assert_eq!(patched(&object, &again), stored);
        prop_assert_eq!(again.reason, first.reason);
        prop_assert_eq!(again.warnings, []);
    }

    #[test]
    fn only_additions_and_port_names(object in any_object()) {
        let result = patched(&object, &mutate(&object));
        prop_assert!(keeps(&object, &result, ""));
    }

    #[test]
    fn the_operator_gets_a_serve_port_and_no_name_or_number_twice(object in cluster()) {
        let outcome = mutate(&object);
        let result = patched(&object, &outcome);
        let ports = container_ports(&result);

        let serves = |name: &str| name == SERVE.name || name.starts_with(SERVE_PREFIX);
        let is_kept_back = is_published(&object) && is_moved_to(&object, SERVE.number.into());
        prop_assert!(is_kept_back || head_service(&result).iter().any(|(name, ..)| serves(name)));
        let names: HashSet<_> = ports.iter().map(|(name, _)| name).collect();
        prop_assert_eq!(names.len(), ports.len(), "a name twice: {:?}", ports);
        let twice = |ports: &[(String, u64)]| {
            ports.len() - ports.iter().map(|(_, number)| number).collect::<HashSet<_>>().len()
        };
        prop_assert_eq!(twice(&ports), twice(&container_ports(&object)), "{:?}", ports);

        let refused = is_refused(&head_service(&result));
        let said = outcome.warnings.iter().any(|warning| {
            matches!(warning, Warning::DeclaredTwice { .. } | Warning::InHeadService { .. })
        });
        prop_assert_eq!(refused, said, "{:?}", head_service(&result));
        if is_published(&object) {
            return Ok(());
        }
        // Serve's own port has to be in the container; all else stays out where it would clash.
        let before = head_service(&object);
        let for_serve = |(name, number, _): &(String, u64, bool)| {
            name == SERVE.name || *number == u64::from(SERVE.number)
        };
        if !before.iter().any(for_serve) {
            prop_assert!(!refused || is_refused(&before), "{:?}", head_service(&result));
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn nothing_but_serve_is_published_that_was_not(object in cluster()) {
        let outcome = mutate(&object);
        let result = patched(&object, &outcome);
        let serve: HashSet<u64> = container_ports(&result)
            .into_iter()
            .filter_map(|(name, number)| (name == SERVE.name).then_some(number))
            .collect();
        for number in published(&result).difference(&published(&object)) {
            // The operator adds its own metrics port to any head service without one.
            let is_operators = *number == u64::from(METRICS.number);
            prop_assert!(is_operators || serve.contains(number) && !is_moved_to(&object, *number), "{}", number);
        }
        let dangerous = [DASHBOARD, CLIENT, GCS_SERVER].map(|port| u64::from(port.number));
        if dangerous.iter().any(|number| published(&object).contains(number)) {
            let is_told = |warning: &Warning| matches!(warning, Warning::Published { .. });
            // Where start params move a port, another has its number.
            let moved = outcome.warnings.iter().any(is_told)
                || !object["spec"]["headGroupSpec"]["rayStartParams"].is_null();
            prop_assert!(moved, "{:?}", outcome.warnings);
        }
    }

    #[test]
    fn a_probe_by_name_means_the_same_port_afterwards(object in cluster()) {
        let result = patched(&object, &mutate(&object));
        let (before, after) = (meant(&object), meant(&result));
        prop_assert_eq!(before.len(), after.len());
        for (before, after) in before.iter().zip(&after) {
            prop_assert!(before.is_none() || before == after, "{:?} {:?}", before, after);
        }
    }

    #[test]
    fn what_an_earlier_version_injected_without_protocols_is_left_as_it_is(object in cluster()) {
        let mut stored = patched(&object, &mutate(&object));
        let ports = stored.pointer_mut(&format!("{HEAD}/ports")).and_then(Value::as_array_mut);
        for port in ports.into_iter().flatten().filter(|port| port["protocol"] == "TCP") {
            port.as_object_mut().unwrap().remove("protocol");
        }
        let again = mutate(&stored);
        prop_assert!(again.patch.is_empty(), "{}", again.patch);
    }
}

/// The numbers that those outside the Kubernetes cluster reach.
fn published(cluster: &Value) -> HashSet<u64> {
    if !is_published(cluster) {
        return HashSet::new();
    }
    let numbers = head_service(cluster).into_iter();
    numbers.map(|(_, number, _)| number).collect()
}

/// Whether start params move a port by which anybody runs code to this number.
fn is_moved_to(cluster: &Value, number: u64) -> bool {
    let params = cluster["spec"]["headGroupSpec"]["rayStartParams"].as_object();
    let mut params = params.into_iter().flatten();
    let number = number.to_string();
    params.any(|(key, value)| {
        key.ends_with("port") && key != "metrics-export-port" && *value == number
    })
}

/// The operator's rule: the head service's own type, or else the group's.
fn is_published(cluster: &Value) -> bool {
    let head = &cluster["spec"]["headGroupSpec"];
    let own = &head["headService"]["spec"];
    let types = [&own["type"], &head["serviceType"]];
    let given = types
        .iter()
        .find_map(|given| given.as_str().filter(|given| !given.is_empty()));
    matches!(given, Some("NodePort" | "LoadBalancer")) || own["externalIPs"].is_array()
}

/// The number of the port that each probe and hook means by a name, where a port has that name.
fn meant(cluster: &Value) -> Vec<Option<u64>> {
    let container = cluster.pointer(HEAD).unwrap();
    let ports = container_ports(cluster);
    let mut found = Vec::new();
    let lifecycle = &container["lifecycle"];
    for handler in [
        &container["startupProbe"],
        &container["readinessProbe"],
        &container["livenessProbe"],
        &lifecycle["postStart"],
        &lifecycle["preStop"],
    ] {
        for how in ["httpGet", "tcpSocket"] {
            let name = handler[how]["port"].as_str();
            let port = ports.iter().find(|(port, _)| Some(port.as_str()) == name);
            found.push(port.map(|(_, number)| *number));
        }
    }
    found
}

/// Whether `after` is `before` with nothing but the rules' additions and new names of ports.
fn keeps(before: &Value, after: &Value, place: &str) -> bool {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let kept = before.iter().all(|(key, value)| {
                let place = inner_place(place, key);
                after
                    .get(key)
                    .is_some_and(|after| keeps(value, after, &place))
            });
            let mut added = after.keys().filter(|key| !before.contains_key(*key));
            kept && added.all(|key| is_ours(&inner_place(place, key)))
        }
        (Value::Array(before), Value::Array(after)) => {
            let kept = before
                .iter()
                .zip(after)
                .all(|(before, after)| keeps(before, after, &inner_place(place, "#")));
            let grows = before.len() < after.len() && is_ours(place);
            kept && (before.len() == after.len() || grows)
        }
        // A null is as good as absent.
        (Value::Null, _) => before == after || is_ours(place),
        _ => {
            let is_renamed = [
                "/ports/#/name",
                "Probe/httpGet/port",
                "Probe/tcpSocket/port",
                "/postStart/httpGet/port",
                "/postStart/tcpSocket/port",
                "/preStop/httpGet/port",
                "/preStop/tcpSocket/port",
            ]
            .iter()
            .any(|end| place.ends_with(end));
            before == after || (place.starts_with("head/template/spec/containers/#/") && is_renamed)
        }
    }
}

/// A pointer without indices, so that one name stands for a place in every group and port.
fn inner_place(place: &str, key: &str) -> String {
    match (place, key) {
        ("", "spec") => "spec".to_owned(),
        ("spec", "headGroupSpec") => "head".to_owned(),
        ("spec/workerGroupSpecs", "#") => "worker".to_owned(),
        _ => format!("{place}/{key}"),
    }
}

/// The places that `docs/reference/injection.md` promises to touch, and nothing else: a rule that touches
/// another one adds it here.
fn is_ours(place: &str) -> bool {
    [
        "head/rayStartParams",
        "head/rayStartParams/dashboard-host",
        "head/rayStartParams/dashboard-agent-listen-port",
        "head/rayStartParams/metrics-export-port",
        "head/template/spec/containers/#/ports",
        "head/template/spec/containers/#/ports/#/name",
        "head/template/spec/containers/#/env",
        "worker/template/spec/containers/#/env",
        "head/template/metadata",
        "head/template/metadata/labels",
        "head/template/metadata/labels/ray.io/serve",
        "head/template/spec/terminationGracePeriodSeconds",
        "head/template/spec/containers/#/lifecycle",
        "head/template/spec/containers/#/lifecycle/preStop",
        "worker/template/spec/terminationGracePeriodSeconds",
        "worker/template/spec/containers/#/lifecycle",
        "worker/template/spec/containers/#/lifecycle/preStop",
    ]
    .contains(&place)
}

/// Name and number of the head container's ports, an unnamed one as the operator names it.
fn container_ports(cluster: &Value) -> Vec<(String, u64)> {
    let ports = cluster.pointer(&format!("{HEAD}/ports"));
    ports
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|port| {
            let number = port["containerPort"].as_u64().unwrap();
            match port["name"].as_str() {
                None | Some("") => (format!("{number}-port"), number),
                Some(name) => (name.to_owned(), number),
            }
        })
        .collect()
}

/// The ports of the head service as `KubeRay` 1.6 builds it: name, number, and whether it is TCP.
fn head_service(cluster: &Value) -> Vec<(String, u64, bool)> {
    let mut ports: Vec<_> = container_ports(cluster)
        .into_iter()
        .map(|(name, number)| (name, number, true))
        .collect();
    if ports.is_empty() {
        let defaults = [CLIENT, GCS_SERVER, DASHBOARD, METRICS, SERVE];
        ports.extend(defaults.map(|port| (port.name.to_owned(), port.number.into(), true)));
    }
    if !ports.iter().any(|(name, ..)| name == METRICS.name) {
        ports.push((METRICS.name.to_owned(), METRICS.number.into(), true));
    }
    let users = cluster.pointer("/spec/headGroupSpec/headService/spec/ports");
    for port in users.and_then(Value::as_array).into_iter().flatten() {
        ports.push((
            port["name"].as_str().unwrap().to_owned(),
            port["port"].as_u64().unwrap(),
            port["protocol"] != "UDP",
        ));
    }
    ports
}

/// What the API server's validation of a Service looks at: names, and number with protocol.
fn is_refused(ports: &[(String, u64, bool)]) -> bool {
    let mut names = HashSet::new();
    let mut numbers = HashSet::new();
    !ports
        .iter()
        .all(|(name, number, tcp)| names.insert(name) && numbers.insert((number, tcp)))
}

fn patched(object: &Value, outcome: &Outcome) -> Value {
    let mut result = object.clone();
    // Over the wire, as the API server gets it.
    let wire = serde_json::to_string(&outcome.patch).unwrap();
    let patch: json_patch::Patch = serde_json::from_str(&wire).unwrap();
    json_patch::patch(&mut result, &patch).unwrap();
    result
}

/// From the object to the patch on the wire and back: no machine number holds them.
#[test]
fn numbers_keep_their_digits() {
    let text = r#"{"apiVersion":"ray.io/v1","kind":"RayCluster","metadata":{"name":"a","annotations":{"ray.io/enable-serve-service":"true"}},"spec":{"id":123456789012345678901234567890,"spelled":[2.10,1e+5],"headGroupSpec":{"template":{"spec":{"containers":[{"name":"ray-head"}]}}}}}"#;
    let object: Value = serde_json::from_str(text).unwrap();
    assert_eq!(object.to_string(), text);
    let outcome = mutate(&object);
    assert_eq!(outcome.reason, Reason::Injected);
    let result = patched(&object, &outcome).to_string();
    assert!(
        result.contains(r#""id":123456789012345678901234567890,"spelled":[2.10,1e+5]"#),
        "{result}"
    );

    let wire = r#"[{"op":"add","path":"/a","value":{"id":123456789012345678901234567890,"spelled":[2.10,-1.5e-7]}}]"#;
    let patch: json_patch::Patch = serde_json::from_str(wire).unwrap();
    assert_eq!(serde_json::to_string(&patch).unwrap(), wire);
}
