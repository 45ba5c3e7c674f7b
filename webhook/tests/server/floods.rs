//! More connections than there are places for, slow ones, and good clients among them.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::StatusCode;
use ray_serve_webhook::server::open_files;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::running::{Process, running};
use crate::support::{Connection, connect, create_review, eventually, get};
use crate::withstand::withstands;

/// Twenty for each place that the webhook has by default.
const SILENT: u32 = 10_000;
/// More than there are places, for what is worth nothing to a client but a handshake.
const MANY: usize = 600;

/// The start of a TLS record of 512 bytes, of a header, and of an HTTP/2 frame of 64.
const HANDSHAKE: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
const HEADER: &[u8] = b"POST /mutate HTTP/1.1\r\nhost: localhost\r\nx-slow: ";
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x40\x01\x04\x00\x00\x00\x01";

async fn assert_answers(connection: &mut Connection) {
    let response = connection.send(create_review()).await.expect("a response");
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_silent_connections_keep_nobody_out() {
    // All of them stay open at this end, if this process may have as many files.
    let at_once = open_files::allow(SILENT) as usize;
    withstands("10,000 silent connections", async |process| {
        let mut silent = std::collections::VecDeque::new();
        for _ in 0..SILENT {
            let stream = TcpStream::connect(process.reviews).await;
            silent.push_back(stream.expect("a connection"));
            if silent.len() > at_once {
                silent.pop_front();
            }
        }
        // They made room, and nobody waited until they were given up.
        assert!(evicted(process.admin).await > SILENT as usize / 2);
        silent
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_idle_after_their_handshake_keep_nobody_out() {
    withstands(
        "connections idle after their TLS handshake",
        async |process| {
            let mut idle = Vec::new();
            for number in 0..2 * MANY {
                let protocol: &[u8] = if number % 2 == 0 { b"h2" } else { b"http/1.1" };
                let stream = connect(process.reviews, &process.trusted, protocol).await;
                idle.push(stream.expect("TLS"));
            }
            idle
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_handshakes_keep_nobody_out() {
    withstands("slow TLS handshakes", async |process| {
        let mut slow = JoinSet::new();
        for _ in 0..2 * MANY {
            let stream = TcpStream::connect(process.reviews).await;
            slow.spawn(dribble(stream.expect("a connection"), HANDSHAKE));
        }
        slow
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_headers_keep_nobody_out() {
    withstands("slow headers", async |process| {
        let mut slow = JoinSet::new();
        for number in 0..MANY {
            let (protocol, start): (&[u8], _) = if number % 2 == 0 {
                (b"h2", PREFACE)
            } else {
                (b"http/1.1", HEADER)
            };
            let stream = connect(process.reviews, &process.trusted, protocol).await;
            slow.spawn(dribble(stream.expect("TLS"), start));
        }
        slow
    })
    .await;
}

/// Whoever reaches the port of the probes could else have the webhook restarted by kubelet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_on_the_probes_port_keeps_no_probe_waiting() {
    // As the chart has it for /livez.
    const PROBE_TIMEOUT: Duration = Duration::from_secs(5);
    withstands("a flood on the port of the probes", async |process| {
        let mut flood = JoinSet::new();
        flood.spawn(knock(process.admin));
        eventually("the flood is at its height", async || {
            evicted(process.admin).await > 2 * MANY
        })
        .await;
        for path in ["/livez", "/readyz"].iter().cycle().take(40) {
            let probed = tokio::time::timeout(PROBE_TIMEOUT, get(process.admin, path)).await;
            let (status, _) = probed.expect("answered before kubelet gives up");
            assert_eq!(status, StatusCode::OK);
        }
        flood
    })
    .await;
}

/// A thousand connections a second, whatever becomes of those before.
async fn knock(address: SocketAddr) {
    let at_once = open_files::allow(SILENT) as usize / 2;
    let mut beats = tokio::time::interval(Duration::from_millis(1));
    let mut silent = std::collections::VecDeque::new();
    loop {
        beats.tick().await;
        let connection = async move {
            let stream = TcpStream::connect(address).await;
            std::future::pending::<()>().await;
            drop(stream);
        };
        silent.push_back(AbortOnDrop(tokio::spawn(connection)));
        if silent.len() > at_once {
            silent.pop_front();
        }
    }
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A container's limit on open files may be lower than `--max-connections`.
#[tokio::test]
async fn with_few_open_files_it_takes_fewer_connections_and_newcomers_still_find_room() {
    let process = Process::start_with_open_files(160).await;
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(
            TcpStream::connect(process.reviews)
                .await
                .expect("a connection"),
        );
    }
    let mut newcomer = Connection::http1(process.reviews, &process.trusted).await;
    assert_answers(&mut newcomer).await;
    assert!(evicted(process.admin).await > 0);
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
        // Time enough for the newcomer to ask for the place, and too little to have stalled.
        tokio::time::sleep(Duration::from_millis(500)).await;
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
async fn a_request_that_has_stalled_makes_room() {
    let running = running(&["--max-connections=1", "--request-timeout=10m"]).await;
    let mut stalled = connect(running.reviews, &running.trusted, b"http/1.1")
        .await
        .expect("TLS");
    let head = b"POST /mutate HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n";
    stalled.write_all(head).await.expect("written");
    let mut newcomer = Connection::http1(running.reviews, &running.trusted).await;
    assert_answers(&mut newcomer).await;
    assert_eq!(evicted(running.admin).await, 1);
}

#[tokio::test]
async fn a_client_that_never_comes_to_its_point_is_not_listened_to() {
    let running = running(&[]).await;
    let (address, trusted) = (running.reviews, &running.trusted);
    let tcp = TcpStream::connect(address).await.expect("a connection");
    let http1 = connect(address, trusted, b"http/1.1").await.expect("TLS");
    let http2 = connect(address, trusted, b"h2").await.expect("TLS");
    tokio::join!(
        is_cut_off(tcp, HANDSHAKE),
        is_cut_off(http1, HEADER),
        is_cut_off(http2, PREFACE),
    );
}

async fn is_cut_off(stream: impl AsyncRead + AsyncWrite + Unpin, start: &[u8]) {
    let dribbled = tokio::time::timeout(Duration::from_secs(60), dribble(stream, start)).await;
    assert!(dribbled.is_ok(), "still listened to");
}

/// Sends `start` and then a byte now and then, until the other side has had enough.
pub(crate) async fn dribble(mut stream: impl AsyncRead + AsyncWrite + Unpin, start: &[u8]) {
    let mut sent = stream.write_all(start).await;
    while sent.is_ok() {
        tokio::time::sleep(Duration::from_millis(100)).await;
        sent = async {
            stream.write_all(b"x").await?;
            stream.flush().await
        }
        .await;
    }
}
