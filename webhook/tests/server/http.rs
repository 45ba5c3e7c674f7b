//! `POST /mutate`, without sockets.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt as _;
use hyper::{Request, StatusCode};
use ray_serve_inject::Settings;
use ray_serve_webhook::metrics::Metrics;
use ray_serve_webhook::review::http::{Limits, router};
use ray_serve_webhook::server::connections::{Connections, Patience};
use ray_serve_webhook::shutdown;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::{UID, annotated_cluster, create_review, request, review};

pub(crate) struct Fixture {
    router: Router,
    pub(crate) metrics: Arc<Metrics>,
    trigger: shutdown::Trigger,
}

pub(crate) fn fixture() -> Fixture {
    fixture_with(Limits {
        max_in_flight_bytes: 32 << 20,
        request_timeout: Duration::from_secs(4),
    })
}

pub(crate) fn fixture_with(limits: Limits) -> Fixture {
    fixture_of(limits, Settings::default())
}

fn fixture_of(limits: Limits, settings: Settings) -> Fixture {
    let (trigger, shutdown) = shutdown::channel();
    let metrics = Arc::new(Metrics::new());
    Fixture {
        router: router(
            limits,
            settings,
            Connections::new(1, Patience::REVIEWS, metrics.server.clone()),
            metrics.clone(),
            shutdown,
        ),
        metrics,
        trigger,
    }
}

impl Fixture {
    pub(crate) async fn send(&self, request: Request<Body>) -> (StatusCode, String) {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("infallible");
        let status = response.status();
        let body = response
            .into_body()
            .collect()
            .await
            .expect("a body")
            .to_bytes();
        (status, String::from_utf8(body.to_vec()).expect("text"))
    }

    pub(crate) async fn response_to(&self, review: &Value) -> Value {
        let (status, body) = self.send(request(review.to_string())).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let answer: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(answer["apiVersion"], "admission.k8s.io/v1");
        assert_eq!(answer["kind"], "AdmissionReview");
        assert_eq!(answer["response"]["uid"], UID);
        assert_eq!(answer["response"]["allowed"], true);
        answer["response"].clone()
    }

    /// `cluster` as it is stored after its creation.
    pub(crate) async fn created(&self, cluster: &Value) -> Value {
        let response = self
            .response_to(&review("CREATE", cluster, &Value::Null))
            .await;
        patched(cluster, &response)
    }
}

pub(crate) fn patched(object: &Value, response: &Value) -> Value {
    assert_eq!(response["patchType"], "JSONPatch");
    let patch = STANDARD
        .decode(response["patch"].as_str().expect("a base64 string"))
        .expect("base64");
    let patch: json_patch::Patch = serde_json::from_slice(&patch).expect("a JSON patch");
    let mut object = object.clone();
    json_patch::patch(&mut object, &patch).expect("the patch applies");
    object
}

pub(crate) fn has_serve_port(cluster: &Value) -> bool {
    cluster["spec"]["headGroupSpec"]["template"]["spec"]["containers"][0]["ports"]
        .as_array()
        .is_some_and(|ports| {
            ports
                .iter()
                .any(|port| port["name"] == "serve" && port["containerPort"] == 8000)
        })
}

pub(crate) fn assert_unchanged(response: &Value, reason: &str) {
    assert_eq!(response.get("patch"), None);
    assert_eq!(response.get("patchType"), None);
    assert_eq!(response["auditAnnotations"]["outcome"], "unchanged");
    assert_eq!(response["auditAnnotations"]["reason"], reason);
}

#[tokio::test]
async fn an_annotated_cluster_is_patched_on_create() {
    let cluster = annotated_cluster();
    let response = fixture()
        .response_to(&review("CREATE", &cluster, &Value::Null))
        .await;
    assert!(has_serve_port(&patched(&cluster, &response)));
    assert_eq!(response["auditAnnotations"]["outcome"], "mutated");
    assert_eq!(response["auditAnnotations"]["reason"], "injected");
}

#[tokio::test]
async fn a_stripped_injection_comes_back_on_update() {
    let fixture = fixture();
    let plain = annotated_cluster();
    let injected = fixture.created(&plain).await;

    let response = fixture
        .response_to(&review("UPDATE", &plain, &injected))
        .await;
    assert_eq!(patched(&plain, &response), injected);
}

/// `--drain=false` is about pods to come.
#[tokio::test]
async fn a_webhook_without_the_drain_adds_none_and_takes_none_away() {
    let limits = Limits {
        max_in_flight_bytes: 32 << 20,
        request_timeout: Duration::from_secs(4),
    };
    let without = fixture_of(limits, Settings { drain: false });
    let mut plain = annotated_cluster();
    plain["spec"]["workerGroupSpecs"] = json!([{
        "groupName": "w",
        "template": { "spec": { "containers": [{ "name": "ray-worker", "image": "ray" }] } },
    }]);
    let workers = |cluster: &Value| cluster["spec"]["workerGroupSpecs"].clone();

    let created = without.created(&plain).await;
    assert!(has_serve_port(&created));
    assert_eq!(workers(&created), workers(&plain));

    let drains = fixture().created(&plain).await;
    assert_ne!(workers(&drains), workers(&plain));
    let response = without
        .response_to(&review("UPDATE", &plain, &drains))
        .await;
    assert_eq!(patched(&plain, &response), drains);
}

