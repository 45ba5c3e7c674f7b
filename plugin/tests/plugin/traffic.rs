//! That all runs does not say that requests arrive: what a submit that waits says of both.

use fake_ray::{Reply, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::kubernetes::{is_pods, is_raycluster, kubeconfig, raycluster, ready_pod};
use crate::support::{Run, run};

const CONFIG: &str = "applications:\n- {name: a, import_path: 'm:x', route_prefix: /a}\n";

fn state(application: &Value, port: u16) -> String {
    json!({
        "controller_info": {"node_id": "n", "actor_id": "c"}, "proxy_location": "EveryNode",
        "http_options": {"host": "0.0.0.0", "port": port},
        "proxies": {"n": {"node_ip": "192.0.2.2", "status": "HEALTHY"}},
        "applications": {"a": application},
    })
    .to_string()
}

/// A cluster whose serve service sends to 8000, and whose proxy on the head has the routes.
fn server(state: String, routes: &'static str) -> Server {
    Server::start(move |request| {
        match request.path.as_str() {
        _ if is_raycluster(request) => {
            let annotations = json!({"ray.io/enable-serve-service": "true"});
            raycluster(&json!({"metadata": {"name": "x", "namespace": "team", "annotations": annotations}}))
        }
        _ if is_pods(request) => ready_pod(),
        path if path.contains("/services?") => Reply::ok(
            json!({"items": [{
                "metadata": {"name": "x-serve-svc", "namespace": "team"},
                "spec": {"selector": {"ray.io/cluster": "x"}, "ports": [
                    {"name": "serve-grpc", "port": 9000, "targetPort": 9000},
                    {"name": "serve-http", "port": 8000, "targetPort": 8000},
                ]},
            }]})
            .to_string(),
        ),
        path if path.contains("/endpointslices?") => Reply::ok(
            json!({"items": [{"endpoints": [
                {"addresses": ["192.0.2.2"], "conditions": {"ready": true}, "targetRef": {"name": "head"}},
            ]}]})
            .to_string(),
        ),
        path if path.ends_with("/proxy/-/routes") => Reply::ok(routes),
        path if path.ends_with("/api/serve/applications/") && request.method == "GET" => {
            Reply::ok(state.clone())
        }
        path if path.ends_with("/api/serve/applications/") => Reply::ok(""),
        _ => Reply::Answer(404, String::new()),
    }
    })
}

fn serve(server: &Server, arguments: &[&str]) -> Run {
    let directory = TempDir::new().unwrap();
    let file = kubeconfig(directory.path(), "one", &server.url(), "{token: t}");
    let config = directory.path().join("serve_config.yaml");
    std::fs::write(&config, CONFIG).unwrap();
    let config = config.display().to_string();
    let base = ["serve", "--kubeconfig", &file, "--via", "proxy"].into_iter();
    let arguments = arguments.iter().map(|word| match *word {
        "CONFIG" => &config,
        word => word,
    });
    run(&base.chain(arguments).collect::<Vec<_>>()).naming(&file, "FILE")
}

fn submit(server: &Server) -> Run {
    serve(
        server,
        &["submit", "x", "-f", "CONFIG", "--wait", "--timeout", "20s"],
    )
}

fn application(status: &str) -> Value {
    json!({
        "status": status, "message": "no luck", "route_prefix": "/a", "source": "declarative",
        "deployed_app_config": {"name": "a", "import_path": "m:x", "route_prefix": "/a"},
    })
}

#[test]
fn where_requests_arrive_a_submit_says_no_more_and_status_says_which() {
    let server = server(state(&application("RUNNING"), 8000), r#"{"/a": "a"}"#);
    let run = submit(&server);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(
        run.stderr
            .ends_with("All applications of raycluster/x are running.\n"),
        "{}",
        run.stderr
    );
    let shown = serve(&server, &["status", "x"]).stdout;
    let well = "Nothing is wrong. The proxy on pod/head has the route /a; the endpoint of service/x-serve-svc runs a healthy proxy.\n";
    assert!(shown.ends_with(well), "{shown}");
}

#[test]
fn a_submit_says_that_the_service_sends_elsewhere() {
    let run = submit(&server(
        state(&application("RUNNING"), 8001),
        r#"{"/a": "a"}"#,
    ));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(
        run.stderr.ends_with(
            "Warning: service/x-serve-svc sends to port 8000, but Serve listens on 8001; next: put http_options: {port: 8000} \
             into the Serve config, then kubectl ray serve delete x -n team --kubeconfig FILE --via proxy and submit it\n"
        ),
        "{}",
        run.stderr
    );
}

#[test]
fn a_failed_update_says_what_still_answers() {
    let server = server(state(&application("DEPLOY_FAILED"), 8000), r#"{"/a": "a"}"#);
    let run = submit(&server);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let still =
        "; the proxy on pod/head still has route /a for it, so the version before answers\n";
    assert!(run.stderr.ends_with(still), "{}", run.stderr);
    let shown = serve(&server, &["status", "x"]);
    assert!(shown.stdout.contains(still), "{}", shown.stdout);
    let config = serve(&server, &["config", "x"]);
    assert!(
        config
            .stderr
            .starts_with("Warning: application/a is DEPLOY_FAILED: this is the config that failed"),
        "{}",
        config.stderr
    );
}
