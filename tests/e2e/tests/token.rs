//! A cluster that asks for a Ray token: it comes from the cluster's Secret, and is never shown.

use base64::{Engine, prelude::BASE64_STANDARD};
use e2e::{CLUSTER, On, Own, Ran, Watching, lab};
use serde_json::json;

const WRONG: &str = "a-wrong-token";

/// `kubectl ray serve …` with a token of the user's own, and whatever makes programs talkative.
fn with_token(token: Option<&str>, arguments: &[&str]) -> Ran {
    let mut command = lab().prepared.command("kubectl");
    command.args(["ray", "serve"]).args(arguments);
    command
        .env("RUST_LOG", "trace")
        .env_remove("RAY_AUTH_TOKEN");
    if let Some(token) = token {
        command.env("RAY_AUTH_TOKEN", token);
    }
    Ran::command(&mut command, None)
}

struct Secretive {
    own: Own,
    token: String,
}

impl Secretive {
    /// `kubectl ray serve VERB test-cluster …`, which shows no token, right or wrong.
    #[track_caller]
    fn run(&self, token: Option<&str>, verb: &str, more: &[&str]) -> Ran {
        let there = [verb, CLUSTER, "-n", self.own.namespace()];
        let ran = with_token(token, &[&there[..], more].concat());
        ran.never_says(&self.token)
            .never_says(&BASE64_STANDARD.encode(&self.token))
            .never_says(WRONG)
    }

    fn put_into_secret(&self, secret: &str, token: &str) {
        let object = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": secret}, "stringData": {"auth_token": token},
        });
        let apply = ["--server-side", "--force-conflicts"];
        lab()
            .apply_with(self.own.namespace(), &object.to_string(), &apply)
            .ok();
    }
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_cluster_with_tokens_is_used_as_any_other() {
    let lab = lab();
    if lab.prepared.ray.starts_with("2.8.") {
        println!("skipped: Ray 2.8 has no token authentication");
        return;
    }
    let own = Own::create("e2e-token", |manifest| {
        let with_tokens = "spec:\n  authOptions: {mode: token}\n  rayVersion";
        manifest.replace("spec:\n  rayVersion", with_tokens)
    });
    let config = lab.example("serve_config_fruit.yaml");
    own.submit(&config, &["--wait"])
        .ok()
        .says_on(On::Stderr, "application/fruit_app: RUNNING");
    // The operator's, who makes it where nobody else does.
    let secret = lab.get(own.namespace(), &format!("secret/{CLUSTER}"));
    let encoded = secret["data"]["auth_token"].as_str().unwrap();
    let token = String::from_utf8(BASE64_STANDARD.decode(encoded).unwrap()).unwrap();
    let cluster = Secretive { own, token };

    cluster
        .run(None, "get", &[])
        .ok()
        .says_row(&["fruit_app", "RUNNING"]);
    cluster
        .run(None, "status", &[])
        .ok()
        .says_row(&["application/fruit_app", "RUNNING"]);
    cluster
        .run(None, "config", &[])
        .ok()
        .says("name: fruit_app");
    let logs = ["fruit_app/MangoStand", "--tail", "5"];
    let log = cluster.run(None, "logs", &logs).ok();
    assert!(log.stdout.contains("MangoStand"), "{log}");
    let called = cluster.run(None, "call", &["/fruit", "-d", "[\"MANGO\", 2]"]);
    assert_eq!(called.ok().stdout, "6");

    who_may_not_read_the_secret_learns_the_right(&cluster);
    a_dashboard_tells_a_missing_token_from_a_wrong_one(&cluster);
    a_secret_that_changed_is_told(&cluster);

    cluster
        .run(None, "delete", &[])
        .ok()
        .says("Serve on raycluster/test-cluster is shut down.");
}

fn who_may_not_read_the_secret_learns_the_right(cluster: &Secretive) {
    lab().grant_to_user(cluster.own.namespace(), "e2e-tom");
    let tom = ["--as", "e2e-tom"];
    cluster
        .run(None, "get", &tom)
        .fails_in_one_sentence()
        .says("cannot read the Ray token of raycluster/test-cluster: User \"e2e-tom\" cannot get resource \"secrets\"")
        .says("\nhint: set RAY_AUTH_TOKEN");
    cluster
        .run(Some(&cluster.token), "get", &tom)
        .ok()
        .says_row(&["fruit_app", "RUNNING"]);
}

