//! `inject` and the webhook's `POST /mutate` do and say the same, on every RayCluster of the fixtures.

#[path = "../../../crates/inject/tests/generate/sized.rs"]
mod sized;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt as _;
use kubectl_ray::manifest;
use ray_serve_inject::{Reason, Review, Settings};
use ray_serve_webhook::metrics::Metrics;
use ray_serve_webhook::review::http::{Limits, router};
use ray_serve_webhook::server::connections::{Connections, Patience};
use ray_serve_webhook::shutdown;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::inject::{assert_same, cases, inject, injected, objects};

/// What the webhook answers to the creation of the object, and counts.
struct Answer {
    reason: String,
    warnings: Vec<String>,
    /// As its bytes: the engine's order of operations and keys.
    patch: String,
    metrics: String,
}

fn webhook(object: &Value) -> Answer {
    let review = json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": { "uid": "u", "operation": "CREATE", "object": object },
    });
    let request = http::Request::post("/mutate")
        .header("content-type", "application/json")
        .body(Body::from(review.to_string()))
        .unwrap();
    let limits = Limits {
        max_in_flight_bytes: 32 << 20,
        request_timeout: Duration::from_secs(60),
    };
    let metrics = Arc::new(Metrics::new());
    let (_trigger, shutdown) = shutdown::channel();
    let connections = Connections::new(1, Patience::REVIEWS, metrics.server.clone());
    let settings = Settings::default();
    let router = router(limits, settings, connections, metrics.clone(), shutdown);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let body = runtime.block_on(async {
        let response = router.oneshot(request).await.unwrap();
        response.into_body().collect().await.unwrap().to_bytes()
    });
    let answer: Value = serde_json::from_slice(&body).unwrap();
    let response = &answer["response"];
    assert_eq!(response["allowed"], true);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Answer {
        reason: text(&response["auditAnnotations"]["reason"]),
        warnings: response["warnings"]
            .as_array()
            .map_or_else(Vec::new, |warnings| warnings.iter().map(text).collect()),
        patch: response["patch"].as_str().map_or("[]".to_owned(), |patch| {
            String::from_utf8(STANDARD.decode(patch).unwrap()).unwrap()
        }),
        metrics: metrics.encode().unwrap(),
    }
}

fn read_one(file: &Path) -> Value {
    let [object] = &mut objects(&fs::read(file).unwrap())[..] else {
        panic!("{}: one object", file.display())
    };
    object.take()
}

#[test]
fn the_webhook_does_the_same_to_every_raycluster() {
    for case in cases("rayclusters") {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let file = case.join("in.yaml");
        let object = read_one(&file);
        let Answer {
            reason,
            warnings,
            patch,
            ..
        } = webhook(&object);
        if !case.join("old.yaml").exists() {
            let expected = fs::read(case.join("expected.json")).unwrap();
            let expected: Value = serde_json::from_slice(&expected).unwrap();
            let patch: Value = serde_json::from_str(&patch).unwrap();
            let webhook = json!({ "reason": reason, "warnings": warnings, "patch": patch });
            assert_eq!(webhook, expected, "{name}");
        }

        let run = inject(&file, &["-o", "patch"]);
        let is_cluster = reason != "not-a-raycluster";
        let line = if is_cluster {
            patch + "\n"
        } else {
            String::new()
        };
        assert_eq!((run.code, run.stdout), (Some(0), line), "{name}");
        let id = manifest::name(&object);
        let mut said = match reason.as_str() {
            "injected" => format!("{id} injected\n"),
            "not-a-raycluster" => String::new(),
            reason => format!("{id} unchanged: {reason}\n"),
        };
        for warning in &warnings {
            said.push_str(&format!("Warning: {id}: {warning}\n"));
        }
        // The plugin says more of what the webhook does not get to see.
        assert!(run.stderr.starts_with(&said), "{name}: {}", run.stderr);

        let yaml = inject(&file, &[]).stdout;
        assert_same(&objects(yaml.as_bytes()), &[injected(&object)], &name);
        let untouched = fs::read_to_string(&file).unwrap();
        assert_eq!(yaml == untouched, reason != "injected", "{name}");
    }
}

#[test]
fn the_webhook_does_the_same_to_a_megabyte() {
    let object = sized::cluster_of(1 << 20);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("large.yaml");
    for text in [object.to_string(), kubectl_ray::yaml::to_string(&object)] {
        fs::write(&file, text).unwrap();
        let run = inject(&file, &["-o", "patch"]);
        assert_eq!(run.stdout, webhook(&object).patch + "\n");
    }
}

/// The metric, the audit annotation, the warning and the report are words for one [`Reason`].
#[test]
fn a_reason_has_one_text_wherever_it_is_said() {
    let mut warned = Vec::new();
    for case in cases("rayclusters") {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let file = case.join("in.yaml");
        let object = read_one(&file);
        let outcome = ray_serve_inject::inject(&Review::create(&object));
        let reason = outcome.reason.as_str();
        let answer = webhook(&object);
        assert_eq!(answer.reason, reason, "{name}");

        let counted = format!("ray_serve_webhook_skip_total{{reason=\"{reason}\"}} 1\n");
        let is_counted = answer.metrics.contains(&counted);
        assert_eq!(is_counted, outcome.reason != Reason::Injected, "{name}");

        let report = inject(&file, &["-o", "patch"]).stderr;
        let skipped = |line: &&str| line.contains(" skipped: ");
        let mut lines = report.lines();
        let first = lines
            .clone()
            .find(skipped)
            .or_else(|| lines.next())
            .unwrap();
        match outcome.reason {
            // For people who pass all their manifests through `inject`.
            Reason::NotARayCluster => assert!(first.ends_with(" skipped: not a RayCluster")),
            Reason::Injected => assert!(first.ends_with(" injected"), "{first}"),
            _ => assert!(first.ends_with(&format!(" unchanged: {reason}")), "{first}"),
        }

        for (warning, text) in outcome.warnings.iter().zip(&answer.warnings) {
            let Some(said) = warning.reason() else {
                continue;
            };
            assert_eq!(said, outcome.reason, "{name}");
            let start = format!("not injected ({reason}): ");
            assert!(text.starts_with(&start), "{name}: {text}");
            warned.push(said);
        }
    }
    for reason in [
        Reason::AnnotationNotTrue,
        Reason::NoHeadContainer,
        Reason::Malformed,
    ] {
        assert!(warned.contains(&reason), "no case warns of {reason}");
    }
}
