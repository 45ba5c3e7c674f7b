//! What a request may cost: its bytes, its time, and what is made of them.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use hyper::body::{Frame, SizeHint};
use hyper::{Request, StatusCode};
use ray_serve_webhook::review::http::Limits;
use ray_serve_webhook::server::body::MAX_BODY_BYTES;
use serde_json::{Value, json};

use crate::http::{assert_unchanged, fixture, fixture_with, has_serve_port, patched};
use crate::support::{annotated_cluster, create_review, request, review};

#[tokio::test]
async fn a_body_of_two_large_objects_is_read_and_a_larger_one_is_not() {
    let fixture = fixture();
    let mut cluster = annotated_cluster();
    cluster["metadata"]["annotations"]["filler"] = json!("x".repeat(MAX_BODY_BYTES - 2_000));
    let body = review("CREATE", &cluster, &Value::Null).to_string();
    assert!(body.len() < MAX_BODY_BYTES);
    assert_eq!(fixture.send(request(body)).await.0, StatusCode::OK);

    let body = vec![b' '; MAX_BODY_BYTES + 1];
    assert_eq!(
        fixture.send(request(body)).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[tokio::test]
async fn a_body_that_turns_out_too_large_is_not_read_to_its_end() {
    let pieces = futures::stream::repeat_with(|| Ok::<_, Infallible>(vec![b' '; 1 << 20]));
    let endless = Request::post("/mutate")
        .header("content-type", "application/json")
        .body(Body::from_stream(pieces))
        .expect("a request");
    let (status, _) = fixture().send(endless).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

/// A length is the client's word: whatever it says is refused, and counted as what it would take.
#[tokio::test]
async fn a_body_of_any_declared_length_gets_an_answer() {
    let fixture = fixture();
    let largest = usize::MAX as u64;
    let lengths = [1, 1 << 20, 24 << 10].map(|less| largest - less);
    let around = [MAX_BODY_BYTES as u64 + 1, 1 << 32, largest, u64::MAX];
    for length in lengths.into_iter().chain(around) {
        let mut request = stalled_request();
        *request.body_mut() = Body::new(Stalled { length });
        let (status, _) = fixture.send(request).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{length}");
    }
    let metrics = fixture.metrics.encode().expect("metrics");
    assert!(metrics.contains("admission_in_flight 0"), "{metrics}");
    let (status, _) = fixture.send(request(create_review())).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_cluster_of_three_megabytes_is_patched_and_updated() {
    let fixture = fixture();
    let cluster = large_cluster();
    assert!(cluster.to_string().len() > 3_000_000);
    let injected = fixture.created(&cluster).await;
    assert!(has_serve_port(&injected));

    let response = fixture
        .response_to(&review("UPDATE", &cluster, &injected))
        .await;
    assert_eq!(patched(&cluster, &response), injected);
}

/// Many worker groups with long environments, sidecars, volumes and managed fields.
fn large_cluster() -> Value {
    let many = |times: usize, element: &Value| Value::from(vec![element.clone(); times]);
    let variable = json!({ "name": "SOME_VARIABLE", "value": "some value of some length" });
    let container = json!({
        "name": "ray-worker",
        "image": "ray",
        "env": many(300, &variable),
        "volumeMounts": many(50, &json!({ "name": "data", "mountPath": "/data" })),
    });
    let mut cluster = annotated_cluster();
    cluster["spec"]["workerGroupSpecs"] = many(
        75,
        &json!({
            "groupName": "workers",
            "rayStartParams": { "num-cpus": "4" },
            "template": { "spec": {
                "containers": many(2, &container),
                "volumes": many(50, &json!({ "name": "data", "emptyDir": {} })),
            } },
        }),
    );
    cluster["metadata"]["managedFields"] =
        many(5_000, &json!({ "f:spec": { "f:rayVersion": {} } }));
    cluster["metadata"]["annotations"]["last-applied"] = json!("{}".repeat(100_000));
    cluster
}

#[tokio::test]
async fn a_cluster_with_more_than_can_be_read_is_left_alone_with_a_warning() {
    let fixture = fixture();
    let mut cluster = annotated_cluster();
    let container = &mut cluster["spec"]["headGroupSpec"]["template"]["spec"]["containers"][0];
    container["ports"] = Value::from(vec![json!({ "containerPort": 1 }); 100_000]);
    for review in [
        review("CREATE", &cluster, &Value::Null),
        review("UPDATE", &annotated_cluster(), &cluster),
    ] {
        let response = fixture.response_to(&review).await;
        assert_unchanged(&response, "too-large");
        let warning = response["warnings"][0].as_str().expect("a warning");
        assert!(warning.len() <= 120, "{warning}");
    }
}

#[tokio::test]
async fn what_a_client_wrote_is_not_repeated_at_length() {
    let fixture = fixture();
    let long = json!("long\n".repeat(100_000));
    for pointer in [
        "/kind",
        "/apiVersion",
        "/request",
        "/request/uid",
        "/request/namespace",
        "/request/name",
    ] {
        let mut body = review("CREATE", &annotated_cluster(), &Value::Null);
        *body.pointer_mut(pointer).expect("a field") = long.clone();
        let (status, answer) = fixture.send(request(body.to_string())).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{pointer}");
        assert!(answer.len() < 1_000, "{pointer}: {} bytes", answer.len());
        assert_eq!(answer.trim_end().lines().count(), 1, "{pointer}");
    }
}

#[tokio::test]
async fn large_requests_leave_room_for_small_ones() {
    let fixture = fixture();
    let mut stalled = Vec::new();
    let mut refused = 0;
    for length in [7 << 20; 10].into_iter().chain([512 << 10; 100]) {
        let mut request = stalled_request();
        *request.body_mut() = Body::new(Stalled { length });
        let mut sent = Box::pin(fixture.send(request));
        match futures::poll!(&mut sent) {
            Poll::Pending => stalled.push(sent),
            Poll::Ready((status, _)) => {
                assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
                refused += 1;
            }
        }
    }
    assert!(!stalled.is_empty() && refused > 0);
    let (status, _) = fixture.send(request(create_review())).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_request_beyond_the_budget_is_turned_away_and_the_next_is_served() {
    let fixture = fixture_with(Limits {
        max_in_flight_bytes: MAX_BODY_BYTES,
        request_timeout: Duration::from_secs(4),
    });
    // Charged with the whole budget, because it may become as long as that.
    let mut stalled = Box::pin(fixture.send(stalled_request()));
    assert!(futures::poll!(&mut stalled).is_pending());

    let (status, _) = fixture.send(request(create_review())).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);

    drop(stalled);
    let metrics = fixture.metrics.encode().expect("metrics");
    assert!(metrics.contains("admission_in_flight 0"), "{metrics}");
    let (status, _) = fixture.send(request(create_review())).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let (status, _) = fixture().send(stalled_request()).await;
    assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
}

/// A body whose length is known, but which never comes.
struct Stalled {
    length: u64,
}

impl hyper::body::Body for Stalled {
    type Data = hyper::body::Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Infallible>>> {
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

/// A request whose body never comes, and whose length nobody knows.
fn stalled_request() -> Request<Body> {
    Request::post("/mutate")
        .header("content-type", "application/json")
        .body(Body::from_stream(futures::stream::pending::<
            Result<Vec<u8>, Infallible>,
        >()))
        .expect("a request")
}
