//! `-v=6`: a line for each HTTP request on stderr, without a header, a body or a secret.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use fake_ray::{
    ALWAYS, IDLE, On, Ray, Reply, Request, Scenario, Server, deploying, running, state,
};
use serde_json::json;
use tempfile::TempDir;

use crate::support::kubernetes::{
    failure, is_pods, is_raycluster, kubeconfig, raycluster, ready_pod,
};
use crate::support::page::Page;
use crate::support::{CONFIG, PATIENCE, RAY_VERSIONS, Run, on_a_terminal, plugin, recorded};

const PROXY: &str = "/api/v1/namespaces/team/services/http:x-head-svc:8265/proxy";
const HEAD_PODS: &str =
    "/api/v1/namespaces/team/pods?labelSelector=ray.io%2Fcluster%3Dx%2Cray.io%2Fnode-type%3Dhead";
const CLUSTER: &str = "/apis/ray.io/v1/namespaces/team/rayclusters/x";
/// What is secret in a test begins so.
const SECRET: &str = "s3cret";

/// The lines of a trace in alphabetical order, because some requests go out together; with `N` for
/// how long they took.
fn traced(stderr: &str) -> Vec<String> {
    let mut lines: Vec<String> = stderr.lines().map(without_time).collect();
    lines.sort();
    lines
}

fn without_time(line: &str) -> String {
    let Some((before, after)) = line.rsplit_once(" in ") else {
        return line.to_owned();
    };
    match after.split_once(" ms") {
        Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{before} in N ms{rest}")
        }
        _ => line.to_owned(),
    }
}

/// An API server with a head behind its proxy.
fn api_server(state: String) -> Server {
    Server::start(move |request: &Request| match request {
        request if request.path.contains("/proxy/") => Reply::ok(state.clone()),
        request if is_pods(request) => ready_pod(),
        request if is_raycluster(request) => raycluster(&json!({})),
        _ => failure(404, "not found"),
    })
}

fn serve(server: &Server, arguments: &[&str]) -> Run {
    let directory = TempDir::new().unwrap();
    let login = format!("{{token: {SECRET}-kube}}");
    let file = kubeconfig(directory.path(), "one", &server.url(), &login);
    let base = ["serve", "--kubeconfig", &file, "--via", "proxy"];
    let mut command = plugin(&[&base[..], arguments].concat());
    command.env("RAY_AUTH_TOKEN", format!("{SECRET}-ray"));
    command.output().unwrap().into()
}

#[test]
fn get_prints_one_line_for_each_request_and_the_same_data() {
    for ray in RAY_VERSIONS {
        let server = api_server(recorded(ray, "get_two_apps_running").1);
        let quiet = serve(&server, &["get", "x"]);
        assert_eq!((quiet.code, quiet.stderr.as_str()), (Some(0), ""));
        let asked = server.requests().len();
        let loud = serve(&server, &["get", "x", "-v=6"]);
        assert_eq!((loud.code, &loud.stdout), (Some(0), &quiet.stdout));
        let url = server.url();
        assert_eq!(
            traced(&loud.stderr),
            [
                format!("GET {url}{HEAD_PODS} 200 OK in N ms"),
                format!("GET {url}{PROXY}/api/serve/applications/ 200 OK in N ms"),
                format!("GET {url}{CLUSTER} 200 OK in N ms"),
            ]
        );
        assert_eq!(server.requests().len(), 2 * asked);
    }
}

#[test]
fn kubectl_s_spellings_are_taken_and_lower_levels_print_nothing() {
    let server = api_server(IDLE.to_owned());
    for (flags, lines) in [
        (&["-v", "6"][..], 3),
        (&["-v6"], 3),
        (&["--v=6"], 3),
        (&["--v", "9"], 3),
        (&["-v=10"], 3),
        (&["-v"], 3),
        (&["-v=5"], 0),
        (&["--v=0"], 0),
    ] {
        let ran = serve(&server, &[&["get", "x"], flags].concat());
        let printed = ran.stderr.lines().filter(|line| line.starts_with("GET "));
        assert_eq!(printed.count(), lines, "{flags:?}: {}", ran.stderr);
    }
    let before = serve(&server, &["-v=6", "get", "x"]);
    assert_eq!(
        before
            .stderr
            .lines()
            .filter(|l| l.starts_with("GET "))
            .count(),
        3
    );
    let wrong = serve(&server, &["-v", "get", "x"]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.stderr);
}

