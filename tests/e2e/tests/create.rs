//! RayClusters from flags, on a cluster that has the webhook, and by users who may and may not.

use e2e::lab;

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn what_create_makes_is_what_the_api_server_keeps() {
    let lab = lab();
    let _webhook = lab.with_webhook();
    let space = lab.namespace("e2e-create");
    let create = |namespace: &str, dry_run: &str| {
        lab.ray_serve(&[
            "create",
            "small",
            "-n",
            namespace,
            "--workers",
            "0",
            dry_run,
            "-o",
            "json",
        ])
    };
    let shown = create(&space.name, "--dry-run=client").ok().json();
    let kept = create(&space.name, "--dry-run=server").ok().json();
    let head = "/spec/headGroupSpec";
    let params = format!("{head}/rayStartParams");
    assert_eq!(kept.pointer(&params), shown.pointer(&params));
    let ports = |cluster: &serde_json::Value| -> Vec<(String, u64)> {
        let ports = cluster.pointer(&format!("{head}/template/spec/containers/0/ports"));
        let ports = ports.unwrap().as_array().unwrap().iter();
        let read = |port: &serde_json::Value| {
            let name = port["name"].as_str().unwrap();
            (name.to_owned(), port["containerPort"].as_u64().unwrap())
        };
        ports.map(read).collect()
    };
    assert_eq!(ports(&kept), ports(&shown));
    assert_eq!(
        kept["spec"]["workerGroupSpecs"][0]["maxReplicas"],
        shown["spec"]["workerGroupSpecs"][0]["maxReplicas"]
    );
    // Nothing of it was kept.
    lab.kubectl(&["get", "raycluster", "-n", &space.name])
        .ok()
        .says("No resources found");
    create("e2e-no-such-namespace", "--dry-run=server")
        .fails_in_one_sentence()
        .says("e2e-no-such-namespace");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn creating_is_a_right_of_its_own() {
    let lab = lab();
    let _webhook = lab.with_webhook();
    let space = lab.namespace("e2e-create-rights");
    let create = [
        "create",
        "small",
        "-n",
        &space.name,
        "--dry-run=server",
        "--as",
        "e2e-creator",
    ];
    lab.ray_serve(&create)
        .fails_in_one_sentence()
        .says("not allowed to create raycluster/small")
        .says("User \"e2e-creator\"");
    let role = lab.example("role_creator.yaml");
    let role = role.replace("name: ada", "name: e2e-creator");
    lab.apply(&space.name, &role).ok();
    lab.ray_serve(&create).ok().says("created (server dry run)");
}
