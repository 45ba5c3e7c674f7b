//! Submit, get, call, change, remove, delete: a data scientist's day.

use e2e::{On, lab, serving, serving_anew, serving_kind};
use serde_json::{Value, json};

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn applications_come_and_go_with_the_submitted_config() {
    let serving = serving_anew();
    let both = lab().example("serve_config.yaml");

    serving
        .submit(&both, &["--wait"])
        .ok()
        .says_on(On::Stdout, "application/fruit_app created")
        .says_on(On::Stdout, "application/math_app created");
    let table = serving.ray_serve("get", &[]).ok();
    assert_eq!(
        table.stdout.lines().count(),
        3,
        "a header and two applications: {table}"
    );
    assert_eq!(table.stdout.matches("RUNNING").count(), 2, "{table}");
    assert_eq!(serving.call("/fruit", "[\"MANGO\", 2]"), "6");
    assert_eq!(serving.call("/calc", "[\"ADD\", 5]"), "8 pizzas please!");

    serving
        .submit(&both, &["--wait"])
        .ok()
        .says_on(On::Stdout, "application/fruit_app unchanged")
        .says_on(On::Stdout, "application/math_app unchanged");

    let dearer = both.replace("price: 3", "price: 7");
    assert_ne!(dearer, both);
    serving
        .submit(&dearer, &["--wait"])
        .ok()
        .says_on(On::Stdout, "application/fruit_app configured")
        .says_on(On::Stdout, "application/math_app unchanged");
    assert_eq!(serving.call("/fruit", "[\"MANGO\", 2]"), "14");

    serving
        .submit(&lab().example("serve_config_fruit.yaml"), &["--wait"])
        .ok()
        .says_on(On::Stdout, "application/math_app removed");
    serving
        .ray_serve("get", &[])
        .ok()
        .says_row(&["fruit_app", "RUNNING"])
        .never_says("math_app");

    serving
        .ray_serve("delete", &[])
        .ok()
        .says_on(On::Stdout, "application/fruit_app deleted");
    let nothing = serving.ray_serve("delete", &[]).ok();
    assert_eq!(nothing.stdout, "", "{nothing}");
    nothing.says("No Serve applications");
    let nothing = serving.ray_serve("get", &[]).ok();
    assert_eq!(nothing.stdout, "", "{nothing}");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn get_prints_the_camel_case_document_without_losing_anything() {
    let serving = serving_kind("both");
    serving
        .submit(&lab().example("serve_config.yaml"), &["--wait"])
        .ok();

    let json = serving.ray_serve("get", &["-o", "json"]).ok().json();
    let app = &json["applications"]["fruit_app"];
    assert_eq!(app["routePrefix"], "/fruit");
    let config = &app["deployedAppConfig"];
    assert_eq!(config["importPath"], "fruit.deployment_graph");
    assert_eq!(
        config["runtimeEnv"]["env_vars"]["PYTHONPATH"], "/test_dag",
        "a user's map keeps its keys"
    );
    let mango = &config["deployments"][0];
    assert_eq!(mango["name"], "MangoStand");
    assert_eq!(mango["numReplicas"], 1);
    assert_eq!(mango["userConfig"]["price"], 3, "a number stays a number");
    assert_eq!(mango["rayActorOptions"]["numCpus"], 0.1);
    let replica = &app["deployments"]["MangoStand"]["replicas"][0];
    assert_eq!(replica["state"], "RUNNING");
    assert!(
        replica["pid"].is_number() && replica["startTimeS"].is_number(),
        "{replica}"
    );

    let yaml = serving.ray_serve("get", &["-o", "yaml"]).ok();
    assert!(yaml.stdout.contains("routePrefix: /fruit"), "{yaml}");
    let raw = serving.ray_serve("get", &["-o", "raw"]).ok().json();
    assert_eq!(raw["applications"]["fruit_app"]["route_prefix"], "/fruit");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn values_that_yaml_readers_disagree_on_survive_submit_and_get() {
    let serving = serving_kind("fruit");
    let tricky = json!({
        "price": 3, "no": "yes", "mode": "0644", "time": "12:30:45", "version": "1.0",
        "nothing": "~", "exponent": "1e3", "text": "two\nlines\n", "big": 9_007_199_254_740_993_u64,
    });
    // A flow mapping of JSON is YAML; the file's other values stay as they are.
    let config = lab().example("serve_config_fruit.yaml");
    let config = config.replacen(
        "user_config:\n          price: 3",
        &format!("user_config: {tricky}"),
        1,
    );
    serving.submit(&config, &["--wait"]).ok();

    let of = |document: &Value| {
        document["applications"]["fruit_app"]["deployedAppConfig"]["deployments"][0]["userConfig"]
            .clone()
    };
    assert_eq!(
        of(&serving.ray_serve("get", &["-o", "json"]).ok().json()),
        tricky
    );
    let yaml = serving.ray_serve("get", &["-o", "yaml"]).ok().stdout;
    assert_eq!(of(&serving.python_reads(&yaml)), tricky);
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn waiting_for_an_application_that_cannot_start_says_why() {
    let serving = serving();
    let broken = lab()
        .example("serve_config_fruit.yaml")
        .replace("fruit.deployment_graph", "fruit.no_such_graph");
    let ran = serving.submit(&broken, &["--wait"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    ran.says("error: application/fruit_app is DEPLOY_FAILED: ")
        .says("no_such_graph")
        .never_says("Traceback");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn what_ray_refuses_changes_nothing() {
    let serving = serving_kind("fruit");
    let good = lab().example("serve_config_fruit.yaml");
    serving.submit(&good, &["--wait"]).ok();
    let deployed = || {
        let raw = serving.ray_serve("get", &["-o", "raw"]).ok().json();
        raw["applications"]["fruit_app"]["last_deployed_time_s"].clone()
    };
    let before = deployed();

    // Ray itself refuses this one, on every version, where nobody looks before.
    let refused = good.replacen("num_replicas: 1", "num_replicas: -1", 1);
    assert_ne!(refused, good);
    serving
        .submit(&refused, &["--validate=ignore"])
        .fails_in_one_sentence()
        .says("raycluster/test-cluster")
        .says("num_replicas")
        .never_says("Traceback");
    assert_eq!(deployed(), before);
}