fn a_dashboard_tells_a_missing_token_from_a_wrong_one(cluster: &Secretive) {
    let mut forward = lab().prepared.command("kubectl");
    let service = format!("service/{CLUSTER}-head-svc");
    let there = ["port-forward", "-n", cluster.own.namespace()];
    let mut forward = Watching::start(forward.args(there).args([&service, ":8265"]));
    forward.await_line(0, &["Forwarding from 127.0.0.1:"]);
    let said = forward.said();
    let address = said[0].split_whitespace().nth(2).unwrap();
    let address = format!("http://{address}");
    let at = ["--address", address.as_str()];
    let submit = [&["-f", "examples/serve_config_fruit.yaml"][..], &at].concat();
    for (verb, flags) in [("get", &at[..]), ("submit", &submit), ("delete", &at)] {
        cluster
            .run(None, verb, flags)
            .fails_in_one_sentence()
            .says("wants a valid Ray token: Unauthorized: Missing authentication token (401)")
            .says("RAY_AUTH_TOKEN");
        cluster
            .run(Some(WRONG), verb, flags)
            .fails_in_one_sentence()
            .says("wants a valid Ray token: Forbidden: Invalid authentication token (403)");
    }
    let right = Some(cluster.token.as_str());
    cluster
        .run(right, "get", &at)
        .ok()
        .says_row(&["fruit_app", "RUNNING"]);
}

fn a_secret_that_changed_is_told(cluster: &Secretive) {
    cluster.put_into_secret(CLUSTER, WRONG);
    for verb in ["get", "status", "logs", "delete"] {
        cluster
            .run(None, verb, &[])
            .says("Invalid authentication token (403)")
            .says("which may have changed since the head started");
    }
    // Another Secret of the user's own.
    let named = r#"{"spec": {"authOptions": {"mode": "token", "secretName": "mine"}}}"#;
    let patch = [
        "patch",
        "raycluster",
        CLUSTER,
        "-n",
        cluster.own.namespace(),
    ];
    lab()
        .kubectl(&[&patch[..], &["--type=merge", "-p", named]].concat())
        .ok();
    cluster
        .run(None, "get", &[])
        .fails_in_one_sentence()
        .says("secret/mine does not exist");
    cluster.put_into_secret("mine", &cluster.token);
    cluster
        .run(None, "get", &[])
        .ok()
        .says_row(&["fruit_app", "RUNNING"]);
}

/// The operator keeps the last 50 characters of the name for its Secret, and begins it with a letter.
#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_cluster_with_a_long_name_has_a_token_too() {
    const LONG: &str = "ml-fraud-detection-serving-cluster-europe-west4-prod";
    let lab = lab();
    if lab.prepared.ray.starts_with("2.8.") {
        println!("skipped: Ray 2.8 has no token authentication");
        return;
    }
    let own = Own::create("e2e-token-long", |manifest| {
        let with_tokens = "spec:\n  authOptions: {mode: token}\n  rayVersion";
        let manifest = manifest.replace("spec:\n  rayVersion", with_tokens);
        manifest.replace(&format!("name: {CLUSTER}"), &format!("name: {LONG}"))
    });
    let there = [LONG, "-n", own.namespace()];
    let config = lab.example("serve_config_fruit.yaml");
    let submit = [&["submit"], &there[..], &["-f", "-", "--wait"]].concat();
    lab.ray_serve_with(&submit, &config)
        .ok()
        .says_on(On::Stderr, "application/fruit_app: RUNNING");
    let secret = lab.get(
        own.namespace(),
        "secret/rfraud-detection-serving-cluster-europe-west4-prod",
    );
    let token = secret["data"]["auth_token"].as_str().unwrap();
    for verb in ["get", "status", "delete"] {
        let ran = with_token(None, &[&[verb], &there[..]].concat()).ok();
        assert!(ran.stdout.contains("fruit_app"), "{ran}");
        ran.never_says(token);
    }
}
