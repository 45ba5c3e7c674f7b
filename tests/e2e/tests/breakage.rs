//! What breaks in the middle: never a hang, never a half-done change that nobody is told of.

use std::{fs, thread, time::Duration};

use e2e::{CLUSTER, On, Own, Relay, Watching, eventually, lab, serving};

const FRUIT: &str = "serve_config_fruit.yaml";

/// The examples' application with more CPUs than any node has: it never runs.
fn too_large() -> String {
    let config = lab().example(FRUIT);
    config.replacen("num_cpus: 0.1", "num_cpus: 1000", 1)
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn what_no_node_has_room_for_is_said() {
    let serving = serving();
    eventually("the reason", Duration::from_secs(60), || {
        let ran = serving.submit(&too_large(), &["--wait", "--timeout", "10s"]);
        assert_eq!(ran.code, Some(1), "{ran}");
        let last = ran.last_error();
        assert!(last.starts_with("error: timed out waiting"), "{ran}");
        // The autoscaler's word where there is one, else Serve's own after 30 s.
        if last.contains("MangoStand: ") && last.contains("1000") {
            Ok(())
        } else {
            Err(ran.to_string())
        }
    });
    serving.ray_serve("delete", &["--timeout", "3m"]).ok();
}

/// Ray's own message is that an actor died.
#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_replica_that_dies_without_a_word_is_explained_by_its_log() {
    let serving = serving();
    let code = tempfile::tempdir().unwrap();
    let program = "import os, sys\nfrom ray import serve\n\n\
        @serve.deployment(ray_actor_options={\"num_cpus\": 0.1})\nclass Dies:\n    \
        def __init__(self):\n        print(\"ERROR cannot open /models/x.bin\", file=sys.stderr, flush=True)\n        os._exit(3)\n\n    \
        async def __call__(self, request):\n        return \"\"\n\napp = Dies.bind()\n";
    fs::write(code.path().join("dies.py"), program).unwrap();
    let config = "applications: [{name: dies, import_path: 'dies:app'}]";
    let directory = code.path().display().to_string();
    let ran = serving.submit(config, &["--wait", "--working-dir", &directory]);
    assert_eq!(ran.code, Some(1), "{ran}");
    let last = ran.last_error();
    let cause = "error: application/dies is DEPLOY_FAILED: Dies: ERROR cannot open /models/x.bin";
    assert!(last.starts_with(cause), "{ran}");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn an_api_server_that_comes_back_is_waited_for() {
    let serving = serving();
    let relay = Relay::to_api_server(lab());
    let [server, name] = relay.flags();
    let config = lab().example(FRUIT);
    let waiting = |flags: &[&str]| {
        serving.submit(
            &config,
            &[flags, &[server.as_str(), name.as_str()]].concat(),
        )
    };

    let ran = thread::scope(|scope| {
        let submit = scope.spawn(|| waiting(&["--wait"]));
        eventually("the applications", Duration::from_secs(60), || {
            let ran = serving.ray_serve("get", &["-o", "raw"]).ok();
            if ran.stdout.contains("\"fruit_app\"") {
                Ok(())
            } else {
                Err(ran.stdout)
            }
        });
        relay.go_down();
        // Nobody can be asked whether the command has noticed; a few of its polls fit in here.
        thread::sleep(Duration::from_secs(3));
        relay.come_back();
        submit.join().unwrap()
    });
    ran.ok().says_on(
        On::Stderr,
        "All applications of raycluster/test-cluster are running.",
    );

    relay.go_down();
    waiting(&[])
        .fails_in_one_sentence()
        .says(server.trim_start_matches("--server="));
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_head_is_waited_for_and_missed() {
    // Others would miss their head.
    let own = Own::create("e2e-breakage", |manifest| manifest);
    let config = lab().example(FRUIT);

    // It was made a moment ago: no pod, then no dashboard, then no Serve.
    own.submit(&config, &["--wait"])
        .ok()
        .says("waiting: raycluster/test-cluster")
        .says_on(On::Stderr, "application/fruit_app: RUNNING");

    // Lost while waiting for applications, which go with it.
    let ran = thread::scope(|scope| {
        let waiting = scope.spawn(|| own.submit(&too_large(), &["--wait"]));
        eventually("the application", Duration::from_secs(60), || {
            let ran = own.ray_serve("get", &[]).ok();
            if ran.stdout.contains("DEPLOYING") {
                Ok(())
            } else {
                Err(ran.stdout)
            }
        });
        own.lose_head();
        waiting.join().unwrap()
    });
    assert_eq!(ran.code, Some(1), "{ran}");
    let last = ran.last_error();
    assert_eq!(
        last,
        "error: application/fruit_app is gone: Serve was shut down or its head restarted, which loses all applications\nhint: submit again",
        "{ran}"
    );

    // Lost just before: refused at once, or waited for.
    own.lose_head();
    own.submit(&config, &[])
        .fails_in_one_sentence()
        .says("raycluster/test-cluster")
        .never_says("Traceback");
    own.submit(&config, &["--wait"])
        .ok()
        .says_on(On::Stderr, "application/fruit_app: RUNNING");
}

/// The head is lost between the upload and the config, and the code with it.
#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn code_that_was_lost_with_its_head_is_uploaded_again() {
    let own = Own::create("e2e-lost-code", |manifest| manifest);
    let scratch = tempfile::tempdir().unwrap();
    let code = scratch.path().join("hello");
    fs::create_dir(&code).unwrap();
    let program = "from ray import serve\n\n\
        @serve.deployment(ray_actor_options={\"num_cpus\": 0.1})\nclass Hello:\n    \
        def __call__(self, request):\n        return \"Hello!\"\n\napp = Hello.bind()\n";
    fs::write(code.join("hello.py"), program).unwrap();
    let config = scratch.path().join("config.yaml");
    fs::write(
        &config,
        "applications: [{name: hello, import_path: 'hello:app'}]",
    )
    .unwrap();
    let flags = ["ray", "serve", "submit", CLUSTER, "--wait"];
    let mut command = lab().prepared.command("kubectl");
    command.args(flags).args(["-n", own.namespace(), "-f"]);
    command.arg(&config).arg("--working-dir").arg(&code);
    let relay = Relay::to_api_server(lab());
    let mut submit = Watching::start(command.args(relay.flags()));

    let at = submit.await_line(0, &["hello uploaded: 1 file"]);
    // Before Ray is done with the config: the first one starts Serve, which takes it seconds.
    relay.go_down();
    let head = own.head();
    own.lose_head();
    let gone = ["wait", "--for=delete", &head, "-n", own.namespace()];
    lab()
        .kubectl(&[&gone[..], &["--timeout=120s"]].concat())
        .ok();
    relay.come_back();
    let at = submit.await_line(at, &["hello uploaded: 1 file"]);
    submit.await_line(
        at,
        &["All applications of raycluster/test-cluster are running."],
    );
}
