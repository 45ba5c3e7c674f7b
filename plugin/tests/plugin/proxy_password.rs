//! A company's proxy and its password: it is never printed, and a proxy that cannot be read is not
//! left out in silence.

use fake_ray::Server;
use tempfile::TempDir;

use crate::support::kubernetes::{failure, kubeconfig};
use crate::support::{Run, plugin};

const PASSWORD: &str = "s3cret";
const UNREADABLE: [&str; 3] = [
    r"http://CORP\ada:s3cret@proxy:3128",
    "http://ada:s3cret@proxy:port",
    "ada:s3cret /@proxy",
];

#[track_caller]
fn assert_told(run: &Run, of: &str) {
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(1), ""),
        "{}",
        run.stderr
    );
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    assert!(run.stderr.contains(of), "{}", run.stderr);
    assert!(!run.stderr.contains(PASSWORD), "{}", run.stderr);
}

fn with_proxy_url(proxy: &str) -> Run {
    let directory = TempDir::new().unwrap();
    let file = kubeconfig(directory.path(), "one", "https://api.example:6443", "{}");
    let text = std::fs::read_to_string(&file).unwrap();
    let server = "server: 'https://api.example:6443'";
    let text = text.replace(server, &format!("{server}, proxy-url: '{proxy}'"));
    std::fs::write(&file, text).unwrap();
    plugin(&["serve", "get", "x", "--kubeconfig", &file])
        .output()
        .unwrap()
        .into()
}

#[test]
fn a_proxy_url_that_cannot_be_read_is_told_without_its_password() {
    for proxy in UNREADABLE {
        assert_told(&with_proxy_url(proxy), "is not a valid proxy-url address");
    }
    assert_told(
        &with_proxy_url("ftp://ada:s3cret@proxy:21"),
        "\"ftp://******@proxy:21/\" is not a valid proxy address",
    );
}

#[test]
fn a_variable_that_cannot_be_read_is_an_error_and_not_no_proxy() {
    for proxy in UNREADABLE {
        for (variable, address) in [
            ("HTTPS_PROXY", "https://api.example:6443"),
            ("http_proxy", "http://api.example:6443"),
        ] {
            let mut command = plugin(&["serve", "get", "x", "--server", address]);
            let run = Run::from(command.env(variable, proxy).output().unwrap());
            let name = variable.to_uppercase();
            assert_told(&run, &format!("is not a valid {name} address"));
            let mut command = plugin(&["serve", "get", "x", "--address", address]);
            let run = Run::from(command.env(variable, proxy).output().unwrap());
            assert_told(&run, &format!("is not a valid {name} address"));
        }
    }
}

/// It was never for this one.
#[test]
fn a_variable_that_cannot_be_read_does_not_matter_to_this_machine() {
    let server = Server::start(|_| failure(404, "rayclusters.ray.io \"x\" not found"));
    let mut command = plugin(&["serve", "get", "x", "--server", &server.url()]);
    command
        .env("HTTPS_PROXY", UNREADABLE[0])
        .env("HTTP_PROXY", UNREADABLE[0]);
    let run = Run::from(command.output().unwrap());
    assert_eq!(server.requests().len(), 2, "{}", run.stderr);
}

#[test]
fn an_address_and_a_server_are_told_without_their_passwords() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = free.local_addr().unwrap();
    drop(free);
    let url = format!("http://ada:{PASSWORD}@{at}");
    for flag in ["--address", "--server"] {
        let run = Run::from(plugin(&["serve", "get", "x", flag, &url]).output().unwrap());
        assert_told(&run, &format!("at http://******@{at}/: Connection refused"));
        let bad = format!("http://ada:{PASSWORD}@bad host");
        let run = Run::from(plugin(&["serve", "get", "x", flag, &bad]).output().unwrap());
        assert_told(&run, "\"http://******@bad host\" is not a valid");
    }
}

#[test]
fn an_address_with_a_password_logs_in_with_it() {
    let server = Server::with_state("{}");
    let url = server.url().replace("http://", "http://ada:s3cret@");
    let run = Run::from(
        plugin(&["serve", "get", "x", "--address", &url])
            .output()
            .unwrap(),
    );
    assert!(!run.stderr.contains(PASSWORD), "{}", run.stderr);
    let request = &server.requests()[0];
    assert_eq!(
        request.header("authorization"),
        Some("Basic YWRhOnMzY3JldA==")
    );
    assert_eq!(request.header("host"), server.url().strip_prefix("http://"));
}
