//! What Ray accepts without a word, or answers with a traceback, never reaches it.

use e2e::{On, lab, serving, serving_anew, serving_kind};

const GOOD: &str = "\
applications:
- name: fruit_app
  import_path: fruit.deployment_graph
  route_prefix: /fruit
  runtime_env: {env_vars: {PYTHONPATH: /test_dag}}
";

/// Configs with one mistake each, and what is said of it.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("not YAML", "applications: [", "unclosed"),
    ("empty", "", "empty"),
    ("a list", "- name: fruit_app\n", "applications"),
    (
        "no applications",
        "http_options: {port: 8000}\n",
        "applications",
    ),
    (
        "two documents",
        "applications: []\n---\napplications: []\n",
        "document",
    ),
    (
        "one name twice",
        "applications:\n- {name: a, import_path: a.b}\n- {name: a, import_path: a.c, route_prefix: /c}\n",
        "named \"a\"",
    ),
    (
        "unknown at the top",
        "aplications: []\napplications: []\n",
        "\"applications\"",
    ),
    (
        "unknown in an application",
        "applications: [{name: a, import_path: 'm:x', num_replicas: 2}]\n",
        "deployments",
    ),
    (
        "unknown in a deployment",
        "applications: [{name: a, import_path: 'm:x', deployments: [{name: d, num_replica: 2}]}]\n",
        "\"num_replicas\"",
    ),
    (
        "unknown in http_options",
        "http_options: {location: EveryNode}\napplications: []\n",
        "proxy_location",
    ),
    (
        "a route without a slash",
        "applications: [{name: a, import_path: 'm:x', route_prefix: fruit}]\n",
        "\"/fruit\"",
    ),
    (
        "a route with a slash too many",
        "applications: [{name: a, import_path: 'm:x', route_prefix: /fruit/}]\n",
        "\"/fruit\"",
    ),
    (
        "a route with a wildcard",
        "applications: [{name: a, import_path: 'm:x', route_prefix: '/{x}'}]\n",
        "wildcards",
    ),
    (
        "min above max",
        "applications: [{name: a, import_path: 'm:x', deployments: [{name: d, autoscaling_config: {min_replicas: 3, max_replicas: 2}}]}]\n",
        "min_replicas 3 is above max_replicas 2",
    ),
    (
        "min above the default of max",
        "applications: [{name: a, import_path: 'm:x', deployments: [{name: d, autoscaling_config: {min_replicas: 3}}]}]\n",
        "min_replicas 3 is above max_replicas 1",
    ),
    (
        "an environment variable that is a number",
        "applications: [{name: a, import_path: 'm:x', runtime_env: {env_vars: {N: 5}}}]\n",
        "quotes",
    ),
    (
        "code on this machine",
        "applications: [{name: a, import_path: 'm:x', runtime_env: {working_dir: ./src}}]\n",
        "--working-dir",
    ),
];

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn mistakes_are_told_before_anything_is_sent() {
    let serving = serving_kind("good");
    serving.submit(GOOD, &["--wait"]).ok();
    for (case, config, says) in MISTAKES {
        let ran = serving.submit(config, &[]);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(1), ""),
            "{case}: {ran}"
        );
        assert!(ran.stderr.contains(says), "{case}: {ran}");
        assert!(ran.stderr.contains("nothing was sent"), "{case}: {ran}");
    }
    serving
        .ray_serve("submit", &["-f", "no/such/file.yaml"])
        .fails_in_one_sentence()
        .says("no/such/file.yaml");
    serving
        .ray_serve("get", &[])
        .ok()
        .says_row(&["fruit_app", "RUNNING"]);
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_names_of_another_ray_are_told() {
    let serving = serving();
    let config = |name: &str| {
        let deployment = format!("{{name: d, {name}: 2}}");
        format!("applications: [{{name: a, import_path: 'm:x', deployments: [{deployment}]}}]")
    };
    let dry = |name: &str| serving.submit(&config(name), &["--dry-run=client"]);
    if lab().has_ray_2_8() {
        dry("max_ongoing_requests")
            .ok()
            .says("\"max_ongoing_requests\" needs Ray 2.10.0 or later");
        dry("max_concurrent_queries").ok().never_says("needs");
    } else {
        let ran = dry("max_concurrent_queries");
        assert_eq!(ran.code, Some(1), "{ran}");
        ran.says("is called \"max_ongoing_requests\" since Ray 2.10.0");
        dry("max_ongoing_requests").ok().never_says("needs");
    }
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn diff_shows_what_submit_then_does() {
    let serving = serving_kind("good");
    serving.submit(GOOD, &["--wait"]).ok();
    let diff = |config: &str| serving.ray_serve_with("diff", &["-f", "-"], config);
    let same = diff(GOOD);
    assert_eq!((same.code, same.stdout.as_str()), (Some(0), ""), "{same}");
    let other = GOOD.replace("name: fruit_app", "name: other_app");
    let ran = diff(&other)
        .says("+++ application/other_app in standard input")
        .says("--- application/fruit_app on raycluster/test-cluster");
    assert_eq!(ran.code, Some(1), "{ran}");
    let broken = diff("applications: [");
    assert_eq!(broken.code, Some(2), "{broken}");
    serving
        .submit(&other, &[])
        .ok()
        .says_on(On::Stdout, "application/other_app created")
        .says_on(On::Stdout, "application/fruit_app removed");
    assert_eq!(diff(&other).code, Some(0));
}

/// What `validate` lets through Ray takes, in all the shapes of its documentation.
#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn ray_takes_the_configs_of_its_documentation() {
    let serving = serving_anew();
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/serve/docs");
    for entry in std::fs::read_dir(docs).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        // Those for the Ray that runs here, as their first line says.
        let ray = format!(" {}", lab().prepared.ray);
        if text.lines().next().unwrap_or_default().contains(&ray) {
            // Their code is nowhere: Ray takes over what it then cannot import, except for policies
            // and routers, which it imports at once.
            // Of some it makes virtual environments meanwhile, with all cores.
            let ran = serving.submit(&text, &["--request-timeout", "2m"]);
            let lacks_code = ran.stderr.contains("No module named");
            assert!(
                ran.code == Some(0) || lacks_code,
                "{}: {ran}",
                path.display()
            );
        }
    }
    serving.ray_serve("delete", &[]).ok();
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn no_validate_leaves_it_to_ray() {
    let serving = serving();
    // Ray ignores what it does not know, and says itself what it refuses.
    let odd = format!("colour: red\n{GOOD}");
    serving.submit(&odd, &["--validate=ignore"]).ok();
    let twice = "applications:\n- {name: a, import_path: a.b}\n- {name: b, import_path: a.c}\n";
    serving
        .submit(twice, &["--validate=ignore"])
        .fails_in_one_sentence()
        .says("Found duplicate applications for route prefix \"/\"");
    // Here Ray has taken the first application over when it refuses the second.
    let number = "applications:\n- {name: a, import_path: a.b, route_prefix: /a}\n- {name: b, import_path: a.c, route_prefix: /b, runtime_env: {env_vars: {N: 5}}}\n";
    serving
        .submit(number, &["--validate=ignore"])
        .fails_in_one_sentence()
        .says("runtime_env['env_vars'] must be of type")
        .says("may have taken others");
}
