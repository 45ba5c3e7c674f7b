//! Looking into a running cluster: logs, one call, the dashboard.

use e2e::{CLUSTER, RELEASE, WEBHOOK_NAMESPACE, lab, serving_kind};

const FRUIT: &str = "serve_config_fruit.yaml";

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn logs_of_all_processes_of_serve_are_read() {
    let serving = serving_kind("fruit");
    serving.submit(&lab().example(FRUIT), &["--wait"]).ok();
    serving.call("/fruit", "[\"MANGO\", 2]");

    let all = serving
        .ray_serve("logs", &["fruit_app", "--tail", "100"])
        .ok();
    // The request went through these two, whose logs are merged.
    for part in ["fruit_app/FruitMarket/", "fruit_app/MangoStand/", " OK "] {
        assert!(all.stdout.contains(part), "{part}: {all}");
    }
    let mango = |line: &&str| line.starts_with("fruit_app/MangoStand/");
    let line = all.stdout.lines().find(mango).unwrap();
    let name = line.split(' ').next().unwrap();
    let log = serving.ray_serve("logs", &[name]).ok();
    assert!(log.stdout.contains(" OK "), "{log}");
    log.never_says(&format!("{name} "));
    serving
        .ray_serve("logs", &["--controller"])
        .ok()
        .says("Adding 1 replica to");
    let log = serving.ray_serve("logs", &["--proxy"]).ok();
    let proxies = log.stdout.lines().all(|line| line.starts_with("proxy/"));
    assert!(proxies && !log.stdout.is_empty(), "{log}");
    serving
        .ray_serve("logs", &["fruit_app/MangoStand/none"])
        .fails_in_one_sentence()
        .says("replica/none of deployment/MangoStand not found");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn an_application_is_called_through_the_head() {
    let serving = serving_kind("fruit");
    serving.submit(&lab().example(FRUIT), &["--wait"]).ok();
    let ran = serving
        .ray_serve("call", &["/fruit", "-d", "[\"MANGO\", 2]"])
        .ok();
    assert_eq!(ran.stdout, "6", "{ran}");
    let ran = serving.ray_serve("call", &["/typo"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    ran.says("answered 404 Not Found\nhint: applications are at /fruit");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn versions_of_all_sides_and_each_request_are_told() {
    let lab = lab();
    let serving = serving_kind("fruit");
    let ran = serving.ray_serve("version", &["-v=6"]).ok();
    let ray = format!("Ray: {} (raycluster/{CLUSTER})", lab.prepared.ray);
    let webhook = format!("(deployment/{RELEASE} in namespace {WEBHOOK_NAMESPACE}");
    ran.says(&format!("Client: {}\n", env!("CARGO_PKG_VERSION")))
        .says(&webhook)
        .says(&ray)
        .says("/portforward?&ports=8265 101 Switching Protocols in ")
        .says(":8265/api/version 200 OK in ");
    let of_nobody = ["version", "--as", "e2e-nobody"];
    let unknown =
        "Webhook: unknown: not allowed to list deployments in all namespaces: User \"e2e-nobody\"";
    lab.ray_serve(&of_nobody).ok().says(unknown);
}
