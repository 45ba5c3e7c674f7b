//! Looking at what runs: one cluster, many, and while things go away.

use e2e::{CLUSTER, Relay, Watching, lab, serving_anew, serving_kind};

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn what_runs_submitted_again_changes_nothing() {
    let serving = serving_kind("both");
    let both = lab().example("serve_config.yaml");
    serving.submit(&both, &["--wait"]).ok();
    for format in ["yaml", "json"] {
        let printed = serving.ray_serve("config", &["-o", format]).ok().stdout;
        let again = serving.submit(&printed, &[]).ok();
        assert_eq!(
            again.stdout, "application/fruit_app unchanged\napplication/math_app unchanged\n",
            "{again}"
        );
    }
    serving
        .ray_serve("config", &["math_app"])
        .ok()
        .says("conditional_dag.serve_dag")
        .never_says("fruit");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn status_finds_the_worker_that_has_no_proxy() {
    let serving = serving_anew();
    // Every pod of the cluster, but by a person's hand: the controller would take the worker out.
    select(
        serving.namespace(),
        r#"{"ray.io/is-ray-node": "yes", "ray.io/serve": null}"#,
    );
    serving
        .ray_serve("status", &[])
        .ok()
        .says("it runs no application")
        .says("kubectl ray serve submit test-cluster -n e2e-serving");
    let head_only = lab().example("serve_config_fruit.yaml") + "proxy_location: HeadOnly\n";
    serving.submit(&head_only, &[]).ok();
    serving
        .ray_serve("status", &["--wait-for=running", "--timeout", "2m"])
        .ok()
        .says("application/fruit_app")
        .says_row(&["proxies", "1/1", "healthy,", "HeadOnly,"])
        .says("1 of 2 endpoints of service/test-cluster-serve-svc run no healthy proxy")
        .says("put proxy_location: EveryNode into the Serve config");
    select(serving.namespace(), r#"{"ray.io/is-ray-node": null}"#);
    // The exit code of a wait is its answer.
    serving.ray_serve("delete", &[]).ok();
    let late = serving.ray_serve("status", &["--wait-for=running", "--timeout", "1s"]);
    assert_eq!((late.code, late.stdout.as_str()), (Some(1), ""), "{late}");
    late.says("error: timed out").says("it runs no application");
}

/// Merges keys into the selector of the serve service.
fn select(namespace: &str, keys: &str) {
    let service = format!("service/{CLUSTER}-serve-svc");
    let patch = format!(r#"{{"spec": {{"selector": {keys}}}}}"#);
    let merge = ["patch", "-n", namespace, &service, "--type=merge", "-p"];
    lab()
        .kubectl(&[&merge[..], &[patch.as_str()]].concat())
        .ok();
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn every_annotated_cluster_has_a_line_and_a_dead_one_a_reason() {
    let serving = serving_kind("fruit");
    let lab = lab();
    let _webhook = lab.with_webhook();
    let namespace = lab.namespace("e2e-seeing");
    let suspended = lab.example("raycluster.yaml").replace(
        "spec:\n  rayVersion",
        "spec:\n  suspend: true\n  rayVersion",
    );
    lab.apply(&namespace.name, &suspended).ok();
    let config = lab.example("serve_config_fruit.yaml");
    serving.submit(&config, &["--wait"]).ok();

    let all = lab.ray_serve(&["get", "-A"]).ok();
    let line = |namespace: &str| {
        let mut lines = all.stdout.lines();
        let found = lines.find(|line| line.starts_with(namespace));
        found.unwrap_or_else(|| panic!("no line of {namespace}: {all}"))
    };
    let serves = line(serving.namespace());
    assert!(
        serves.contains("1/1") && serves.contains("RUNNING"),
        "{all}"
    );
    assert!(serves.contains("test-cluster-serve-svc"), "{all}");
    assert!(line(&namespace.name).contains("suspended"), "{all}");

    lab.ray_serve(&["get", "-n", &namespace.name, "-o", "name"])
        .ok()
        .says("raycluster.ray.io/test-cluster");
    lab.ray_serve(&["get", "-n", "kube-system"])
        .ok()
        .says("No annotated RayClusters found in kube-system namespace.");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn watching_outlives_the_api_server() {
    let serving = serving_kind("fruit");
    let lab = lab();
    let config = lab.example("serve_config_fruit.yaml");
    serving.submit(&config, &["--wait"]).ok();
    let relay = Relay::to_api_server(lab);
    let flags = relay.flags();
    let mut there = vec![CLUSTER, "-n", serving.namespace(), "-w"];
    there.extend(flags.iter().map(String::as_str));
    let mut rows = Watching::ray_serve(&[&["get"], &there[..]].concat());
    let mut tree = Watching::ray_serve(&[&["status"], &there[..]].concat());
    let rows_at = rows.await_line(0, &["fruit_app", "RUNNING"]);
    let tree_at = tree.await_line(0, &["application/fruit_app", "RUNNING"]);

    relay.go_down();
    let rows_at = rows.await_line(rows_at, &["stderr: ", "still watching"]);
    let tree_at = tree.await_line(tree_at, &["stderr: ", "still watching"]);
    relay.come_back();
    rows.await_line(rows_at, &["stderr: ", "answers again."]);
    tree.await_line(tree_at, &["stderr: ", "answers again."]);
    let all = [rows.said(), tree.said()].concat();
    // A worker or a proxy may go meanwhile, for reasons of another test.
    let gone = |line: &&String| line.contains("fruit_app") && line.contains("gone");
    assert_eq!(all.iter().find(gone), None, "nothing went away");
}
