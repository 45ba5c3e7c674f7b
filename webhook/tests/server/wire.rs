//! HTTP/1.1 as other clients than the API server write it.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

use crate::running::{Running, running};
use crate::support::{connect, create_review};

const HEAD: &str = "POST /mutate HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
const LAST: &str = "connection: close\r\n";

/// What comes back for `request`, which asks for the connection to be closed.
async fn answer_to(running: &Running, request: &[u8]) -> String {
    let mut stream = connect(running.reviews, &running.trusted, b"http/1.1")
        .await
        .expect("TLS");
    stream.write_all(request).await.expect("written");
    rest(&mut stream).await
}

async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

fn with_length(more: &str) -> Vec<u8> {
    let body = create_review();
    let mut request = format!("{HEAD}{more}content-length: {}\r\n\r\n", body.len()).into_bytes();
    request.extend(body);
    request
}

#[tokio::test]
async fn requests_sent_ahead_are_answered_in_turn() {
    let running = running(&[]).await;
    let requests = [with_length(""), with_length(""), with_length(LAST)].concat();
    let answers = answer_to(&running, &requests).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 3, "{answers}");
}

#[tokio::test]
async fn a_body_in_chunks_is_read() {
    let running = running(&[]).await;
    let mut request = format!("{HEAD}{LAST}transfer-encoding: chunked\r\n\r\n").into_bytes();
    for chunk in create_review().chunks(100) {
        request.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        request.extend([chunk, b"\r\n"].concat());
    }
    request.extend(b"0\r\n\r\n");
    let answer = answer_to(&running, &request).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_go_on_or_why_not() {
    const EXPECT: &str = "expect: 100-continue\r\n";
    let running = running(&[]).await;
    let mut stream = connect(running.reviews, &running.trusted, b"http/1.1")
        .await
        .expect("TLS");
    let body = create_review();
    let head = format!("{HEAD}{LAST}{EXPECT}content-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.expect("written");
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.expect("an answer");
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(&body).await.expect("written");
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");

    let too_large = format!("{HEAD}{EXPECT}content-length: 999999999\r\n\r\n");
    let answer = answer_to(&running, too_large.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let running = running(&[]).await;
    let head = format!("{HEAD}{LAST}x-long: {}\r\n\r\n", "x".repeat(64 << 10));
    let answer = answer_to(&running, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}
