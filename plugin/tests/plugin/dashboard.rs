//! `dashboard`: an address of this machine that stays, whatever is behind it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use crate::support::kubernetes::{
    failure, is_pods, is_raycluster, kubeconfig, raycluster, ready_pod,
};
use crate::support::server::{Reply, Server};
use crate::support::{assert_fails, plugin, run};

/// The status line and the body that `url` answers with.
fn get(url: &str) -> (String, String) {
    ask(url, "/page", "")
}

fn ask(url: &str, path: &str, headers: &str) -> (String, String) {
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut status = String::new();
    reader.read_line(&mut status).unwrap();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().unwrap();
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (
        status.trim_end().to_owned(),
        String::from_utf8(body).unwrap(),
    )
}

#[test]
fn the_page_is_there_until_ctrl_c() {
    let server = Server::start(|request| Reply::ok(format!("page at {}", request.path)));
    let url = server.url();
    let mut child = plugin(&["serve", "dashboard", "x", "--address", &url])
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut here = String::new();
    output.read_line(&mut here).unwrap();
    assert!(here.starts_with("http://127.0.0.1:"), "{here}");
    for _ in 0..2 {
        let (status, body) = get(here.trim_end());
        assert_eq!(
            (status.as_str(), body.as_str()),
            ("HTTP/1.1 200 X", "page at /page")
        );
    }
    let ended = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(ended.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_dashboard_that_is_away_is_told_to_the_browser_and_comes_back() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let url = format!("http://{address}");
    let mut child = plugin(&["serve", "dashboard", "x", "--address", &url])
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut here = String::new();
    output.read_line(&mut here).unwrap();
    let (status, body) = get(here.trim_end());
    assert_eq!(status, "HTTP/1.1 502 Bad Gateway");
    assert!(
        body.starts_with("cannot reach the Ray dashboard at"),
        "{body}"
    );

    let back = TcpListener::bind(address).unwrap();
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = back.accept().unwrap();
        let _ = stream.read(&mut [0; 1000]).unwrap();
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nback").unwrap();
    });
    assert_eq!(get(here.trim_end()).1, "back");
    answering.join().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Whoever can reach the page has the login of whoever started it, for the dashboard alone.
#[test]
fn through_the_api_server_each_request_gets_a_path_and_a_login_and_no_way_out() {
    const BASE: &str = "/api/v1/namespaces/team/services/http:x-head-svc:8265/proxy";
    let server = Server::start(|request| match request.path.strip_prefix(BASE) {
        Some("/away") => failure(
            503,
            "error trying to reach service: dial tcp 10.0.0.7:8265: connect: connection refused",
        ),
        Some("/missing") => Reply::Answer(404, "404: Not Found".into()),
        Some(path) => Reply::ok(format!("page at {path}")),
        None if is_pods(request) => ready_pod(),
        None if is_raycluster(request) => raycluster(&serde_json::json!({})),
        None => panic!("{request:?}"),
    });
    let directory = tempfile::TempDir::new().unwrap();
    let file = kubeconfig(directory.path(), "one", &server.url(), "{token: t}");
    let arguments = ["serve", "dashboard", "x", "--kubeconfig", &file];
    let mut child = plugin(&[&arguments[..], &["--via", "proxy"]].concat())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut here = String::new();
    output.read_line(&mut here).unwrap();
    let here = here.trim_end();
    let answer = |path: &str, headers: &str| {
        let (status, body) = ask(here, path, headers);
        (status[9..12].to_owned(), body)
    };
    let page = |body: &str| ("200".to_owned(), body.to_owned());
    assert_eq!(answer("/a?b=c", ""), page("page at /a?b=c"));
    // A link that the API server has rewritten.
    assert_eq!(answer(&format!("{BASE}/link"), ""), page("page at /link"));
    assert_eq!(answer("/missing", "").0, "404");
    let (status, why) = answer("/away", "");
    assert_eq!(status, "502");
    assert!(why.starts_with("nothing listens on port 8265"), "{why}");
    let login = "Authorization: Bearer ray\r\nImpersonate-User: root\r\nOrigin: http://evil\r\n";
    answer("/login", login);
    let sent = server.requests().pop().unwrap();
    let header = |name| sent.header(name);
    assert_eq!(header("authorization"), Some("Bearer t"));
    assert_eq!(header("x-ray-authorization"), Some("Bearer ray"));
    assert_eq!(header("impersonate-user"), None);
    let hosts = sent.headers.iter().filter(|(name, _)| name == "host");
    assert_eq!(hosts.count(), 1, "{sent:?}");
    // What Ray knows a browser by.
    assert_eq!(header("origin"), Some("http://evil"));
    let before = server.requests().len();
    assert_eq!(answer("/../../../../secrets", "").0, "400");
    assert_eq!(server.requests().len(), before);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let arguments = ["--address", "http://127.0.0.1:1", "--port", &port];
    let ran = run(&[&["serve", "dashboard", "x"], &arguments[..]].concat());
    assert_fails(
        &ran,
        &format!(
            "cannot listen on 127.0.0.1:{port}: Address already in use (os error 98); take another --port, or none for a free one"
        ),
    );
}
