//! What must hold of the answer to any body: used by the fuzz target and by the webhook's tests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ray_serve_inject::{Operation, Reason, Review, Settings, inject};
use ray_serve_webhook::metrics::ReviewOutcome;
use ray_serve_webhook::review::admission;
use serde_json::Value;

/// Panics where the API server, or its user, would not like the answer.
pub(crate) fn check(body: &[u8]) {
    let Ok(reviewed) = admission::review(body, Settings::default()) else {
        return;
    };
    assert_ne!(reviewed.outcome, ReviewOutcome::Error);
    let answer: Value = serde_json::from_slice(&reviewed.answer).expect("the answer is JSON");
    assert_eq!(answer["apiVersion"], "admission.k8s.io/v1");
    assert_eq!(answer["kind"], "AdmissionReview");
    let response = &answer["response"];
    assert_eq!(response["allowed"], true);
    assert_eq!(response["uid"], reviewed.uid);
    for warning in response["warnings"].as_array().into_iter().flatten() {
        let warning = warning.as_str().expect("a warning is text");
        assert!(warning.len() < 120, "{warning}");
        assert!(!warning.contains(char::is_control), "{warning:?}");
    }
    // What is skipped in the review need not fit into a value: a number of any size does not.
    let Ok(review) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    check_patch(&review["request"], response);
}

/// The patch is the engine's for the whole objects, and applies to them.
fn check_patch(request: &Value, response: &Value) {
    let reason = response["auditAnnotations"]["reason"].as_str();
    let operation = match request["operation"].as_str() {
        Some("CREATE") => Operation::Create,
        Some("UPDATE") => Operation::Update,
        _ => return assert_eq!(reason, Some(Reason::OperationNotReviewed.as_str())),
    };
    let object = &request["object"];
    if object.is_null() || reason == Some(Reason::TooLarge.as_str()) {
        return assert_eq!(response.get("patch"), None);
    }
    let old_object = Some(&request["oldObject"]).filter(|old| !old.is_null());
    let outcome = inject(&Review {
        operation,
        object,
        old_object,
    });
    assert_eq!(reason, Some(outcome.reason.as_str()));
    let patch = response["patch"].as_str().map(|patch| {
        let bytes = STANDARD.decode(patch).expect("the patch is base64");
        serde_json::from_slice::<json_patch::Patch>(&bytes).expect("the patch is one")
    });
    assert_eq!(patch.is_some(), outcome.reason == Reason::Injected);
    let Some(patch) = patch else { return };
    assert_eq!(patch, outcome.patch);
    let mut stored = object.clone();
    json_patch::patch(&mut stored, &patch).expect("the patch applies");
    // What is for new pods only, a creation would get as well.
    let again = match (operation, old_object) {
        (Operation::Update, Some(_)) => inject(&Review::update(&stored, &stored)),
        _ => inject(&Review::create(&stored)),
    };
    assert_eq!(again.reason, Reason::AlreadyReady);
}
