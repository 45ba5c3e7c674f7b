//! From start to stop, over real sockets: what probes and clients see of it.

use std::process::Command;
use std::time::Duration;

use clap::Parser as _;
use hyper::StatusCode;
use ray_serve_webhook::args::Args;
use ray_serve_webhook::{Webhook, shutdown};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::running::{Process, arguments, program, running};
use crate::support::{Connection, SelfSigned, connect, create_review, eventually, get};

#[tokio::test]
async fn reviews_are_answered_over_both_versions_of_http() {
    let running = running(&[]).await;
    for mut connection in [
        Connection::http1(running.reviews, &running.trusted).await,
        Connection::http2(running.reviews, &running.trusted).await,
    ] {
        for _ in 0..2 {
            let response = connection.send(create_review()).await.expect("a response");
            assert_eq!(response.status(), StatusCode::OK);
        }
    }
    assert_eq!(get(running.admin, "/livez").await.0, StatusCode::OK);
    let (status, body) = get(running.admin, "/readyz").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let (status, metrics) = get(running.admin, "/metrics").await;
    assert_eq!(status, StatusCode::OK);
    assert!(metrics.contains(r#"outcome="mutated"} 4"#), "{metrics}");
}

#[tokio::test]
async fn a_stopping_webhook_is_unready_but_serves_until_its_delay_is_over() {
    let running = running(&[]).await;
    let mut http1 = Connection::http1(running.reviews, &running.trusted).await;
    let mut http2 = Connection::http2(running.reviews, &running.trusted).await;
    http1.send(create_review()).await.expect("a response");
    http2.send(create_review()).await.expect("a response");

    let trigger = running.trigger;
    let (end_delay, delay_over) = tokio::sync::oneshot::channel::<()>();
    let stopping = tokio::spawn(async move {
        tokio::select! {
            () = trigger.shut_down(Duration::from_secs(600)) => {}
            _ = delay_over => trigger.shut_down(Duration::ZERO).await,
        }
    });
    eventually("unready", async || {
        get(running.admin, "/readyz").await.0 != StatusCode::OK
    })
    .await;
    assert_eq!(get(running.admin, "/livez").await.0, StatusCode::OK);
    // Old connections and new ones are served; HTTP/1.1 ones are told to go.
    let response = http1.send(create_review()).await.expect("a response");
    assert_eq!(response.headers()["connection"], "close");
    http2.send(create_review()).await.expect("a response");
    let mut late = Connection::http1(running.reviews, &running.trusted).await;
    late.send(create_review()).await.expect("a response");

    end_delay.send(()).expect("stopping");
    stopping.await.expect("no panic");
    running
        .serving
        .await
        .expect("no panic")
        .expect("a clean end");
    assert!(http2.send(create_review()).await.is_err());
    assert!(TcpStream::connect(running.reviews).await.is_err());
}

#[tokio::test]
async fn a_request_in_flight_is_finished() {
    let running = running(&[]).await;
    let mut stream = connect(running.reviews, &running.trusted, b"http/1.1")
        .await
        .expect("TLS");
    let body = create_review();
    let head = format!(
        "POST /mutate HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("written");
    eventually("the request is in flight", async || {
        let (_, metrics) = get(running.admin, "/metrics").await;
        metrics.contains("admission_in_flight 1")
    })
    .await;
    running.trigger.shut_down(Duration::ZERO).await;

    stream.write_all(&body).await.expect("written");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .await
        .expect("read to the end");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    running
        .serving
        .await
        .expect("no panic")
        .expect("a clean end");
}

#[tokio::test]
async fn wrong_files_are_told_at_once() {
    let files = TempDir::new().expect("a directory");
    let mut arguments = arguments(files.path(), &SelfSigned::new());
    arguments[2] = "--tls-cert=/nowhere/tls.crt".to_owned();
    let (_trigger, shutdown) = shutdown::channel();
    let arguments = ["webhook".to_owned()].into_iter().chain(arguments);
    let error = Webhook::bind(Args::parse_from(arguments), shutdown)
        .await
        .err()
        .expect("an error");
    assert_eq!(
        format!("{error:#}"),
        "cannot read /nowhere/tls.crt: No such file or directory (os error 2)"
    );
}

// === The process ===

#[tokio::test]
async fn sigterm_ends_the_process_with_success() {
    let mut process = Process::start(&["--shutdown-delay=100ms"]).await;
    let mut connection = Connection::http1(process.reviews, &process.trusted).await;
    connection.send(create_review()).await.expect("a response");
    process.signal("-TERM");
    assert_eq!(process.exit_code(), Some(0));
}

#[tokio::test]
async fn a_second_signal_does_not_wait() {
    let mut process = Process::start(&["--shutdown-delay=10m"]).await;
    let mut connection = Connection::http1(process.reviews, &process.trusted).await;
    connection.send(create_review()).await.expect("a response");
    process.signal("-TERM");
    // Until it has taken the first signal, a second one would be the same one.
    eventually("unready", async || {
        get(process.admin, "/readyz").await.0 != StatusCode::OK
    })
    .await;
    process.signal("-INT");
    assert_eq!(process.exit_code(), Some(1));
}

#[test]
fn without_files_and_without_kubernetes_it_says_what_is_missing() {
    let output = Command::new(program())
        .args(["--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"])
        .env_remove("KUBERNETES_SERVICE_HOST")
        .output()
        .expect("run");
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).expect("text");
    assert!(stderr.contains("not in a Kubernetes pod"), "{stderr}");
    assert!(stderr.contains("--tls-cert and --tls-key"), "{stderr}");
}
