//! Answers without an end, as a head may give that belongs to somebody else: one sentence, and no
//! more memory than the longest answer of a real Ray takes.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tempfile::TempDir;

use crate::support::kubernetes::kubeconfig;
use crate::support::{Run, plugin, run};

const MIB: usize = 1 << 20;
/// What lies in the buffers of both ends of a connection.
const UNDERWAY: usize = 16 * MIB;
/// Somebody who reads this much reads all.
const END: usize = 1024 * MIB;

/// Answers everything with `status` and a body that begins with `start` and does not end.
struct Endless {
    url: String,
    taken: Arc<AtomicUsize>,
}

impl Endless {
    fn start(status: u16, start: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let taken = Arc::new(AtomicUsize::new(0));
        let shared = Arc::clone(&taken);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let taken = Arc::clone(&shared);
                thread::spawn(move || pour(stream.unwrap(), status, start, &taken));
            }
        });
        Self { url, taken }
    }

    /// How much a connection has taken at most.
    fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }
}

fn pour(mut stream: TcpStream, status: u16, start: &str, taken: &AtomicUsize) {
    let _ = stream.read(&mut [0; 8192]);
    let head = format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n\r\n{start}");
    let _ = stream.write_all(head.as_bytes());
    let mut sent = 0;
    let piece = vec![b' '; 64 * 1024];
    while sent < END && stream.write_all(&piece).is_ok() {
        sent += piece.len();
        taken.fetch_max(sent, Ordering::SeqCst);
    }
}

fn assert_ends(ran: &Run, sentence: &str) {
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains(sentence), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
}

#[test]
fn a_state_without_an_end_is_not_read_to_it() {
    let too_long = "with more than 32 MiB, which no Ray does";
    for words in [
        &["get", "x"][..],
        &["config", "x"],
        &["delete", "x"],
        &["logs", "x"],
    ] {
        let head = Endless::start(200, "{\"applications\": {");
        let words = [&["serve", "--address", &head.url], words].concat();
        assert_ends(&run(&words), too_long);
        assert!(head.taken() < 32 * MIB + UNDERWAY, "{}", head.taken());
    }
}

#[test]
fn of_an_error_without_an_end_the_beginning_is_told() {
    let head = Endless::start(500, "it broke\n");
    let ran = run(&["serve", "--address", &head.url, "get", "x"]);
    assert_ends(&ran, "it broke (500)");
    assert!(head.taken() < MIB + UNDERWAY, "{}", head.taken());
}

#[test]
fn somebody_who_types_waits_no_longer_and_takes_no_more() {
    use std::os::unix::process::CommandExt;
    let head = Endless::start(200, "{\"applications\": {");
    let mut typing = plugin(&["serve", "--address", &head.url, "get", "x", ""]);
    typing.arg0("kubectl_complete-ray");
    let ran = Run::from(typing.output().unwrap());
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ":4\n"));
    assert!(head.taken() < 32 * MIB + UNDERWAY, "{}", head.taken());
}

#[test]
fn a_list_of_the_api_server_has_an_end_too() {
    let server = Endless::start(200, "{\"items\": [");
    let directory = TempDir::new().unwrap();
    let file = kubeconfig(directory.path(), "one", &server.url, "{token: t}");
    let ran = run(&["serve", "--kubeconfig", &file, "get"]);
    assert_ends(&ran, "it is longer than 128 MiB");
    assert!(server.taken() < 128 * MIB + UNDERWAY, "{}", server.taken());
}
