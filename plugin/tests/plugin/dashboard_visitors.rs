//! `dashboard`: who reaches it and who does not, by each way that is no tunnel.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use fake_ray::{Reply, Request, Server};

use crate::support::kubernetes::{is_pods, kubeconfig, raycluster, ready_pod};
use crate::support::page::{Answer, Page};

const BASE: &str = "/api/v1/namespaces/team/services/http:x-head-svc:8265/proxy";

/// A dashboard by each way that is no tunnel: `ray` is asked with the paths of its own.
fn both_ways(
    ray: impl Fn(&str, &Request) -> Reply + Send + Clone + 'static,
    test: impl Fn(&Server, &Page),
) {
    let direct = ray.clone();
    let server = Server::start(move |request| direct(&request.path, request));
    test(&server, &Page::open(&["--address", &server.url()]));
    let server = Server::start(move |request| match request.path.strip_prefix(BASE) {
        Some(path) => ray(path, request),
        None if is_pods(request) => ready_pod(),
        None => raycluster(&serde_json::json!({})),
    });
    let directory = tempfile::TempDir::new().unwrap();
    let file = kubeconfig(directory.path(), "one", &server.url(), "{token: t}");
    let page = Page::open(&["--kubeconfig", &file, "--via", "proxy"]);
    test(&server, &page);
}

#[test]
fn a_web_page_of_another_site_reaches_nothing() {
    both_ways(
        |_, _| Reply::ok("page"),
        |server, page| {
            let port = page.host().rsplit(':').next().unwrap();
            assert_eq!(page.get("/").status, 200);
            let before = server.requests().len();
            for host in [
                format!("evil.example:{port}"),
                "evil.example".to_owned(),
                format!("127.0.0.1:{port}.evil.example"),
                format!("[::1]:{port}"),
                format!("127.0.0.1:{port}\r\nHost: evil.example"),
                format!("evil.example\r\nHost: 127.0.0.1:{port}"),
            ] {
                let answer = page.raw(&format!("GET /api/jobs/ HTTP/1.1\r\nHost: {host}\r\n\r\n"));
                assert_eq!(answer.status, 421, "{host}");
                let why = format!("this dashboard is at {} alone\n", page.url);
                assert_eq!(answer.body, why);
            }
            for header in [
                "Origin: http://evil.example",
                "Origin: null",
                "Origin: http://127.0.0.1:1",
                "Sec-Fetch-Site: cross-site",
                "Sec-Fetch-Site: same-site",
            ] {
                for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS"] {
                    let answer = page.ask(method, "/api/jobs/", &format!("{header}\r\n"), "{}");
                    assert_eq!(answer.status, 403, "{method} {header}");
                }
            }
            for target in ["http://evil.example/", "http://127.0.0.1/", "*", "/../x"] {
                assert_eq!(page.get(target).status, 400, "{target}");
            }
            assert_eq!(page.raw("GET / HTTP/1.0\r\n\r\n").status, 421);
            assert_eq!(server.requests().len(), before);
        },
    );
}

