//! `dashboard`: an address of this machine that stays, whatever is behind it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use fake_ray::{Reply, Server};

use crate::support::kubernetes::{
    failure, is_pods, is_raycluster, kubeconfig, raycluster, ready_pod,
};
use crate::support::page::{Answer, Page};
use crate::support::{assert_fails, run};

const BASE: &str = "/api/v1/namespaces/team/services/http:x-head-svc:8265/proxy";

#[test]
fn answers_and_what_is_sent_pass_as_they_come() {
    let (piece, pieces) = std::sync::mpsc::channel();
    let pieces = std::sync::Mutex::new(Some(pieces));
    let server = Server::start(move |_| {
        let pieces = pieces.lock().unwrap().take().unwrap();
        Reply::Stream("Content-Type: text/plain", pieces)
    });
    let page = Page::open(&["--address", &server.url()]);
    let mut stream = TcpStream::connect(page.host()).unwrap();
    write!(
        stream,
        "GET /logs HTTP/1.1\r\nHost: {}\r\n\r\n",
        page.host()
    )
    .unwrap();
    let mut reader = BufReader::new(stream);
    assert_eq!(Answer::read(&mut reader).status, 200);
    for text in ["one\n", "two\n"] {
        // The next piece is sent only once the last has arrived.
        piece.send(text.to_owned()).unwrap();
        let mut lines = ["", ""].map(str::to_owned);
        for line in &mut lines {
            reader.read_line(line).unwrap();
        }
        assert_eq!(lines[1], text);
        let mut end = String::new();
        reader.read_line(&mut end).unwrap();
    }
}

#[test]
fn the_page_is_there_until_ctrl_c() {
    let server = Server::start(|request| Reply::ok(format!("page at {}", request.path)));
    let mut page = Page::open(&["--address", &server.url()]);
    for _ in 0..2 {
        let answer = page.get("/page");
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, "page at /page")
        );
    }
    let ended = Command::new("kill")
        .args(["-INT", &page.child.id().to_string()])
        .status();
    assert!(ended.unwrap().success());
    assert_eq!(page.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_dashboard_that_is_away_is_told_to_the_browser_and_comes_back() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let page = Page::open(&["--address", &format!("http://{address}")]);
    let answer = page.get("/page");
    assert_eq!((answer.status, answer.header("refresh")), (502, Some("3")));
    assert!(
        answer.body.starts_with("cannot reach the Ray dashboard at"),
        "{answer:?}"
    );

    let back = TcpListener::bind(address).unwrap();
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = back.accept().unwrap();
        let _ = stream.read(&mut [0; 1000]).unwrap();
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nback").unwrap();
    });
    assert_eq!(page.get("/page").body, "back");
    answering.join().unwrap();
}

/// A head that was restarted between two requests of one visitor.
#[test]
fn a_connection_that_was_closed_is_opened_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let page = Page::open(&[
        "--address",
        &format!("http://{}", listener.local_addr().unwrap()),
    ]);
    let answering = std::thread::spawn(move || {
        for text in ["one", "two"] {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1000]).unwrap();
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{text}").unwrap();
        }
    });
    let stream = TcpStream::connect(page.host()).unwrap();
    let mut reader = BufReader::new(&stream);
    for text in ["one", "two"] {
        write!(&stream, "GET / HTTP/1.1\r\nHost: {}\r\n\r\n", page.host()).unwrap();
        assert_eq!(Answer::read(&mut reader).body, text);
    }
    answering.join().unwrap();
}

#[test]
fn a_dashboard_below_a_path_is_shown_there() {
    let server = Server::start(|request| Reply::ok(format!("page at {}", request.path)));
    let page = Page::open(&["--address", &format!("{}/ray/", server.url())]);
    assert!(page.url.ends_with("/ray/"), "{}", page.url);
    assert_eq!(page.get("/ray/x?y").body, "page at /ray/x?y");
    assert_eq!(page.get("/x").body, "page at /ray/x");
}

/// Whoever can reach the page has the login of whoever started it, for the dashboard alone.
#[test]
fn through_the_api_server_each_request_gets_a_path_and_a_login_and_no_way_out() {
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
    let page = Page::open(&["--kubeconfig", &file, "--via", "proxy"]);
    let answer = |path: &str| {
        let answer = page.get(path);
        (answer.status, answer.body)
    };
    assert_eq!(answer("/a?b=c"), (200, "page at /a?b=c".to_owned()));
    // A link that the API server has rewritten.
    let link = format!("{BASE}/link");
    assert_eq!(answer(&link), (200, "page at /link".to_owned()));
    assert_eq!(answer("/missing").0, 404);
    let (status, why) = answer("/away");
    assert_eq!(status, 502);
    assert!(why.starts_with("nothing listens on port 8265"), "{why}");
    let login = "Authorization: Bearer ray\r\nImpersonate-User: root\r\n";
    page.ask("GET", "/login", login, "");
    let sent = server.requests().pop().unwrap();
    let header = |name| sent.header(name);
    assert_eq!(header("authorization"), Some("Bearer t"));
    assert_eq!(header("x-ray-authorization"), Some("Bearer ray"));
    assert_eq!(header("impersonate-user"), None);
    let before = server.requests().len();
    assert_eq!(answer("/../../../../secrets").0, 400);
    assert_eq!(server.requests().len(), before);
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
            "cannot listen on 127.0.0.1:{port}: Address already in use (os error 98)\nhint: take another --port, or none for a free one"
        ),
    );
}