#[test]
fn a_submit_prints_no_secret_of_its_headers_its_config_and_its_address() {
    let config = format!(
        "applications: [{{name: fruit_app, import_path: m:x, runtime_env: {{env_vars: {{KEY: {SECRET}-env}}}}}}]"
    );
    for level in ["-v=6", "-v=10"] {
        let ray = Ray::with(IDLE);
        let address = ray.url().replace("://", &format!("://ada:{SECRET}-pw@"));
        let mut command = plugin(&["serve", "submit", "x", "-f", "-", "--address", &address]);
        command
            .arg(level)
            .env("RAY_AUTH_TOKEN", format!("{SECRET}-ray"));
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(config.as_bytes()).unwrap();
        drop(stdin);
        let ran = Run::from(child.wait_with_output().unwrap());
        assert_eq!(
            ran.stdout, "application/fruit_app created\n",
            "{}",
            ran.stderr
        );
        let host = ray.url().replace("://", "://******@");
        let line = |method: &str, path: &str| format!("{method} {host}{path} 200 OK in N ms");
        let put = line("PUT", "/api/serve/applications/");
        let lines = traced(&ran.stderr);
        assert_eq!(
            lines.iter().filter(|line| **line == put).count(),
            1,
            "{lines:?}"
        );
        let looks = line("GET", "/api/serve/applications/");
        let version = line("GET", "/api/version");
        assert!(
            lines
                .iter()
                .all(|line| [&put, &looks, &version].contains(&line)),
            "{lines:?}"
        );
        let sent = ray.server.requests();
        let versions = lines.iter().filter(|line| **line == version).count();
        assert_eq!(lines.len(), sent.len() + versions);
        // The head got what the lines lack.
        let sent = format!("{sent:?}");
        assert!(
            sent.contains("s3cret-env") && sent.contains("s3cret-ray"),
            "{sent}"
        );
        assert!(!ran.stderr.contains(SECRET), "{}", ran.stderr);
    }
}

