//! What the largest and most wasteful requests cost the process, measured from outside.

use std::sync::Arc;

use hyper::StatusCode;
use ray_serve_webhook::server::body::MAX_BODY_BYTES;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::running::Process;
use crate::support::{Connection, annotated_cluster, create_review, review};
use crate::withstand::{GoodClients, assert_small, report, withstands};

/// What may be left of it when they are gone.
const MAX_KEPT: usize = 24 << 20;
/// Clients that send the same at once.
const CLIENTS: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_body_costs_more_memory_than_there_is_and_good_reviews_are_answered_meanwhile() {
    let process = Arc::new(Process::start(&[]).await);
    let good = GoodClients::start(&process);
    for (name, bomb) in bombs() {
        assert!(bomb.len() <= MAX_BODY_BYTES, "{name}");
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let (process, bomb) = (process.clone(), bomb.clone());
            clients.spawn(async move {
                let mut connection = Connection::http1(process.reviews, &process.trusted).await;
                // What it is answered is tested elsewhere, and some are turned away.
                let _ = connection.send(bomb).await;
            });
        }
        clients.join_all().await;
        assert_small(name, &process);
    }
    good.are_answered(1).await;
    report("JSON bombs", &process, good.stop().await);
    // Without the program itself, which takes more in a debug build.
    let kept = process.memory("RssAnon");
    assert!(kept < MAX_KEPT, "{} MiB are kept", kept >> 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_are_refused_cost_little() {
    withstands("requests that are refused", async |process| {
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let process = process.clone();
            clients.spawn(async move {
                for _ in 0..20 {
                    for (content_type, body, expected) in refused() {
                        let mut connection =
                            Connection::http1(process.reviews, &process.trusted).await;
                        let sent = connection.send_as(content_type, body).await;
                        // Where the rest of a body is not read, the answer may be lost with it.
                        let status = sent.map_or(expected, |answer| answer.status());
                        // Some of the large ones come when there are too many of them.
                        let too_many = status == StatusCode::SERVICE_UNAVAILABLE;
                        assert!(status == expected || too_many, "{status}, not {expected}");
                    }
                }
            });
        }
        clients.join_all().await;
    })
    .await;
}

/// A content type, a body, and what it is answered.
fn refused() -> Vec<(&'static str, Vec<u8>, StatusCode)> {
    const JSON: &str = "application/json";
    let good = create_review();
    let mut v1beta1 = review("CREATE", &annotated_cluster(), &Value::Null);
    v1beta1["apiVersion"] = json!("admission.k8s.io/v1beta1");
    let deep = "[".repeat(MAX_BODY_BYTES).into_bytes();
    vec![
        (
            "application/yaml",
            good.clone(),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (
            "text/plain",
            vec![0; 1 << 20],
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (JSON, v1beta1.to_string().into(), StatusCode::BAD_REQUEST),
        (
            JSON,
            good[..good.len() / 2].to_vec(),
            StatusCode::BAD_REQUEST,
        ),
        (JSON, vec![0xff; 1 << 20], StatusCode::BAD_REQUEST),
        (JSON, deep, StatusCode::BAD_REQUEST),
        (
            JSON,
            vec![b' '; MAX_BODY_BYTES + 1],
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
    ]
}

/// Bodies as long as they may be.
fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let pod_ip_group =
        r#"{"rayStartParams":{"a":"$MY_POD_IP"},"template":{"spec":{"containers":[{}]}}}"#;
    vec![
        ("no review", list_of("0", |whole| whole)),
        ("numbers for an object", list_of("0", object)),
        (
            "a status of numbers",
            list_of("0", |review| &mut object(review)["status"]),
        ),
        (
            "a status of objects",
            list_of("{}", |review| &mut object(review)["status"]),
        ),
        (
            "labels",
            keys(|review| &mut object(review)["metadata"]["labels"]),
        ),
        (
            "start params",
            keys(|review| &mut head(review)["rayStartParams"]),
        ),
        (
            "a start param",
            list_of("[]", |review| &mut head(review)["rayStartParams"]["port"]),
        ),
        (
            "ports",
            list_of(
                r#"{"containerPort":1}"#,
                |review| &mut container(review)["ports"],
            ),
        ),
        (
            "empty variables",
            list_of("{}", |review| &mut container(review)["env"]),
        ),
        (
            "variables",
            list_of(
                r#"{"name":"MY_POD_IP"}"#,
                |review| &mut container(review)["env"],
            ),
        ),
        (
            "worker groups",
            list_of(
                pod_ip_group,
                |review| &mut object(review)["spec"]["workerGroupSpecs"],
            ),
        ),
        (
            "worker groups of an old object",
            list_of(pod_ip_group, |review| {
                review["request"]["operation"] = json!("UPDATE");
                review["request"]["oldObject"] = object(review).clone();
                &mut review["request"]["oldObject"]["spec"]["workerGroupSpecs"]
            }),
        ),
        (
            "an escaped annotation",
            text(r"\n", |review| {
                &mut object(review)["metadata"]["annotations"]["ray.io/enable-serve-service"]
            }),
        ),
        (
            "an escaped uid",
            text(r"\n", |review| &mut review["request"]["uid"]),
        ),
        ("a long kind", text("x", |review| &mut review["kind"])),
        (
            "a nested status",
            nested(|review| &mut object(review)["status"]),
        ),
        (
            "a nested name",
            nested(|review| &mut object(review)["metadata"]["name"]),
        ),
    ]
}

fn object(review: &mut Value) -> &mut Value {
    &mut review["request"]["object"]
}

fn head(review: &mut Value) -> &mut Value {
    &mut object(review)["spec"]["headGroupSpec"]
}

fn container(review: &mut Value) -> &mut Value {
    &mut head(review)["template"]["spec"]["containers"][0]
}

type Place = fn(&mut Value) -> &mut Value;

fn list_of(element: &str, place: Place) -> Vec<u8> {
    filled(place, |room| {
        let times = room / (element.len() + 1) - 1;
        format!("[{}]", vec![element; times].join(","))
    })
}

fn keys(place: Place) -> Vec<u8> {
    filled(place, |room| {
        let times = room / r#""123456":0,"#.len() - 1;
        let members: Vec<String> = (0..times).map(|key| format!(r#""{key:06}":0"#)).collect();
        format!("{{{}}}", members.join(","))
    })
}

fn text(part: &str, place: Place) -> Vec<u8> {
    filled(place, |room| {
        format!(r#""{}""#, part.repeat(room / part.len() - 2))
    })
}

fn nested(place: Place) -> Vec<u8> {
    filled(place, |room| "[".repeat(room / 2) + &"]".repeat(room / 2))
}

/// A review with, in one place, as much JSON as there is room for.
fn filled(place: Place, json: impl Fn(usize) -> String) -> Vec<u8> {
    const HERE: &str = "put it here";
    let mut body = review("CREATE", &annotated_cluster(), &Value::Null);
    *place(&mut body) = json!(HERE);
    let body = body.to_string();
    let json = json(MAX_BODY_BYTES - body.len());
    body.replacen(&format!("{HERE:?}"), &json, 1).into_bytes()
}
