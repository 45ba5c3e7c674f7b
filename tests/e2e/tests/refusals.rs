//! What cannot work is said in one sentence, with exit 1, and changes nothing.

use e2e::{CLUSTER, On, lab, serving, serving_kind};

/// Every command that asks something of a cluster.
fn commands() -> [Vec<&'static str>; 3] {
    [
        vec!["get"],
        vec!["submit", "-f", "examples/serve_config.yaml"],
        vec!["delete"],
    ]
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn an_unknown_cluster_is_named_with_its_namespace() {
    for command in commands() {
        lab()
            .ray_serve(&[&command[..], &["no-such-cluster", "-n", "default"]].concat())
            .fails_in_one_sentence()
            .says("raycluster/no-such-cluster not found in namespace default");
    }
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_cluster_without_a_head_says_so() {
    let lab = lab();
    let _webhook = lab.with_webhook();
    let namespace = lab.namespace("e2e-no-head");
    let manifest = lab.example("raycluster.yaml").replace(
        "spec:\n  rayVersion",
        "spec:\n  suspend: true\n  rayVersion",
    );
    lab.apply(&namespace.name, &manifest).ok();
    for command in commands() {
        lab.ray_serve(&[&command[..], &[CLUSTER, "-n", &namespace.name]].concat())
            .fails_in_one_sentence()
            .says("raycluster/test-cluster")
            .says("is suspended (spec.suspend)");
    }
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_user_without_rights_learns_which_are_missing() {
    lab()
        .ray_serve(&["get", CLUSTER, "-n", "default", "--as", "e2e-nobody"])
        .fails_in_one_sentence()
        .says("User \"e2e-nobody\" cannot get resource \"rayclusters\"");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_user_who_may_not_forward_ports_learns_both_verbs() {
    let serving = serving();
    let role = lab()
        .example("role.yaml")
        .replace("name: ada", "name: e2e-eve");
    let role = role
        .replace("ray-serve-user", "e2e-eve")
        .replace("pods/portforward", "pods/log");
    lab().apply(serving.namespace(), &role).ok();
    serving
        .ray_serve("get", &["--as", "e2e-eve"])
        .fails_in_one_sentence()
        .says("ask for the verbs create and get on pods/portforward");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_role_of_the_readme_is_all_a_user_needs() {
    let serving = serving_kind("fruit");
    let lab = lab();
    lab.grant_to_user(serving.namespace(), "e2e-ada");
    let config = lab.example("serve_config_fruit.yaml");
    let ada = ["--as", "e2e-ada"];
    serving
        .submit(&config, &[&["--wait"], &ada[..]].concat())
        .ok();
    serving
        .ray_serve("get", &ada)
        .ok()
        .says_row(&["fruit_app", "RUNNING"]);
    serving
        .ray_serve("delete", &ada)
        .ok()
        .says_on(On::Stdout, "application/fruit_app deleted");
}
