//! `status`: what it shows of recorded states, and what it finds wrong.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kubectl_ray::command::status::problems::{Problem, problems};
use kubectl_ray::command::status::report::{Kubernetes, Report};
use kubectl_ray::command::status::{show_at, traffic};
use kubectl_ray::connect::serve_service::{Endpoint, Service};
use kubectl_ray::connect::{Error, Next, RayCluster};
use kubectl_ray::output::Style;
use ray_serve_client::Details;
use serde_json::{Value, json};

use crate::support::{RAY_VERSIONS, assert_golden, recorded};

/// Ten minutes after the last deployment.
fn soon_after(details: &Details) -> SystemTime {
    let deployed = details
        .applications
        .values()
        .filter_map(|application| application.last_deployed_time_s);
    UNIX_EPOCH + Duration::from_secs_f64(deployed.fold(0.0, f64::max)) + Duration::from_secs(600)
}

fn details(state: &Value) -> Details {
    serde_json::from_value(state.clone()).unwrap()
}

/// A cluster that serves, with a worker beside its head.
fn kubernetes() -> Kubernetes {
    let cluster = json!({
        "metadata": {"name": "x", "namespace": "team", "annotations": {"ray.io/enable-serve-service": "true"}},
        "spec": {"rayVersion": "2.60.0"},
    });
    let service = json!({
        "metadata": {"name": "x-serve-svc", "namespace": "team"},
        "spec": {"selector": {"ray.io/cluster": "x"}, "ports": [{"name": "serve", "port": 8000, "targetPort": 8000}]},
    });
    let endpoint = |address: &str, pod: &str| Endpoint {
        address: address.into(),
        pod: Some(pod.into()),
        ready: true,
    };
    Kubernetes {
        cluster: serde_json::from_value::<RayCluster>(cluster).unwrap(),
        head: Some("x-head".into()),
        service: Ok(Some(serde_json::from_value::<Service>(service).unwrap())),
        endpoints: Ok(vec![
            endpoint("192.0.2.2", "x-head"),
            endpoint("192.0.2.3", "x-worker"),
        ]),
    }
}

pub(crate) fn serving(more: &Value) -> Value {
    let mut state = json!({
        "controller_info": {"node_id": "n"}, "proxy_location": "EveryNode",
        "http_options": {"host": "0.0.0.0", "port": 8000},
        "proxies": {"a": {"node_ip": "192.0.2.2", "status": "HEALTHY"}, "b": {"node_ip": "192.0.2.3", "status": "HEALTHY"}},
        "applications": {"a": {"status": "RUNNING", "last_deployed_time_s": 1000.0}},
    });
    for (key, value) in more.as_object().unwrap() {
        state[key] = value.clone();
    }
    state
}

fn found(kubernetes: Kubernetes, state: &Value) -> Vec<Problem> {
    let report = Report {
        name: "x".into(),
        next: Next::default().in_namespace("team"),
        kubernetes: Some(kubernetes),
        serve: Ok(details(state)),
        reasons: BTreeMap::new(),
        routes: None,
    };
    problems(&report, UNIX_EPOCH + Duration::from_secs(2000))
}

#[track_caller]
fn assert_one(found: &[Problem], what: &str, next: &str) {
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (
            found[0].what.as_str(),
            found[0].next.as_deref().unwrap_or_default()
        ),
        (what, next)
    );
}

#[test]
fn recorded_states() {
    for ray in RAY_VERSIONS {
        let mut all = String::new();
        for name in crate::recorded::states(ray) {
            let state: Value = serde_json::from_str(&recorded(ray, name).1).unwrap();
            let details = details(&state);
            let now = soon_after(&details);
            let report = Report {
                name: "x".into(),
                next: Next::default().in_namespace("team"),
                kubernetes: Some(kubernetes()),
                serve: Ok(details),
                reasons: BTreeMap::new(),
                routes: None,
            };
            all.push_str(&format!(
                "# {name}\n{}\n",
                show_at(&report, Style::PLAIN, now)
            ));
        }
        assert_golden(&format!("{ray}/status.txt"), &all);
    }
}

#[test]
fn all_is_well_where_it_is() {
    assert_eq!(found(kubernetes(), &serving(&json!({}))), []);
}

#[test]
fn endpoints_that_run_no_proxy_are_the_gap() {
    let head = json!({"a": {"node_ip": "192.0.2.2", "status": "HEALTHY"}});
    let state = serving(&json!({"proxies": head, "proxy_location": "HeadOnly"}));
    assert_one(
        &found(kubernetes(), &state),
        "1 of 2 endpoints of service/x-serve-svc run no healthy proxy, and requests sent there fail: pod/x-worker",
        "put proxy_location: EveryNode into the Serve config, then kubectl ray serve delete x -n team and submit it",
    );
    let mut not_ready = kubernetes();
    not_ready.endpoints.as_mut().unwrap()[1].ready = false;
    assert_eq!(found(not_ready, &state), []);
}

