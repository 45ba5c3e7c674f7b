//! More connections than there are places for, slow ones, and good clients among them.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::StatusCode;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::running::{Process, running};
use crate::support::{Connection, connect, create_review, get};

/// Four for each place that the webhook has by default.
const SILENT: usize = 2_000;
/// How many of them are open at once: more than there are places, and no more file descriptors
/// than any machine allows.
const SILENT_AT_ONCE: usize = 600;
const MAX_MEMORY: usize = 64 << 20;

async fn assert_answers(connection: &mut Connection) {
    let response = connection.send(create_review()).await.expect("a response");
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_silent_connections_keep_nobody_out() {
    let process = Process::start(&[]).await;
    let mut before = Connection::http2(process.reviews, &process.trusted).await;
    assert_answers(&mut before).await;

    let mut silent = VecDeque::new();
    for number in 1..=SILENT {
        let stream = TcpStream::connect(process.reviews).await;
        silent.push_back(stream.expect("a connection"));
        if silent.len() > SILENT_AT_ONCE {
            silent.pop_front();
        }
        if number % 100 == 0 {
            let mut newcomer = Connection::http1(process.reviews, &process.trusted).await;
            assert_answers(&mut newcomer).await;
        }
    }
    assert_answers(&mut before).await;
    // They made room, and nobody waited until they were given up.
    assert!(evicted(process.admin).await > SILENT / 2);
    let peak = process.memory("VmHWM");
    assert!(peak < MAX_MEMORY, "{} MiB", peak >> 20);
}

#[tokio::test]
async fn who_was_silent_longest_makes_room() {
    let running = running(&["--max-connections=2"]).await;
    let mut used = Connection::http1(running.reviews, &running.trusted).await;
    assert_answers(&mut used).await;
    let mut silent = TcpStream::connect(running.reviews)
        .await
        .expect("a connection");

    // Not that of the older one, which has been used.
    let mut newcomer = Connection::http1(running.reviews, &running.trusted).await;
    assert_eq!(silent.read(&mut [0; 1]).await.expect("closed"), 0);
    assert_answers(&mut newcomer).await;
    assert_answers(&mut used).await;

    // Nobody is silent now: the one that has been idle longest goes.
    let mut another = Connection::http1(running.reviews, &running.trusted).await;
    assert_answers(&mut another).await;
    assert!(newcomer.send(create_review()).await.is_err());
    assert_answers(&mut used).await;
    assert_eq!(evicted(running.admin).await, 2);
}

async fn evicted(admin: SocketAddr) -> usize {
    let (_, metrics) = get(admin, "/metrics").await;
    metrics
        .lines()
        .find_map(|line| line.strip_prefix("ray_serve_webhook_connections_evicted_total "))
        .and_then(|number| number.parse().ok())
        .expect("a number")
}

#[tokio::test]
async fn a_request_in_flight_keeps_its_place() {
    let running = running(&["--max-connections=1"]).await;
    let mut busy = connect(running.reviews, &running.trusted, b"http/1.1")
        .await
        .expect("TLS");
    let body = create_review();
    let head = format!(
        "POST /mutate HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    busy.write_all(head.as_bytes()).await.expect("written");
    let finished = async {
        // Time enough for the newcomer to ask for the place.
        tokio::time::sleep(Duration::from_secs(1)).await;
        busy.write_all(&body).await.expect("written");
        let mut answer = String::new();
        busy.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    };
    let newcomer = async {
        let mut newcomer = Connection::http1(running.reviews, &running.trusted).await;
        assert_answers(&mut newcomer).await;
    };
    tokio::join!(finished, newcomer);
}

#[tokio::test]
async fn a_client_that_never_comes_to_its_point_is_not_listened_to() {
    let running = running(&[]).await;
    let (address, trusted) = (running.reviews, &running.trusted);
    let tcp = TcpStream::connect(address).await.expect("a connection");
    let http1 = connect(address, trusted, b"http/1.1").await.expect("TLS");
    let http2 = connect(address, trusted, b"h2").await.expect("TLS");
    // The start of a TLS record of 512 bytes, of a header, and of an HTTP/2 frame of 64.
    let handshake = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    let header = b"POST /mutate HTTP/1.1\r\nhost: localhost\r\nx-slow: ";
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x40\x01\x04\x00\x00\x00\x01";
    tokio::join!(
        is_cut_off(tcp, handshake),
        is_cut_off(http1, header),
        is_cut_off(http2, preface),
    );
}

/// Sends `start` and then a byte now and then, until the other side has had enough.
async fn is_cut_off(mut stream: impl AsyncRead + AsyncWrite + Unpin, start: &[u8]) {
    stream.write_all(start).await.expect("written");
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if stream.write_all(b"x").await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
    panic!("still listened to");
}
