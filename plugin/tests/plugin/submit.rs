//! What `submit` sends, what it says about it, and what it makes of others who submit too.

use fake_ray::{ALWAYS, IDLE, On, Ray, Reply, Scenario, Server, deploy, running, state};
use serde_json::{Value, json};

use crate::support::{
    CONFIG, PATIENCE, RAY_VERSIONS, Run, assert_fails, fixtures, last_error, recorded, run, submit,
};

const FRUIT: &str =
    r#"{"applications":[{"name":"fruit_app","import_path":"fruit.deployment_graph"}]}"#;

fn done(run: &Run) {
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

/// From the field: short commits that look like numbers, and ids that no machine number holds.
#[test]
fn what_is_sent_is_what_serve_deploy_sends() {
    let ray = Ray::with(IDLE);
    let config = "applications:\n- name: a\n  import_path: m:x\n  args: {revision: 72225e2, other: 44e8123, shop: 08540, at: 12:30, id: 123456789012345678901234567890, 1.50: [yes, y]}\n";
    done(&submit(&ray.url(), config, &[]));
    assert_eq!(
        ray.submitted(),
        [
            r#"{"applications":[{"name":"a","import_path":"m:x","args":{"revision":"72225e2","other":"44e8123","shop":"08540","at":750,"id":123456789012345678901234567890,"1.5":[true,"y"]}}]}"#
        ]
    );
    let again = submit(&ray.url(), config, &[]);
    assert_eq!(again.stdout, "application/a unchanged\n");
    let other = config.replace("567890,", "567891,");
    let other = submit(&ray.url(), &other, &[]);
    assert_eq!(other.stdout, "application/a configured\n");
}

#[test]
fn a_config_ray_rejects_says_where_and_why() {
    for (ray, sentence) in [
        (
            "2.60.0",
            "rejected the Serve config, nothing was changed: applications.0.import_path: Field required",
        ),
        (
            "2.8.0",
            "rejected the Serve config, nothing was changed: applications.0.import_path: field required",
        ),
    ] {
        let (status, body) = recorded(ray, "err_missing_import_path");
        let refusal = move || Reply::Answer(status, body.clone());
        let ray = Ray::with(Scenario::of(IDLE).refuses(On::Put, ALWAYS, refusal));
        let url = ray.url();
        let sentence = format!("the Ray dashboard at {url}/ {sentence}");
        assert_fails(&submit(&url, CONFIG, &[]), &sentence);
    }
}

#[test]
fn the_file_is_sent_and_each_change_is_told() {
    for version in RAY_VERSIONS {
        let ray = Ray::with(recorded(version, "get_two_apps_running").1);
        let two_apps = std::fs::read_to_string(fixtures().join("serve/two_apps.yaml")).unwrap();
        let unchanged = submit(&ray.url(), &two_apps, &[]);
        assert_eq!(
            unchanged.stdout,
            "application/fruit_app unchanged\napplication/math_app unchanged\n"
        );

        let run = submit(&ray.url(), CONFIG, &[]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        assert_eq!(
            run.stdout,
            "application/fruit_app configured\napplication/math_app removed\n"
        );
        assert_eq!(ray.submitted()[1], FRUIT);
        let paths = ray.server.requests().into_iter().map(|sent| sent.path);
        assert!(
            paths
                .into_iter()
                .all(|path| path == "/api/serve/applications/")
        );
    }
}

#[test]
fn what_is_certainly_wrong_is_never_sent() {
    let server = Server::with_state(IDLE);
    for config in [
        "a: [",
        "",
        "applications.yaml",
        "import_path: a.b",
        "applications: [{name: a}, {name: a}]",
    ] {
        let run = submit(&server.url(), config, &[]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
        let last = last_error(&run);
        assert!(
            last.starts_with("error: ") && last.contains(" in standard input: nothing was sent"),
            "{}",
            run.stderr
        );
    }
    let url = server.url();
    let missing = run(&["serve", "submit", "x", "-f", "typo.yaml", "--address", &url]);
    assert_fails(
        &missing,
        "cannot read typo.yaml: No such file or directory (os error 2)",
    );
    let forced = submit(&url, "a: [", &["--validate=ignore"]);
    assert_fails(
        &forced,
        "standard input is not a Serve config: line 1, column 4: unclosed bracket '['",
    );
    assert!(server.methods().is_empty());
}

#[test]
fn a_dry_run_tells_the_plan_and_sends_nothing() {
    let ray = Ray::with(recorded("2.60.0", "get_two_apps_running").1);
    for flags in [["--dry-run=client", "--wait"], ["--dry-run", "--wait"]] {
        let run = submit(&ray.url(), CONFIG, &flags);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        assert_eq!(
            run.stdout,
            "application/fruit_app configured (dry run)\napplication/math_app removed (dry run)\n"
        );
    }
    assert!(ray.submitted().is_empty());
    let merged = submit(&ray.url(), CONFIG, &["--dry-run=client", "--merge"]);
    assert_eq!(
        merged.stdout,
        "application/fruit_app configured (dry run)\n"
    );
    assert!(ray.submitted().is_empty());
    let unknown = submit(&ray.url(), CONFIG, &["--dry-run=server"]);
    assert_eq!(
        (unknown.code, unknown.stderr.as_str()),
        (
            Some(2),
            "error: invalid value 'server' for '--dry-run[=<MODE>]'\n  [possible values: none, client]\n\n\
             For more information, try '--help'.\n"
        )
    );
    done(&submit(&ray.url(), CONFIG, &["--dry-run=none"]));
    assert_eq!(ray.submitted(), [FRUIT]);
}

/// The bytes Ray gave for an application's config, however often JSON is read in between.
fn bytes_of(document: &str, application: &str) -> String {
    let document: Value = serde_json::from_str(document).unwrap();
    document["applications"][application]["deployed_app_config"].to_string()
}

#[test]
fn merge_keeps_what_is_not_in_the_file_byte_for_byte() {
    for version in RAY_VERSIONS {
        let before = recorded(version, "get_two_apps_running").1;
        let math = bytes_of(&before, "math_app");
        let ray = Ray::with(before);
        let run = submit(&ray.url(), CONFIG, &["--merge"]);
        done(&run);
        assert_eq!(run.stdout, "application/fruit_app configured\n");
        let sent = &ray.submitted()[0];
        let tail = format!(
            r#""applications":[{{"name":"fruit_app","import_path":"fruit.deployment_graph"}},{math}]}}"#
        );
        assert!(sent.ends_with(&tail), "{sent}");
        let sent: Value = serde_json::from_str(sent).unwrap();
        assert_eq!(
            sent["http_options"]["host"], "127.0.0.1",
            "as it was started"
        );
        assert_eq!(sent["proxy_location"], "EveryNode");
        assert_eq!(ray.applications(), ["fruit_app", "math_app"]);
    }
}

#[test]
fn merge_into_nothing_is_a_plain_submit() {
    let ray = Ray::with(IDLE);
    let run = submit(&ray.url(), CONFIG, &["--merge"]);
    done(&run);
    assert_eq!(run.stdout, "application/fruit_app created\n");
    assert_eq!(ray.submitted(), [FRUIT]);
}

#[test]
fn merge_refuses_what_it_would_lose_and_sends_nothing() {
    let hidden = running(&json!({"name": "a", "runtime_env": {"env_vars": {"T": "<redacted>"}}}));
    let by_hand = json!({"status": "RUNNING", "deployed_app_config": null});
    for (application, sentence) in [
        (
            hidden,
            "application/a cannot be kept: the dashboard hides its environment variables (<redacted>), and sending that back would replace them\nhint: submit all applications without --merge",
        ),
        (
            by_hand,
            "application/a cannot be kept: it was started from Python (serve.run), and this version of Ray removes such an application with every submit",
        ),
    ] {
        let ray = Ray::with(state(&json!({ "a": application })));
        assert_fails(&submit(&ray.url(), CONFIG, &["--merge"]), sentence);
        assert!(ray.submitted().is_empty());
    }
    let ray = Ray::with(state(&json!({"a": running(&json!({"name": "a"}))})));
    let scaling = format!("target_capacity: 10\n{CONFIG}");
    assert_fails(
        &submit(&ray.url(), &scaling, &["--merge"]),
        "target_capacity 10 is for all applications, and none is what runs\nhint: take target_capacity out of the file, or submit all applications without --merge",
    );
    assert!(ray.submitted().is_empty());
}

const OTHER: &str = r#"{"applications":[{"name":"other","import_path":"o.app"}]}"#;

/// The state after a config that was submitted by somebody else.
fn with_only(config: &str) -> String {
    deploy(&state(&json!({})), config)
}

/// Somebody who read before us and writes after us: our change is gone, and theirs must stay.
#[test]
fn merge_submits_again_when_it_was_overwritten() {
    let ray = Ray::with(Scenario::of(state(&json!({}))).after_put(with_only(OTHER)));
    let run = submit(&ray.url(), CONFIG, &["--merge"]);
    done(&run);
    assert_eq!(run.stdout, "application/fruit_app created\n");
    assert_eq!(ray.applications(), ["fruit_app", "other"]);
    assert_eq!(ray.submitted().len(), 2);
}

/// It comes late: our first look was before theirs.
#[test]
fn merge_looks_for_a_while() {
    let theirs = with_only(OTHER);
    let ray = Ray::with(Scenario::of(state(&json!({}))).then_after(2, theirs));
    done(&submit(&ray.url(), CONFIG, &["--merge"]));
    assert_eq!(ray.applications(), ["fruit_app", "other"]);
    assert_eq!(ray.submitted().len(), 2);
}

#[test]
fn two_merges_at_once_both_arrive() {
    let ray = Ray::with(state(&json!({})));
    let url = ray.url();
    let names = ["a", "b", "c", "d"];
    let runs: Vec<_> = names
        .map(|name| {
            let url = url.clone();
            std::thread::spawn(move || {
                let config = format!("applications: [{{name: {name}, import_path: m.{name}}}]");
                submit(&url, &config, &["--merge"])
            })
        })
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    runs.iter().for_each(done);
    assert_eq!(ray.applications(), names);
}

#[test]
fn merge_gives_up_when_it_is_overwritten_every_time() {
    let theirs = with_only(r#"{"applications":[{"name":"other"}]}"#);
    let ray = Ray::with(Scenario::of(state(&json!({}))).after_each_put(theirs));
    assert_fails(
        &submit(&ray.url(), CONFIG, &["--merge"]),
        &format!(
            "raycluster/x was changed concurrently: application/fruit_app is not there\nhint: see kubectl ray serve get x --address {} and try again",
            ray.url()
        ),
    );
}

#[test]
fn a_plain_submit_that_was_overwritten_is_told() {
    let theirs = with_only(r#"{"applications":[{"name":"fruit_app","import_path":"other.app"}]}"#);
    let ray = Ray::with(Scenario::of(state(&json!({}))).after_put(theirs));
    assert_fails(
        &submit(&ray.url(), CONFIG, &[]),
        &format!(
            "raycluster/x was changed concurrently: application/fruit_app has another config\nhint: see kubectl ray serve get x --address {} and try again",
            ray.url()
        ),
    );
    assert_eq!(ray.submitted().len(), 1);
}

#[test]
fn settings_that_a_running_serve_ignores_are_warned_of() {
    for version in RAY_VERSIONS {
        let ray = Ray::with(recorded(version, "get_two_apps_running").1);
        let config = format!(
            "http_options: {{host: 127.0.0.1, port: 8123}}\nproxy_location: HeadOnly\n{CONFIG}"
        );
        let run = submit(&ray.url(), &config, &[]);
        done(&run);
        let what = format!(
            "a running Serve does not change it; kubectl ray serve delete x --address {} and submit again",
            ray.url()
        );
        assert_eq!(
            run.stderr,
            format!(
                "Warning: http_options.port stays 8000, not 8123: {what}\nWarning: proxy_location stays \"EveryNode\", not \"HeadOnly\": {what}\n"
            )
        );
    }
    let idle = Ray::with(IDLE);
    let config = format!("proxy_location: HeadOnly\n{CONFIG}");
    assert_eq!(submit(&idle.server.url(), &config, &[]).stderr, "");
}

/// The connection breaks after Ray has taken the config: it is not sent twice.
#[test]
fn a_lost_answer_to_a_config_that_arrived_is_a_success() {
    let ray = Ray::with(Scenario::of(IDLE).loses_the_answer(On::Put, ALWAYS, || Reply::Cut));
    let run = submit(&ray.url(), CONFIG, &[]);
    done(&run);
    assert_eq!(run.stdout, "application/fruit_app created\n");
    assert_eq!(ray.submitted().len(), 1);
}

#[test]
fn a_config_that_did_not_arrive_is_sent_again() {
    let ray = Ray::with(Scenario::of(IDLE).refuses(On::Put, 1, || Reply::Cut));
    done(&submit(&ray.url(), CONFIG, &[]));
    assert_eq!(ray.submitted(), [FRUIT, FRUIT]);
}

#[test]
fn no_answer_to_the_config_leaves_no_doubt_unsaid() {
    let ray = Ray::with(Scenario::of(IDLE).refuses(On::Put, ALWAYS, || Reply::Silence));
    let url = ray.url();
    let run = submit(&url, CONFIG, &["--request-timeout", PATIENCE]);
    assert_fails(
        &run,
        &format!(
            "the Ray dashboard at {url}/ did not answer the deployment within {PATIENCE}; it may have got through\n\
             hint: see kubectl ray serve get x --request-timeout {PATIENCE} --address {url}\n      raise --request-timeout to wait longer"
        ),
    );
}

#[test]
fn five_megabytes_arrive_whole() {
    let ray = Ray::with(IDLE);
    let model = "x".repeat(5 << 20);
    let deployment = json!({"name": "D", "user_config": {"model": model}});
    let config =
        json!({"applications": [{"name": "a", "import_path": "m.a", "deployments": [deployment]}]});
    done(&submit(&ray.url(), &config.to_string(), &["--merge"]));
    assert_eq!(ray.submitted(), [config.to_string()]);
}