#[test]
fn a_proxy_that_is_not_healthy_is_told_and_counts_as_none() {
    let proxies = json!({"a": {"node_ip": "192.0.2.2", "status": "HEALTHY"}, "b": {"node_ip": "192.0.2.3", "status": "PAUSED"}});
    let found = found(kubernetes(), &serving(&json!({"proxies": proxies})));
    assert_eq!(found[0].what, "the proxy at 192.0.2.3 is PAUSED");
    assert!(found[1].what.starts_with("1 of 2 endpoints"), "{found:?}");
}

#[test]
fn ports_and_hosts_that_do_not_meet_are_told() {
    let state = serving(&json!({"http_options": {"host": "0.0.0.0", "port": 9000}}));
    assert_one(
        &found(kubernetes(), &state),
        "service/x-serve-svc sends to port 8000, but Serve listens on 9000",
        "put http_options: {port: 8000} into the Serve config, then kubectl ray serve delete x -n team and submit it",
    );
    let state = serving(&json!({"http_options": {"host": "127.0.0.1", "port": 8000}}));
    assert_one(
        &found(kubernetes(), &state),
        "Serve listens on 127.0.0.1 only, where service/x-serve-svc cannot reach it",
        "put http_options: {host: 0.0.0.0} into the Serve config, then kubectl ray serve delete x -n team and submit it",
    );
}

fn orders(ports: &[Value]) -> Vec<Vec<Value>> {
    if ports.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (index, first) in ports.iter().enumerate() {
        let mut rest = ports.to_vec();
        rest.remove(index);
        for mut order in orders(&rest) {
            order.insert(0, first.clone());
            all.push(order);
        }
    }
    all
}

fn with_ports(ports: &[Value]) -> Kubernetes {
    let mut kubernetes = kubernetes();
    let declared = json!([{"name": "http-port", "containerPort": 8000}]);
    kubernetes.cluster.spec.head_group_spec.template =
        json!({"spec": {"containers": [{"ports": declared}]}});
    let service = kubernetes.service.as_mut().unwrap().as_mut().unwrap();
    service.spec.ports = serde_json::from_value(json!(ports)).unwrap();
    kubernetes
}

/// The operator makes a service of a map: its ports come in any order, another one each time.
#[test]
fn the_order_of_a_service_s_ports_says_nothing() {
    let port = |name: &str, number: u16, target: Value| json!({"name": name, "port": number, "targetPort": target});
    let sends =
        |target| format!("service/x-serve-svc sends to port {target}, but Serve listens on 8000");
    let grpc = json!({"port": 9000, "grpc_servicer_functions": ["m:add"]});
    let moved = json!({"port": 9001, "grpc_servicer_functions": ["m:add"]});
    for (ports, grpc, expected) in [
        (
            vec![
                port("serve-http", 8000, json!(8000)),
                port("serve-grpc", 9000, json!(9000)),
            ],
            json!(null),
            vec![],
        ),
        (
            vec![
                port("serve", 80, json!(8000)),
                port("metrics", 8080, json!(8080)),
                port("serve-grpc", 9000, json!(9000)),
            ],
            grpc.clone(),
            vec![],
        ),
        (
            vec![
                port("serve-grpc", 9000, json!(9000)),
                port("web", 80, json!("http-port")),
                port("serve-x", 9100, json!(9100)),
            ],
            grpc.clone(),
            vec![],
        ),
        (
            vec![
                port("serve-http", 8001, json!(8001)),
                port("serve-grpc", 9000, json!(9000)),
            ],
            json!(null),
            vec![sends(8001)],
        ),
        (
            vec![
                port("serve", 9000, json!(9000)),
                port("serve-api", 8001, json!(8001)),
            ],
            grpc.clone(),
            vec![sends(8001)],
        ),
        (
            vec![
                port("serve-grpc", 9000, json!(9000)),
                port("serve-metrics", 8080, json!(8080)),
            ],
            grpc,
            vec![
                "service/x-serve-svc has no port that sends to 8000, where Serve listens for HTTP"
                    .to_owned(),
            ],
        ),
        (
            vec![
                port("serve", 8000, json!(8000)),
                port("serve-grpc", 9000, json!(9000)),
            ],
            moved,
            vec![
                "service/x-serve-svc sends gRPC to port 9000, but Serve listens for it on 9001"
                    .to_owned(),
            ],
        ),
        // A name that the head does not declare may be any number.
        (
            vec![port("serve-http", 8000, json!("unknown"))],
            json!(null),
            vec![],
        ),
    ] {
        let mut shown = Vec::new();
        for order in orders(&ports) {
            let kubernetes = with_ports(&order);
            let state = serving(&json!({"grpc_options": grpc}));
            let problems = found(kubernetes, &state);
            let whats: Vec<String> = problems
                .iter()
                .map(|problem| problem.what.clone())
                .collect();
            assert_eq!(whats, expected, "{order:?}");
            shown.push(format!("{problems:?}"));
        }
        shown.dedup();
        assert_eq!(shown.len(), 1, "{shown:?}");
    }
}