#[tokio::test]
async fn a_cluster_that_is_ready_gets_no_patch_at_all() {
    let fixture = fixture();
    let plain = annotated_cluster();
    let injected = fixture.created(&plain).await;

    let response = fixture
        .response_to(&review("CREATE", &injected, &Value::Null))
        .await;
    assert_unchanged(&response, "already-ready");
}

#[tokio::test]
async fn a_value_that_only_looks_true_is_answered_with_a_warning() {
    let mut cluster = annotated_cluster();
    cluster["metadata"]["annotations"]["ray.io/enable-serve-service"] = json!("True");
    let response = fixture()
        .response_to(&review("CREATE", &cluster, &Value::Null))
        .await;
    assert_unchanged(&response, "annotation-not-true");
    assert_eq!(
        response["warnings"],
        json!([
            "not injected (annotation-not-true): ray.io/enable-serve-service must be \"true\" in quotes, not \"True\""
        ])
    );
}

#[tokio::test]
async fn what_is_not_ours_is_allowed_unchanged() {
    let fixture = fixture();
    let service = json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "x" } });
    let response = fixture
        .response_to(&review("CREATE", &service, &Value::Null))
        .await;
    assert_unchanged(&response, "not-a-raycluster");

    let delete = review("DELETE", &Value::Null, &annotated_cluster());
    assert_unchanged(
        &fixture.response_to(&delete).await,
        "operation-not-reviewed",
    );

    let empty = review("CREATE", &Value::Null, &Value::Null);
    assert_unchanged(&fixture.response_to(&empty).await, "no-object");

    let scalar = review("CREATE", &json!(7), &Value::Null);
    fixture.response_to(&scalar).await;
}

#[tokio::test]
async fn a_review_that_cannot_be_read_is_an_error() {
    let fixture = fixture();
    let mut v1beta1 = review("CREATE", &annotated_cluster(), &Value::Null);
    v1beta1["apiVersion"] = json!("admission.k8s.io/v1beta1");
    let mut no_request = v1beta1.clone();
    no_request["apiVersion"] = json!("admission.k8s.io/v1");
    no_request["request"] = Value::Null;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in [
        String::new(),
        "nonsense".to_owned(),
        "{}".to_owned(),
        "null".to_owned(),
        deep,
        v1beta1.to_string(),
        no_request.to_string(),
    ] {
        let (status, answer) = fixture.send(request(body.clone())).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body:.60}");
        assert_eq!(answer.trim_end().lines().count(), 1, "{answer}");
    }
    let metrics = fixture.metrics.encode().expect("metrics");
    assert!(
        metrics.contains(r#"admission_requests_total{operation="unknown",outcome="error"} 7"#),
        "{metrics}"
    );
}

#[tokio::test]
async fn only_json_posted_to_mutate_is_read() {
    let fixture = fixture();
    let with_type = |content_type: Option<&str>| {
        let mut request = request(create_review());
        request.headers_mut().remove("content-type");
        if let Some(content_type) = content_type {
            request
                .headers_mut()
                .insert("content-type", content_type.parse().expect("a header"));
        }
        request
    };
    for content_type in [None, Some("text/plain"), Some("application/yaml")] {
        let (status, _) = fixture.send(with_type(content_type)).await;
        assert_eq!(
            status,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{content_type:?}"
        );
    }
    let (status, _) = fixture
        .send(with_type(Some("application/json; charset=utf-8")))
        .await;
    assert_eq!(status, StatusCode::OK);

    let get = Request::get("/mutate")
        .body(Body::empty())
        .expect("a request");
    assert_eq!(fixture.send(get).await.0, StatusCode::METHOD_NOT_ALLOWED);
    let elsewhere = Request::post("/").body(Body::empty()).expect("a request");
    assert_eq!(fixture.send(elsewhere).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn http1_clients_are_sent_elsewhere_while_shutting_down() {
    let fixture = fixture();
    let connection =
        |response: hyper::Response<Body>| response.headers().get("connection").cloned();
    let before = fixture
        .router
        .clone()
        .oneshot(request(create_review()))
        .await
        .expect("infallible");
    assert_eq!(connection(before), None);

    fixture.trigger.shut_down(Duration::ZERO).await;
    let after = fixture
        .router
        .clone()
        .oneshot(request(create_review()))
        .await
        .expect("infallible");
    assert_eq!(after.status(), StatusCode::OK);
    assert_eq!(connection(after).expect("a header"), "close");
}

#[tokio::test]
async fn reviews_are_counted_by_outcome_and_reason() {
    let fixture = fixture();
    fixture.send(request(create_review())).await;
    let service = json!({ "kind": "Service" });
    fixture
        .response_to(&review("UPDATE", &service, &Value::Null))
        .await;

    let metrics = fixture.metrics.encode().expect("metrics");
    for line in [
        r#"ray_serve_webhook_admission_requests_total{operation="CREATE",outcome="mutated"} 1"#,
        r#"ray_serve_webhook_admission_requests_total{operation="UPDATE",outcome="unchanged"} 1"#,
        r#"ray_serve_webhook_skip_total{reason="not-a-raycluster"} 1"#,
        r#"ray_serve_webhook_http_responses_total{code="200"} 2"#,
        "ray_serve_webhook_admission_duration_seconds_count 2",
        "ray_serve_webhook_admission_in_flight 0",
        r#"ray_serve_webhook_build_info{version=""#,
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}
