//! The serve service sends requests only to pods that answer.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use e2e::{CLUSTER, Serving, eventually, lab, serving, serving_anew};
use serde_json::{Value, json};

/// For the controller to see something and to have it changed, on a machine that does much else. One that was
/// installed a moment ago waits for the Lease of the one before.
const SOON: Duration = Duration::from_secs(120);

const HEAD_ONLY: &str = "proxy_location: HeadOnly
applications:
  - name: fruit_app
    import_path: fruit.deployment_graph
    route_prefix: /fruit
    runtime_env:
      env_vars: {PYTHONPATH: /test_dag}
    deployments:
      - {name: MangoStand, ray_actor_options: {num_cpus: 0.1}}
      - {name: OrangeStand, ray_actor_options: {num_cpus: 0.1}}
      - {name: PearStand, ray_actor_options: {num_cpus: 0.1}}
      - {name: FruitMarket, ray_actor_options: {num_cpus: 0.1}}
      - {name: DAGDriver, ray_actor_options: {num_cpus: 0.1}}
";

fn service() -> String {
    format!("service/{CLUSTER}-serve-svc")
}

fn selector(serving: &Serving) -> Value {
    lab().get(serving.namespace(), &service())["spec"]["selector"].clone()
}

/// Waits until the selector is what it should be.
#[track_caller]
fn await_selector(serving: &Serving, expected: &Value) {
    eventually("the serve service's selector", SOON, || {
        let selector = selector(serving);
        if selector == *expected {
            Ok(())
        } else {
            Err(selector.to_string())
        }
    });
}

fn narrowed() -> Value {
    json!({"ray.io/cluster": CLUSTER, "ray.io/serve": "true"})
}

/// The names of the pods that the serve service sends requests to.
fn endpoints(serving: &Serving) -> Vec<String> {
    let slices = lab().kubectl(&[
        "get",
        "endpointslice",
        "-n",
        serving.namespace(),
        "-l",
        &format!("kubernetes.io/service-name={CLUSTER}-serve-svc"),
        "-o",
        "jsonpath={range .items[*].endpoints[?(@.conditions.ready==true)]}{.targetRef.name}{\"\\n\"}{end}",
    ]);
    slices.ok().stdout.lines().map(str::to_owned).collect()
}

/// Sends requests to the service from this node, a connection each; returns how many were answered.
fn answered(serving: &Serving, requests: usize) -> usize {
    let service = lab().get(serving.namespace(), &service());
    let ip = service["spec"]["clusterIP"].as_str().expect("a cluster IP");
    let address: SocketAddr = format!("{ip}:8000").parse().expect("an address");
    let ask = || {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok()?;
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .ok()?;
        let request = "GET /-/healthz HTTP/1.1\r\nHost: serve\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.starts_with("HTTP/1.1 200").then_some(())
    };
    (0..requests).filter_map(|_| ask()).count()
}

fn patch_service(serving: &Serving, patch: &Value) {
    let patch = ["--type=merge", "-p", &patch.to_string()];
    lab()
        .kubectl(
            &[
                &["patch", "-n", serving.namespace(), &service()],
                &patch[..],
            ]
            .concat(),
        )
        .ok();
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn with_proxies_on_the_head_only_no_request_goes_to_a_worker() {
    let serving = serving_anew();
    // The controller comes and goes with it.
    let _webhook = lab().with_webhook();
    serving.submit(HEAD_ONLY, &["--wait"]).ok();
    await_selector(&serving, &narrowed());
    let head = serving.head().replace("pod/", "");
    eventually("the head as the only endpoint", SOON, || {
        let endpoints = endpoints(&serving);
        if endpoints == [head.clone()] {
            Ok(())
        } else {
            Err(format!("{endpoints:?}"))
        }
    });
    // kube-proxy follows the endpoints; without the controller half of these are refused.
    eventually("fifty answers in a row", SOON, || {
        match answered(&serving, 50) {
            50 => Ok(()),
            fewer => Err(format!("{fewer} of 50")),
        }
    });
    assert_eq!(answered(&serving, 200), 200);
    let told = lab().kubectl(&[
        "events",
        "-n",
        serving.namespace(),
        "--for",
        &format!("raycluster/{CLUSTER}"),
    ]);
    let told = told.ok().stdout;
    assert!(told.contains("ServeServiceNarrowed"), "{told}");
    assert!(
        told.contains(&format!("pod/{head} gets requests")),
        "{told}"
    );
    // The next test wants proxies everywhere.
    serving.ray_serve("delete", &[]).ok();
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_service_that_is_made_anew_is_narrowed_again_and_an_edited_one_is_left_alone() {
    let serving = serving();
    let _webhook = lab().with_webhook();
    serving
        .submit(&lab().example("serve_config_fruit.yaml"), &["--wait"])
        .ok();
    await_selector(&serving, &narrowed());
    let delete = ["delete", "-n", serving.namespace(), &service()];
    lab().kubectl(&delete).ok();
    eventually("the operator's new service", SOON, || {
        let get = ["get", "-n", serving.namespace(), &service()];
        let ran = lab().kubectl(&get);
        if ran.code == Some(0) {
            Ok(())
        } else {
            Err(ran.stderr)
        }
    });
    await_selector(&serving, &narrowed());

    patch_service(&serving, &json!({"spec": {"selector": {"team": "blue"}}}));
    eventually("an Event about the edited selector", SOON, || {
        let told = lab().kubectl(&["events", "-n", serving.namespace()]).ok();
        if told.stdout.contains("ServeSelectorEdited") {
            Ok(())
        } else {
            Err(told.stdout)
        }
    });
    let edited = json!({"ray.io/cluster": CLUSTER, "ray.io/serve": "true", "team": "blue"});
    assert_eq!(selector(&serving), edited);

    // As KubeRay made it: that is nobody's edit any more.
    patch_service(
        &serving,
        &json!({"spec": {"selector": {"team": null, "ray.io/serve": null}}}),
    );
    await_selector(&serving, &narrowed());
}