#[test]
fn the_page_itself_and_programs_of_this_machine_reach_it() {
    both_ways(
        |path, request| Reply::ok(format!("{} {path} {}", request.method, request.body)),
        |server, page| {
            let origin = format!(
                "Origin: http://{}\r\nSec-Fetch-Site: same-origin\r\n",
                page.host()
            );
            let answer = page.ask("POST", "/api/jobs/?x=%2e", &origin, "{}");
            assert_eq!(
                (answer.status, answer.body.as_str()),
                (200, "POST /api/jobs/?x=%2e {}")
            );
            let sent = server.requests().pop().unwrap();
            // What Ray knows a browser by.
            assert!(sent.header("origin").is_some() && sent.header("sec-fetch-site").is_some());
            let port = page.host().rsplit(':').next().unwrap();
            let local = format!("DELETE /x HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
            assert_eq!(page.raw(&local).status, 200);
            // A link in a wiki.
            let link = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";
            assert_eq!(page.ask("GET", "/", link, "").status, 200);
            assert_eq!(page.ask("GET", "/logs", link, "").status, 403);
            let hosts = server.requests().into_iter().all(|request| {
                let hosts = request.headers.iter().filter(|(name, _)| name == "host");
                hosts.count() == 1
            });
            assert!(hosts);
        },
    );
}

#[test]
fn two_requests_in_one_do_not_get_past() {
    both_ways(
        |_, request| Reply::ok(request.body.clone()),
        |server, page| {
            let inner = "DELETE /api/serve/applications/ HTTP/1.1\r\nHost: evil\r\n\r\n";
            let chunk = format!("{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len());
            let host = page.host();
            let smuggled = [
                format!("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}"),
                format!("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n{chunk}"),
                format!(
                    "Content-Length: 0\r\nContent-Length: {}\r\n\r\n{inner}",
                    inner.len()
                ),
                format!("Transfer-Encoding: xchunked\r\n\r\n{chunk}"),
                format!("Transfer-Encoding : chunked\r\n\r\n{chunk}"),
                format!("Content-Length: {}\r\n\r\n{inner}", inner.len()),
            ];
            for rest in smuggled {
                page.raw(&format!("POST /x HTTP/1.1\r\nHost: {host}\r\n{rest}"));
            }
            let requests = server.requests();
            assert!(
                !requests.iter().any(|request| request.method == "DELETE"),
                "{requests:?}"
            );
        },
    );
}

#[test]
fn a_websocket_goes_through_both_ways() {
    let upgrades = |path: &str, _: &Request| match path {
        "/tail" => Reply::Echo,
        _ => Reply::ok("no"),
    };
    both_ways(upgrades, |server, page| {
        let mut stream = TcpStream::connect(page.host()).unwrap();
        write!(
            stream,
            "GET /tail HTTP/1.1\r\nHost: {}\r\nOrigin: http://{0}\r\nConnection: keep-alive, Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n",
            page.host()
        )
        .unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let answer = Answer::read(&mut reader);
        assert_eq!(
            (answer.status, answer.header("upgrade")),
            (101, Some("websocket"))
        );
        for text in ["one", "two"] {
            writeln!(stream, "{text}").unwrap();
            let mut echo = String::new();
            reader.read_line(&mut echo).unwrap();
            assert_eq!(echo.trim_end(), text);
        }
        let sent = server.requests().pop().unwrap();
        assert_eq!(sent.header("sec-websocket-key"), Some("k"));
        let foreign = "Connection: Upgrade\r\nUpgrade: websocket\r\nOrigin: http://evil\r\n";
        assert_eq!(page.ask("GET", "/tail", foreign, "").status, 403);
        // Another protocol is not asked for, and the request is one like others.
        let other = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n";
        assert_eq!(page.ask("GET", "/", other, "").body, "no");
        let sent = server.requests().pop().unwrap();
        assert!(sent.header("upgrade").is_none() && sent.header("http2-settings").is_none());
    });
}

#[test]
fn cookies_of_one_cluster_go_to_no_other() {
    let token = |_: &str, request: &Request| match request.header("cookie") {
        None => Reply::With(
            "Set-Cookie: token=s3cret; Path=/; HttpOnly",
            200,
            String::new(),
        ),
        Some(cookie) => Reply::ok(cookie.to_owned()),
    };
    let one = Server::start(move |request| token("", request));
    let two = Server::start(move |request| token("", request));
    let page = |server: &Server| Page::open(&["--address", &server.url()]);
    let kept = page(&one).get("/").header("set-cookie").unwrap().to_owned();
    let (cookie, attributes) = kept.split_once(';').unwrap();
    assert!(
        cookie.ends_with("-token=s3cret") && attributes.contains("HttpOnly"),
        "{kept}"
    );
    // A browser keeps it for all ports of a host.
    let sent = format!("Cookie: token=stranger; {cookie}\r\n");
    // Also after a new start.
    assert_eq!(page(&one).ask("GET", "/", &sent, "").body, "token=s3cret");
    let other = page(&two).ask("GET", "/", &sent, "");
    assert!(other.header("set-cookie").is_some());
    let requests = two.requests();
    assert!(
        requests
            .iter()
            .all(|request| request.header("cookie").is_none()),
        "{requests:?}"
    );
}
