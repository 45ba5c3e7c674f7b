//! What the log tells, and what it never does.

use std::process::Command;
use std::sync::{Arc, Mutex};

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::running::{Process, program};
use crate::support::{Connection, annotated_cluster, eventually, review};

const SECRET: &str = "hunter2";

/// Every line of a process that logs all it can while it answers `reviews`.
async fn lines_while_answering(reviews: &[(Value, StatusCode)]) -> Vec<Value> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let collected = lines.clone();
    let process = Process::run(Command::new(program()), &["--log=trace"], move |line| {
        collected.lock().expect("no panic before").push(line);
    })
    .await;
    for (body, expected) in reviews {
        for mut connection in [
            Connection::http1(process.reviews, &process.trusted).await,
            Connection::http2(process.reviews, &process.trusted).await,
        ] {
            let answer = connection.send(body.to_string().into_bytes()).await;
            assert_eq!(answer.expect("a response").status(), *expected);
        }
    }
    let about_reviews = |line: &Value| {
        let message = line["message"].as_str();
        message.is_some_and(|message| message.starts_with("review"))
    };
    let mut parsed: Vec<Value> = Vec::new();
    eventually("a line for every review", async || {
        let lines = lines.lock().expect("no panic before");
        parsed = lines
            .iter()
            .map(|line| serde_json::from_str(line).expect("a JSON line"))
            .collect();
        parsed.iter().filter(|line| about_reviews(line)).count() >= 2 * reviews.len()
    })
    .await;
    parsed
}

#[tokio::test]
async fn nothing_of_an_object_is_logged_at_any_level() {
    let mut cluster = annotated_cluster();
    cluster["metadata"]["annotations"]["example.com/token"] = json!(SECRET);
    cluster["metadata"]["labels"] = json!({ "token": SECRET });
    let head = &mut cluster["spec"]["headGroupSpec"];
    head["rayStartParams"] = json!({ "redis-password": SECRET, "dashboard-port": SECRET });
    let container = &mut head["template"]["spec"]["containers"][0];
    container["env"] = json!([{ "name": "TOKEN", "value": SECRET }]);
    container["args"] = json!([format!("--token={SECRET}")]);
    let good = review("CREATE", &cluster, &cluster);

    let mut annotation = good.clone();
    annotation["request"]["object"]["metadata"]["annotations"]["ray.io/enable-serve-service"] =
        json!(SECRET);
    let mut unreadable = good.clone();
    unreadable["request"] = json!(SECRET);
    let mut user = good.clone();
    user["request"]["userInfo"] = json!({ "extra": { "token": [SECRET] } });
    let lines = lines_while_answering(&[
        (good, StatusCode::OK),
        (annotation, StatusCode::OK),
        (user, StatusCode::OK),
        (unreadable, StatusCode::BAD_REQUEST),
    ])
    .await;

    // It is the whole log: libraries' lines are in it as well.
    assert!(lines.iter().any(|line| line["level"] == "TRACE"));
    for line in lines {
        assert!(!line.to_string().contains(SECRET), "{line}");
    }
}

#[tokio::test]
async fn a_review_is_one_line_that_says_what_became_of_it() {
    let good = review("CREATE", &annotated_cluster(), &Value::Null);
    let lines = lines_while_answering(&[(good.clone(), StatusCode::OK)]).await;
    let line = lines
        .iter()
        .find(|line| line["message"] == "reviewed")
        .expect("a line");
    for field in ["uid", "namespace", "name", "operation"] {
        assert_eq!(line[field], good["request"][field], "{line}");
    }
    assert_eq!(line["outcome"], "mutated");
    assert_eq!(line["reason"], "injected");
    assert_eq!(line["warnings"], 0);
    assert!(line["microseconds"].is_u64(), "{line}");
}
