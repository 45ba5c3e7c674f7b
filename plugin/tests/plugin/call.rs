//! `call`: what is sent to an application, and how its answer comes out.

use std::io::{BufRead, BufReader};
use std::sync::mpsc::channel;

use fake_ray::{Reply, Request, Server, state};
use serde_json::{Value, json};

use crate::support::{Run, assert_fails, plugin};

fn port(server: &Server) -> u16 {
    server.port()
}

/// A dashboard of a Serve that listens where `application` does.
fn dashboard(application: &Server) -> Server {
    let running = json!({"a": {"status": "RUNNING", "route_prefix": "/fruit"}});
    let mut told: Value = serde_json::from_str(&state(&running)).unwrap();
    told["http_options"] = json!({"port": port(application)});
    Server::with_state(told.to_string())
}

fn call(application: &Server, arguments: &[&str]) -> Run {
    let url = dashboard(application).url();
    let base = ["serve", "call", "x", "--address", &url];
    let mut command = plugin(&[&base[..], arguments].concat());
    command.env("RAY_AUTH_TOKEN", "secret");
    command.output().unwrap().into()
}

fn sent(application: &Server) -> Request {
    application.requests().pop().unwrap()
}

#[test]
fn a_request_is_what_curl_s_flags_make_it() {
    let application = Server::start(|_| Reply::ok("6"));
    let ran = call(&application, &["/fruit?a=b"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "6"));
    let request = sent(&application);
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("GET", "/fruit?a=b")
    );
    let host = format!("127.0.0.1:{}", port(&application));
    assert_eq!(request.header("host"), Some(host.as_str()));
    assert_eq!(request.header("content-type"), None);
    // The dashboard's token is no business of an application.
    assert!(!format!("{:?}", request.headers).contains("secret"));

    call(&application, &["fruit", "-d", "[\"MANGO\", 2]"]);
    let request = sent(&application);
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/fruit")
    );
    assert_eq!(request.body, "[\"MANGO\", 2]");
    assert_eq!(
        request.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "line\nline\n").unwrap();
    let data = format!("@{}", file.path().display());
    let json = "Content-Type: application/json";
    let more = ["/x", "-X", "PUT", "-d", &data, "-H", json, "-H", "Accept:"];
    call(&application, &more);
    let request = sent(&application);
    assert_eq!(
        (request.method.as_str(), request.body.as_str()),
        ("PUT", "line\nline\n")
    );
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("accept"), None);
    assert_eq!(call(&application, &["/a b"]).code, Some(2));
    assert_eq!(call(&application, &["/a", "-H", "no"]).code, Some(2));
}

#[test]
fn an_error_s_body_is_printed_and_the_command_fails() {
    let application = Server::start(|_| Reply::With("X-Why: n", 503, "try later".into()));
    let ran = call(&application, &["/fruit", "-i"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stdout
            .starts_with("HTTP/1.1 503 Service Unavailable\r\nx-why: n\r\n")
            && ran.stdout.ends_with("\r\n\r\ntry later"),
        "{}",
        ran.stdout
    );
    assert_eq!(
        ran.stderr,
        "error: /fruit on raycluster/x answered 503 Service Unavailable\n"
    );
    let application = Server::start(|_| Reply::Answer(404, String::new()));
    let sentence = "/typo on raycluster/x answered 404 Not Found\nhint: applications are at /fruit";
    assert_fails(&call(&application, &["/typo"]), sentence);
}

#[test]
fn an_answer_is_printed_as_it_comes_and_a_cut_one_is_a_failure() {
    let (sender, pieces) = channel();
    let mut pieces = Some(pieces);
    let application = Server::start(move |_| match pieces.take() {
        Some(pieces) => Reply::Stream("Content-Type: text/event-stream", pieces),
        None => Reply::Cut,
    });
    let url = dashboard(&application).url();
    let mut child = plugin(&["serve", "call", "x", "/fruit", "--address", &url])
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    for piece in ["data: one", "data: two"] {
        sender.send(format!("{piece}\n")).unwrap();
        // The next is not sent before this one has come out.
        assert_eq!(output.next().unwrap().unwrap(), piece);
    }
    drop(sender);
    assert_eq!(child.wait().unwrap().code(), Some(0));

    let ran = call(&application, &["/fruit"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(1), "{\"appli"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("broke before the answer"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_serve_that_is_not_there_is_told() {
    let application = Server::start(|_| Reply::Silence);
    let ran = call(&application, &["/fruit", "--request-timeout", "300ms"]);
    assert_eq!(ran.code, Some(1));
    let late =
        "did not answer the request within 300ms\nhint: raise --request-timeout to wait longer\n";
    assert!(ran.stderr.contains(late), "{}", ran.stderr);

    let idle = Server::with_state(fake_ray::IDLE);
    let url = idle.url();
    let ran = crate::support::run(&["serve", "call", "x", "/", "--address", &url]);
    assert_fails(
        &ran,
        "Serve does not run on raycluster/x\nhint: submit an application first",
    );
}

#[test]
fn what_needs_another_client_is_told_before_anything_is_sent() {
    let application = Server::start(|_| Reply::Answer(426, String::new()));
    for (arguments, protocol) in [
        (&["ws://x/chat"][..], "WebSocket"),
        (&["/chat", "-H", "Upgrade: websocket"], "WebSocket"),
        (&["grpc://x/Fruit/Price"], "gRPC"),
        (
            &["/Fruit/Price", "-H", "content-type: application/grpc+proto"],
            "gRPC",
        ),
    ] {
        let ran = call(&application, arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}");
        let told = format!("a {protocol} application needs its own client");
        assert!(ran.stderr.contains(&told), "{}", ran.stderr);
    }
    let ran = call(&application, &["http://x/fruit"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("a path is enough"), "{}", ran.stderr);
    assert!(application.requests().is_empty());

    assert_fails(
        &call(&application, &["/chat"]),
        "/chat on raycluster/x answered 426 Upgrade Required\nhint: call speaks plain HTTP: a WebSocket application needs \
         its own client, and \"kubectl ray serve call --help\" says how that gets through",
    );
}
