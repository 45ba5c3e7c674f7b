//! Every `RayCluster` of the fixtures over TLS, created and updated.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use serde_json::{Value, json};

use crate::http::patched;
use crate::running::running;
use crate::support::{Connection, review};

#[tokio::test]
async fn every_fixture_is_answered_as_expected_and_nothing_twice() {
    let webhook = running(&[]).await;
    let mut connection = Connection::http2(webhook.reviews, &webhook.trusted).await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/rayclusters");
    let mut answered = 0;
    for entry in fs::read_dir(root).expect("the fixtures") {
        let case = entry.expect("an entry").path();
        let name = case.display().to_string();
        let Some(object) = read(&case.join("in.yaml")) else {
            continue;
        };
        let old = read(&case.join("old.yaml"));
        let operation = if old.is_some() { "UPDATE" } else { "CREATE" };
        let old = old.unwrap_or_default();
        let response = ask(&mut connection, &review(operation, &object, &old)).await;
        let expected = fs::read(case.join("expected.json")).expect("expected.json");
        let expected: Value = serde_json::from_slice(&expected).expect("JSON");
        assert_eq!(as_expected(&response), expected, "{name}");
        answered += 1;

        let reason = &response["auditAnnotations"]["reason"];
        if *reason == "injected" || *reason == "already-ready" {
            let stored = if response["patch"].is_null() {
                object.clone()
            } else {
                patched(&object, &response)
            };
            let again = ask(&mut connection, &review("UPDATE", &object, &stored)).await;
            assert_eq!(again["warnings"], Value::Null, "{name}");
            assert_eq!(again["patch"], response["patch"], "{name}");
            let ready = ask(&mut connection, &review("UPDATE", &stored, &stored)).await;
            assert_eq!(ready["patch"], Value::Null, "{name}");
        }
    }
    assert!(answered > 50, "{answered} fixtures");
}

async fn ask(connection: &mut Connection, review: &Value) -> Value {
    let body = review.to_string().into_bytes();
    let response = connection.send(body).await.expect("a response");
    assert_eq!(response.status(), StatusCode::OK);
    let answer: Value = serde_json::from_slice(response.body()).expect("JSON");
    answer["response"].clone()
}

/// In the shape of `expected.json`.
fn as_expected(response: &Value) -> Value {
    let patch = match response["patch"].as_str() {
        Some(patch) => STANDARD.decode(patch).expect("base64"),
        None => b"[]".to_vec(),
    };
    json!({
        "reason": response["auditAnnotations"]["reason"],
        "warnings": response["warnings"].as_array().cloned().unwrap_or_default(),
        "patch": serde_json::from_slice::<Value>(&patch).expect("a JSON patch"),
    })
}

pub(crate) fn read(file: &Path) -> Option<Value> {
    let text = fs::read_to_string(file).ok()?;
    Some(serde_saphyr::from_str(&text).expect("YAML"))
}
