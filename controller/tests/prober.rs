//! The prober against listeners that behave as pods do: well, badly, and not at all.

use std::net::SocketAddr;
use std::time::Duration;

use ray_serve_controller::traffic::probe::{Ask, Foreign, Outcome, Prober};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Long where an answer is expected, so that a busy machine changes no result.
const LONG: Duration = Duration::from_secs(30);
/// Short where none will come.
const SHORT: Duration = Duration::from_millis(50);

const HEALTHY: &str = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nsuccess";
const ROUTES: &str = "HTTP/1.1 200 OK\r\ncontent-length: 18\r\n\r\n{\"/fruit\":\"fruit\"}";
const NO_ROUTES: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
const DRAINING: &str =
    "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 28\r\n\r\nThis node is being drained.\n";

/// A listener that handles each connection, after its request was read, by `answer`.
async fn listener<F>(answer: impl Fn(String, TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let came = stream.read_buf(&mut request).await.unwrap();
                assert!(came > 0, "the prober went away before it had asked");
            }
            answer(String::from_utf8(request).unwrap(), stream).await;
        }
    });
    address
}

/// A listener with one answer for each of the two paths.
async fn proxy(healthz: &'static str, routes: &'static str) -> SocketAddr {
    listener(move |request, mut stream| async move {
        let answer = if request.starts_with("GET /-/healthz HTTP/1.1\r\n") {
            healthz
        } else if request.starts_with("GET /-/routes HTTP/1.1\r\n") {
            routes
        } else {
            panic!("unexpected {request}")
        };
        assert!(request.contains("\r\nConnection: close\r\n"), "{request}");
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await
}

async fn probe(address: SocketAddr, ask: Ask, patience: Duration) -> Outcome {
    let outcome = Prober::new(patience).probe(address, ask).await;
    outcome.expect("this machine has sockets")
}

#[tokio::test]
async fn the_answer_to_healthz_decides() {
    for (answer, expected) in [
        (HEALTHY, Outcome::Serves),
        (DRAINING, Outcome::Leaving),
        (
            "HTTP/1.1 404 Not Found\r\n\r\n",
            Outcome::Foreign(Foreign::Status(404)),
        ),
        (
            "HTTP/1.1 301 Moved Permanently\r\nlocation: https://x\r\n\r\n",
            Outcome::Foreign(Foreign::Status(301)),
        ),
        ("\x15\x03\x03\x00\x02", Outcome::Foreign(Foreign::Tls)),
        ("220 mail ready\r\n", Outcome::Foreign(Foreign::NotHttp)),
        ("HTTP/1.1 20", Outcome::Foreign(Foreign::Incomplete)),
        ("", Outcome::Refused),
    ] {
        let address = proxy(answer, "").await;
        let outcome = probe(address, Ask::Healthz, LONG).await;
        assert_eq!(outcome, expected, "{answer:?}");
    }
}

#[tokio::test]
async fn who_joins_has_to_have_routes() {
    for (healthz, routes, expected) in [
        (HEALTHY, ROUTES, Outcome::Serves),
        (HEALTHY, NO_ROUTES, Outcome::NoRoutes),
        (HEALTHY, DRAINING, Outcome::Leaving),
        (HEALTHY, HEALTHY, Outcome::Foreign(Foreign::NotRoutes)),
        (HEALTHY, "", Outcome::Refused),
        (DRAINING, ROUTES, Outcome::Leaving),
    ] {
        let address = proxy(healthz, routes).await;
        let outcome = probe(address, Ask::HealthzAndRoutes, LONG).await;
        assert_eq!(outcome, expected, "{healthz:?} {routes:?}");
    }
}

#[tokio::test]
async fn a_port_that_nothing_listens_on_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(probe(address, Ask::Healthz, LONG).await, Outcome::Refused);
}

#[tokio::test]
async fn a_reset_before_the_answer_is_refused() {
    let address = listener(|_, stream| async move {
        stream.set_zero_linger().unwrap();
    })
    .await;
    assert_eq!(probe(address, Ask::Healthz, LONG).await, Outcome::Refused);
}

#[tokio::test]
async fn who_accepts_and_says_nothing_is_silent() {
    let address = listener(|_, stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    assert_eq!(probe(address, Ask::Healthz, SHORT).await, Outcome::Silent);
}

#[tokio::test]
async fn who_stops_in_the_middle_of_its_answer_is_silent() {
    let address = listener(|_, mut stream| async move {
        stream.write_all(b"HTTP/1.1 200").await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    assert_eq!(probe(address, Ask::Healthz, SHORT).await, Outcome::Silent);
}

#[tokio::test]
async fn endless_answers_are_cut_off() {
    for endless in ["HTTP/1.1 200 ", "HTTP/1.1 200 OK\r\n"] {
        let address = listener(move |_, mut stream| async move {
            let mut next = endless.as_bytes();
            while stream.write_all(next).await.is_ok() {
                next = b"x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r";
            }
        })
        .await;
        let ask = if endless.ends_with('\n') {
            Ask::HealthzAndRoutes
        } else {
            Ask::Healthz
        };
        let too_large = Outcome::Foreign(Foreign::TooLarge);
        assert_eq!(probe(address, ask, LONG).await, too_large, "{endless:?}");
    }
}

#[tokio::test]
async fn an_answer_in_single_bytes_is_read() {
    let address = listener(|request, mut stream| async move {
        stream.set_nodelay(true).unwrap();
        let is_healthz = request.contains("healthz");
        for byte in if is_healthz { HEALTHY } else { ROUTES }.bytes() {
            // The prober goes away as soon as it knows enough.
            if stream.write_all(&[byte]).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    let outcome = probe(address, Ask::HealthzAndRoutes, LONG).await;
    assert_eq!(outcome, Outcome::Serves);
}
