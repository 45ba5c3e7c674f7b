//! `config`: what runs, as a file that changes nothing when it is submitted.

use std::io::Write;
use std::process::Stdio;

use fake_ray::Server;
use serde_json::{Value, json};

use crate::support::{RAY_VERSIONS, Run, assert_fails, assert_golden, plugin, recorded, run};

fn config(server: &Server, flags: &[&str]) -> Run {
    let url = server.url();
    run(&[&["serve", "config", "x", "--address", &url], flags].concat())
}

#[test]
fn what_runs_is_a_config_that_changes_nothing() {
    for ray in RAY_VERSIONS {
        let server = Server::with_state(recorded(ray, "get_two_apps_running").1);
        let printed = config(&server, &[]);
        assert_eq!((printed.code, printed.stderr.as_str()), (Some(0), ""));
        assert_golden(&format!("{ray}/two_apps_config.yaml"), &printed.stdout);

        let url = server.url();
        let mut submit = plugin(&["serve", "submit", "x", "-f", "-", "--address", &url])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = submit.stdin.take().unwrap();
        stdin.write_all(printed.stdout.as_bytes()).unwrap();
        drop(stdin);
        let submitted = Run::from(submit.wait_with_output().unwrap());
        assert_eq!(
            submitted.stdout, "application/fruit_app unchanged\napplication/math_app unchanged\n",
            "{}",
            submitted.stderr
        );
    }
}

#[test]
fn json_has_the_same_config_and_no_comments() {
    let server = Server::with_state(recorded("2.60.0", "get_two_apps_running").1);
    let json: Value = serde_json::from_str(&config(&server, &["-o", "json"]).stdout).unwrap();
    assert_eq!(
        kubectl_ray::yaml::parse(&config(&server, &[]).stdout).unwrap(),
        json
    );
    let one: Value =
        serde_json::from_str(&config(&server, &["-o", "json", "math_app"]).stdout).unwrap();
    assert_eq!(one["applications"], json!([json["applications"][1]]));
}

#[test]
fn numbers_keep_their_digits() {
    let state = r#"{"applications": {"a": {"status": "RUNNING", "deployed_app_config": {"name": "a", "import_path": "m:x", "args": {"id": 123456789012345678901234567890123456789012345678901234567890, "rate": 1e-07}}}}}"#;
    let server = Server::with_state(state.to_owned());
    let yaml = config(&server, &[]).stdout;
    let json = config(&server, &["-o", "json"]).stdout;
    let url = server.url();
    let get = |format| run(&["serve", "get", "x", "--address", &url, "-o", format]).stdout;
    for printed in [yaml, json, get("json"), get("yaml")] {
        let id = "123456789012345678901234567890123456789012345678901234567890";
        assert!(
            printed.contains(&format!("id: {id}\n")) || printed.contains(&format!("\"id\": {id},")),
            "{printed}"
        );
        let read = kubectl_ray::yaml::go_yaml::documents(&printed).unwrap();
        assert!(
            read[0].value.to_string().contains("\"rate\":1e-7"),
            "{printed}"
        );
    }
}

#[test]
fn what_is_missing_is_said_in_the_file_and_beside_it() {
    // A name that would end the comment and go on as YAML.
    let name = "by\nhand: 1";
    let state = json!({"applications": {(name): {"status": "RUNNING", "source": "imperative"}}});
    let printed = config(&Server::with_state(state.to_string()), &[]);
    let said = "application/by hand: 1, which was started from Python (serve.run)";
    assert_eq!(
        printed.stderr,
        format!("Warning: not in this config: {said}\n")
    );
    assert!(printed.stdout.contains(&format!("# Not in it: {said}.\n")));
    assert_eq!(
        kubectl_ray::yaml::parse(&printed.stdout).unwrap(),
        json!({"applications": []})
    );
}

#[test]
fn the_config_of_a_failed_application_is_called_what_it_is() {
    for ray in RAY_VERSIONS {
        let server = Server::with_state(recorded(ray, "get_broken_import_attr").1);
        let printed = config(&server, &[]);
        assert_eq!(printed.code, Some(0));
        let sentence = "is DEPLOY_FAILED: this is the config that failed";
        assert!(printed.stderr.contains(sentence), "{}", printed.stderr);
        assert!(!printed.stdout.contains(sentence));
    }
}

#[test]
fn an_unknown_application_is_told() {
    let server = Server::with_state(recorded("2.8.0", "get_two_apps_running").1);
    assert_fails(
        &config(&server, &["math"]),
        "application/math not found on raycluster/x: it has fruit_app, math_app",
    );
}
