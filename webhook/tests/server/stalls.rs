//! Requests that do not come to their end: bodies that do not arrive, answers that nobody reads.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::floods::dribble;
use crate::running::Process;
use crate::support::{annotated_cluster, connect, create_review, get, review};
use crate::withstand::withstands;

/// More connections than there are places for.
const MANY: usize = 600;
/// As many at once as the webhook lets one connection have.
const STREAMS: usize = 256;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_bodies_keep_nobody_out() {
    const HEAD: &[u8] = b"POST /mutate HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 60000\r\n\r\n{";
    withstands("slow bodies", async |process| {
        let mut slow = JoinSet::new();
        for _ in 0..MANY {
            let stream = connect(process.reviews, &process.trusted, b"http/1.1").await;
            slow.spawn(dribble(stream.expect("TLS"), HEAD));
        }
        slow
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_answers_that_nobody_reads_are_not_kept() {
    withstands("small answers that nobody reads", async |process| {
        let unread = unread(process, 40, STREAMS, create_review()).await;
        // That is more than are answered at once, which an alert has to see.
        let (_, metrics) = get(process.admin, "/metrics").await;
        let counted = metrics
            .lines()
            .find_map(|line| line.strip_prefix("ray_serve_webhook_requests_refused_total "));
        assert_ne!(counted.expect("a counter"), "0");
        unread
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_answers_that_nobody_reads_are_not_kept() {
    // A patch for every one of them.
    let group = json!({
        "rayStartParams": { "a": "$MY_POD_IP" },
        "template": { "spec": { "containers": [{}] } },
    });
    let mut cluster = annotated_cluster();
    cluster["spec"]["workerGroupSpecs"] = Value::from(vec![group; 2_000]);
    let body = review("CREATE", &cluster, &Value::Null)
        .to_string()
        .into_bytes();
    withstands("large answers that nobody reads", async |process| {
        unread(process, 15, 8, body).await
    })
    .await;
}

/// Sends requests on so many connections, on each so many, and never takes a byte of their answers.
async fn unread(
    process: &Arc<Process>,
    connections: usize,
    requests: usize,
    body: Vec<u8>,
) -> Vec<Response<Incoming>> {
    let mut answers = Vec::new();
    for _ in 0..connections {
        let stream = connect(process.reviews, &process.trusted, b"h2").await;
        let (sender, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
            // What the other side may send of an answer before we ask for more.
            .initial_stream_window_size(0)
            .handshake(TokioIo::new(stream.expect("TLS")))
            .await
            .expect("an HTTP/2 connection");
        tokio::spawn(connection);
        let mut sent = JoinSet::new();
        for _ in 0..requests {
            let mut sender = sender.clone();
            let request = Request::post("https://localhost/mutate")
                .header("content-type", "application/json")
                .body(Full::<Bytes>::from(body.clone()))
                .expect("a request");
            sent.spawn(async move { sender.send_request(request).await });
        }
        // Those that come in too great a number are turned away, or their connection ended.
        answers.extend(sent.join_all().await.into_iter().flatten());
    }
    let answered = |answer: &Response<Incoming>| answer.status() == StatusCode::OK;
    assert!(answers.iter().any(answered));
    answers
}