#[test]
fn a_failed_application_says_what_still_answers() {
    let failed =
        json!({"fruit": {"status": "DEPLOY_FAILED", "message": "no module", "deployments": {}}});
    let state = serving(&json!({"applications": failed}));
    let what = |routes: &Value| {
        let report = Report {
            name: "x".into(),
            next: Next::default(),
            kubernetes: Some(kubernetes()),
            serve: Ok(details(&state)),
            reasons: BTreeMap::new(),
            routes: Some(Ok(serde_json::from_value(routes.clone()).unwrap())),
        };
        let found = problems(&report, UNIX_EPOCH + Duration::from_secs(2000));
        found[0].what.clone()
    };
    assert_eq!(
        what(&json!({"/fruit": "fruit"})),
        "application/fruit is DEPLOY_FAILED: no module; the proxy on pod/x-head still has route /fruit for it, so the version before answers"
    );
    assert_eq!(
        what(&json!({})),
        "application/fruit is DEPLOY_FAILED: no module; the proxy on pod/x-head has no route for it, so nothing answers"
    );
}

#[test]
fn a_running_application_without_a_route_is_told() {
    let state =
        serving(&json!({"applications": {"a": {"status": "RUNNING", "route_prefix": "/a"}}}));
    let report = |routes: &Value| Report {
        name: "x".into(),
        next: Next::default(),
        kubernetes: Some(kubernetes()),
        serve: Ok(details(&state)),
        reasons: BTreeMap::new(),
        routes: Some(Ok(serde_json::from_value(routes.clone()).unwrap())),
    };
    let missing = traffic::problems(&report(&json!({"/b": "b"})));
    assert_eq!(
        missing[0].what,
        "the proxy on pod/x-head has no route for application/a"
    );
    let well = report(&json!({"/a": "a"}));
    assert_eq!(traffic::problems(&well), []);
    assert_eq!(
        traffic::well(&well).unwrap(),
        "The proxy on pod/x-head has the route /a; all 2 endpoints of service/x-serve-svc run a healthy proxy."
    );
}

#[test]
fn a_missing_serve_service_says_why() {
    let mut plain = kubernetes();
    plain.service = Ok(None);
    plain.cluster.metadata.annotations.clear();
    assert_one(
        &found(plain, &serving(&json!({}))),
        "it has no serve service, because annotation ray.io/enable-serve-service is not \"true\"",
        "kubectl annotate raycluster/x -n team --overwrite ray.io/enable-serve-service=true",
    );
    let mut no_port = kubernetes();
    no_port.service = Ok(None);
    no_port.cluster.spec.head_group_spec.template = json!({"spec": {"containers": [{"ports": [{"name": "dashboard", "containerPort": 8265}]}]}});
    let problems = found(no_port, &serving(&json!({})));
    assert!(
        problems[0].what.ends_with("declares no port named serve"),
        "{problems:?}"
    );
}

#[test]
fn without_rights_on_services_nothing_is_claimed_about_them() {
    let mut blind = kubernetes();
    let forbidden = || Error::Forbidden {
        action: "list services in namespace team".into(),
        message: "no".into(),
    };
    blind.service = Err(forbidden());
    blind.endpoints = Err(forbidden());
    let report = Report {
        name: "x".into(),
        next: Next::default().in_namespace("team"),
        kubernetes: Some(blind),
        serve: Ok(details(&serving(&json!({})))),
        reasons: BTreeMap::new(),
        routes: None,
    };
    let now = UNIX_EPOCH + Duration::from_secs(2000);
    assert_eq!(problems(&report, now), []);
    let shown = show_at(&report, Style::PLAIN, now);
    assert!(
        shown.contains("not allowed to list services in namespace team: no"),
        "{shown}"
    );
}

#[test]
fn applications_say_their_cause_and_none_says_how_to_submit() {
    let failed = json!({"a": {"status": "DEPLOY_FAILED", "message": "Traceback (most recent call last):\n  x\nRuntimeError: no model"}});
    assert_one(
        &found(kubernetes(), &serving(&json!({"applications": failed}))),
        "application/a is DEPLOY_FAILED: RuntimeError: no model",
        "fix it, then kubectl ray serve submit x -n team -f FILE --wait",
    );
    let stuck = json!({"a": {"status": "DEPLOYING", "last_deployed_time_s": 1000.0,
        "deployments": {"big": {"status": "UPDATING", "required_resources": {"CPU": 100.0}}}}});
    assert_one(
        &found(kubernetes(), &serving(&json!({"applications": stuck}))),
        "application/a is DEPLOYING for 16m: Ray gives no reason, the cluster may lack the resources (big needs 100.0 CPU for each replica)",
        "kubectl describe raycluster/x -n team",
    );
    assert_one(
        &found(kubernetes(), &serving(&json!({"applications": {}}))),
        "it runs no application: none was submitted, Serve was shut down, or the head restarted",
        "kubectl ray serve submit x -n team -f FILE --wait",
    );
}
