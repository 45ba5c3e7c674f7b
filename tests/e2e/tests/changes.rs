//! Changing some applications and keeping the others, alone and with others who do the same.

use std::thread;

use e2e::{CLUSTER, On, Serving, eventually, lab, serving, serving_kind};
use serde_json::{Value, json};

const FRUIT: &str = "serve_config_fruit.yaml";

/// `math_app` of the examples, alone.
fn math() -> String {
    let both = lab().example("serve_config.yaml");
    let (_, math) = both.split_once("  - name: math_app\n").unwrap();
    let code = "runtime_env: {env_vars: {PYTHONPATH: /test_dag}}";
    let math = math.replace("runtime_env: *code", code);
    assert!(math.contains(code), "{math}");
    format!("applications:\n  - name: math_app\n{math}")
}

/// What Ray has as an application's config: its own text, key by key and digit by digit.
fn config_of(serving: &Serving, application: &str) -> String {
    let raw = serving.ray_serve("get", &["-o", "raw"]).ok().json();
    raw["applications"][application]["deployed_app_config"].to_string()
}

fn applications(serving: &Serving) -> Vec<String> {
    let raw = serving.ray_serve("get", &["-o", "raw"]).ok().json();
    let applications = raw["applications"].as_object().unwrap();
    let stays = |(_, application): &(&String, &Value)| application["status"] != "DELETING";
    let mut names: Vec<String> = applications
        .iter()
        .filter(stays)
        .map(|(name, _)| name.clone())
        .collect();
    names.sort();
    names
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn merge_and_delete_touch_only_what_is_named() {
    let serving = serving();
    let tricky =
        json!({"increment": 3, "big": 9_007_199_254_740_993_u64, "small": 1e-9, "text": "a\nb"});
    let math = math().replacen(
        "user_config:\n          increment: 3",
        &format!("user_config: {tricky}"),
        1,
    );
    assert!(math.contains("9007199254740993"), "{math}");
    serving.submit(&math, &["--wait"]).ok();
    let kept = config_of(&serving, "math_app");

    let merged = serving
        .submit(&lab().example(FRUIT), &["--merge", "--wait"])
        .ok();
    assert_eq!(merged.stdout, "application/fruit_app created\n");
    assert_eq!(config_of(&serving, "math_app"), kept);
    assert_eq!(serving.call("/fruit", "[\"MANGO\", 2]"), "6");
    assert_eq!(serving.call("/calc", "[\"ADD\", 5]"), "8 pizzas please!");

    // Five megabytes of somebody's model, kept as well.
    let padding = "x".repeat(5 << 20);
    let large = lab().example(FRUIT).replacen(
        "price: 3",
        &format!("price: 3\n          model: {padding}"),
        1,
    );
    serving.submit(&large, &["--merge"]).ok();
    let fruit = config_of(&serving, "fruit_app");
    assert!(fruit.contains(&padding));

    let unknown = serving.ray_serve("delete", &["math_app", "nope"]);
    unknown
        .fails_in_one_sentence()
        .says("application/nope not found")
        .says("it has fruit_app, math_app");
    let dry = serving
        .ray_serve("delete", &["math_app", "--dry-run=client"])
        .ok();
    assert_eq!(dry.stdout, "application/math_app deleted (dry run)\n");
    assert_eq!(applications(&serving), ["fruit_app", "math_app"]);

    let deleted = serving
        .ray_serve("delete", &["math_app", "nope", "--ignore-not-found"])
        .ok();
    assert_eq!(deleted.stdout, "application/math_app deleted\n");
    assert_eq!(config_of(&serving, "fruit_app"), fruit);
    serving.ray_serve("get", &[]).ok().never_says("math_app");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn two_merges_at_once_both_arrive() {
    let serving = serving();
    let (fruit, math) = (lab().example(FRUIT), math());
    thread::scope(|scope| {
        let runs = [&fruit, &math].map(|config| {
            scope.spawn(|| {
                let arguments = ["submit", CLUSTER, "-n", serving.namespace(), "-f", "-"];
                lab().ray_serve_with(&[&arguments[..], &["--merge"]].concat(), config)
            })
        });
        for (run, name) in runs.into_iter().zip(["fruit_app", "math_app"]) {
            let created = format!("application/{name} created");
            run.join().unwrap().ok().says_on(On::Stdout, &created);
        }
    });
    assert_eq!(applications(&serving), ["fruit_app", "math_app"]);
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_plan_is_told_without_being_done() {
    let serving = serving();
    serving.submit(&math(), &["--wait"]).ok();
    let planned = serving
        .submit(&lab().example(FRUIT), &["--dry-run=client"])
        .ok();
    assert_eq!(
        planned.stdout,
        "application/fruit_app created (dry run)\napplication/math_app removed (dry run)\n"
    );
    assert_eq!(applications(&serving), ["math_app"]);
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn settings_that_a_running_serve_ignores_are_warned_of() {
    let serving = serving_kind("fruit");
    let config = lab().example(FRUIT);
    serving.submit(&config, &["--wait"]).ok();
    let port = || {
        let raw = serving.ray_serve("get", &["-o", "raw"]).ok().json();
        raw["http_options"]["port"].clone()
    };
    let other = format!("http_options: {{port: 8123}}\nproxy_location: HeadOnly\n{config}");
    serving
        .submit(&other, &["--wait"])
        .ok()
        .says("Warning: http_options.port stays 8000, not 8123")
        .says("Warning: proxy_location stays \"EveryNode\", not \"HeadOnly\"")
        .says("kubectl ray serve delete test-cluster");
    assert_eq!(port(), 8000, "as the warning has it");
}

/// The labels are what the operator puts on the clusters it makes for a RayService.
#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_cluster_of_a_rayservice_is_only_changed_by_force() {
    let serving = serving();
    let cluster = format!("raycluster/{CLUSTER}");
    let label = |labels: [&str; 2]| {
        // Another test may have the API server refuse what its webhook does not answer.
        let _webhook = lab().with_webhook();
        let arguments = ["label", "--overwrite", "-n", serving.namespace(), &cluster];
        lab().kubectl(&[&arguments[..], &labels].concat()).ok();
    };
    label([
        "ray.io/originated-from-crd=RayService",
        "ray.io/originated-from-cr-name=story",
    ]);
    let config = lab().example(FRUIT);
    let refused = [
        serving.submit(&config, &[]),
        serving.ray_serve("delete", &[]),
    ];
    let forced = serving.submit(&config, &["--allow-owned"]);
    label([
        "ray.io/originated-from-crd-",
        "ray.io/originated-from-cr-name-",
    ]);
    for ran in refused {
        ran.fails_in_one_sentence()
            .says("belongs to rayservice/story")
            .says("or pass --allow-owned");
    }
    forced
        .ok()
        .says_on(On::Stdout, "application/fruit_app created");
    eventually("fruit_app", std::time::Duration::from_secs(60), || {
        let names = applications(&serving);
        if names == ["fruit_app"] {
            Ok(())
        } else {
            Err(format!("{names:?}"))
        }
    });
}