#[test]
fn status_tells_each_request_with_its_answer() {
    let server = api_server(IDLE.to_owned());
    let ran = serve(&server, &["status", "x", "-v=6"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let lines = traced(&ran.stderr);
    assert_eq!(lines.len(), server.requests().len(), "{lines:?}");
    let url = server.url();
    for request in server.requests() {
        let begin = format!("GET {url}{} ", request.path);
        assert!(
            lines.iter().any(|line| line.starts_with(&begin)),
            "{begin}: {lines:?}"
        );
    }
    let services = format!(
        "GET {url}/api/v1/namespaces/team/services?labelSelector=ray.io%2Fserve&limit=500 404 Not Found in N ms"
    );
    assert!(lines.contains(&services), "{lines:?}");
    assert!(!ran.stderr.contains(SECRET), "{}", ran.stderr);
}

#[test]
fn a_request_without_an_answer_is_told_too() {
    let silent = Server::start(|_| Reply::Silence);
    let flags = ["get", "x", "-v=6", "--request-timeout", "300ms"];
    let ran = serve(&silent, &flags);
    let line = without_time(ran.stderr.lines().next().unwrap());
    let url = silent.url();
    assert!(
        [HEAD_PODS, CLUSTER]
            .map(|path| format!("GET {url}{path} not answered in N ms"))
            .contains(&line),
        "{}",
        ran.stderr
    );

    let closing = Server::start(|_| Reply::Hangup);
    let ran = serve(&closing, &["get", "x", "-v=6"]);
    let cause = "connection closed before message completed";
    let line = format!("GET {}{CLUSTER} failed in N ms: {cause}", closing.url());
    assert!(traced(&ran.stderr).contains(&line), "{}", ran.stderr);

    let url = silent.url();
    let address = ["serve", "get", "x", "--address", &url];
    let ran = Run::from(
        plugin(&[&address[..], &flags[2..]].concat())
            .output()
            .unwrap(),
    );
    let line = format!("GET {url}/api/serve/applications/ not answered in N ms");
    assert_eq!(traced(&ran.stderr)[0], line, "{}", ran.stderr);
}

#[test]
fn a_connection_that_breaks_is_a_line_for_each_try() {
    let looks = Scenario::of(IDLE).refuses(On::Look, ALWAYS, || Reply::Hangup);
    let ray = Ray::with(looks);
    let url = ray.url();
    let ran = Run::from(
        plugin(&["serve", "get", "x", "--address", &url, "-v=6"])
            .output()
            .unwrap(),
    );
    let failed = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("GET ") && line.contains(" failed in "));
    assert_eq!(
        failed.count(),
        ray.server.requests().len(),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_call_shows_no_value_of_its_query() {
    let application = Server::start(|_| Reply::ok("6"));
    let port = application.port();
    let apps = json!({"a": {"status": "RUNNING", "route_prefix": "/fruit"}});
    let mut told: serde_json::Value = serde_json::from_str(&state(&apps)).unwrap();
    told["http_options"] = json!({"port": port});
    let url = Server::with_state(told.to_string()).url();
    let path = format!("/fruit?api_key={SECRET}&{SECRET}");
    let header = format!("X-Key: {SECRET}");
    let body = format!("{{\"a\": \"{SECRET}\"}}");
    let ran = plugin(&["serve", "call", "x", &path, "--address", &url, "-v=6"])
        .args(["-H", &header, "-d", &body])
        .output();
    let ran = Run::from(ran.unwrap());
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "6"),
        "{}",
        ran.stderr
    );
    let host = application.url();
    let line = format!("POST {host}/fruit?api_key=******&****** 200 OK in N ms");
    assert!(traced(&ran.stderr).contains(&line), "{}", ran.stderr);
    assert!(!ran.stderr.contains(SECRET), "{}", ran.stderr);
}

#[test]
fn nothing_is_drawn_over_where_lines_come_in_between() {
    let apps = json!({"fruit_app": running(&json!({"name": "fruit_app"}))});
    let going = json!({"fruit_app": deploying(&json!({"name": "fruit_app"}))});
    let ray = || {
        let scenario = Scenario::of(IDLE).after_put(state(&going));
        Ray::with(scenario.then_after(2, state(&apps)))
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), CONFIG).unwrap();
    let file = file.path().to_str().unwrap();
    for (flag, drawn) in [("-v=0", true), ("-v=6", false)] {
        let ray = ray();
        let url = ray.url();
        let words = [
            "serve",
            "submit",
            "x",
            "-f",
            file,
            "--address",
            &url,
            "--wait",
            "--timeout",
            PATIENCE,
            flag,
        ];
        let (code, shown) = on_a_terminal(&words, "");
        assert_eq!(code, Some(0), "{shown}");
        assert_eq!(shown.contains("\u{1b}[?7l"), drawn, "{shown:?}");
        assert_eq!(shown.contains("\nPUT "), !drawn, "{shown:?}");
    }
}

#[test]
fn validate_takes_it_for_verbose_as_before() {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("a.yaml"), CONFIG).unwrap();
    for name in ["b", "c", "d", "e", "f", "g"] {
        std::fs::write(directory.path().join(name).with_extension("yaml"), "a: 1").unwrap();
    }
    let path = directory.path().to_str().unwrap();
    let validate = |flags: &[&str]| {
        let words = [&["serve", "validate", "-f", path], flags].concat();
        Run::from(plugin(&words).output().unwrap()).stderr
    };
    assert!(validate(&[]).ends_with("--verbose names them\n"));
    let named = validate(&["--verbose"]);
    assert!(
        named.contains("b.yaml") && named.contains("g.yaml"),
        "{named}"
    );
    assert_eq!(validate(&["-v"]), named);
}

#[test]
fn what_a_browser_asks_through_dashboard_is_told_without_its_query() {
    let url = Server::with_state(IDLE).url();
    let mut page = Page::open(&["--address", &url, "-v=6"]);
    assert_eq!(
        page.get(&format!("/logical/actors?token={SECRET}")).status,
        200
    );
    let stderr = page.child.stderr.take().unwrap();
    // The first says where it is.
    let line = BufReader::new(stderr).lines().nth(1).unwrap().unwrap();
    let expected = format!("GET {url}/logical/actors?token=****** 200 OK in N ms");
    assert_eq!(without_time(&line), expected);
}
