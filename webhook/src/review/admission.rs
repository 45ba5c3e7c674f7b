//! `AdmissionReview` in, `AdmissionReview` out.
//!
//! The review is read with thin types of our own, and of its objects only an [`Excerpt`]. What to
//! do with them is the engine's matter, [`ray_serve_inject::inject_with`].

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ray_serve_inject::{self as engine, Reason, Settings, Warning};
use serde::{Deserialize, Serialize};

use crate::metrics::ReviewOutcome;
use crate::review::excerpt::Excerpt;

const API_VERSION: &str = "admission.k8s.io/v1";
const KIND: &str = "AdmissionReview";

/// No uid, namespace or name that the API server gives is longer. They come back in the answer and
/// in the log.
const MAX_NAME_BYTES: usize = 253;
/// How much of what a client wrote is repeated to it.
const MAX_QUOTED_CHARS: usize = 200;

#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("the body is not an AdmissionReview: {}", quoted(&.0.to_string()))]
    Json(#[from] serde_json::Error),
    #[error("{kind} of {api_version} is not answered here, only {KIND} of {API_VERSION}")]
    Version { api_version: String, kind: String },
    #[error("the AdmissionReview has no request")]
    NoRequest,
    #[error("the AdmissionReview's request.{0} is longer than {MAX_NAME_BYTES} bytes")]
    LongName(&'static str),
}

impl Unreadable {
    /// What may be logged of it: of the objects nothing, which serde's own words quote.
    pub fn for_log(&self) -> String {
        match self {
            Self::Json(error) => format!(
                "the body is not an AdmissionReview: {:?} error at line {} column {}",
                error.classify(),
                error.line(),
                error.column()
            ),
            other => other.to_string(),
        }
    }
}

/// On one line, and not longer than a line.
fn quoted(text: &str) -> String {
    let mut rest = text.chars();
    let shown = rest.by_ref().take(MAX_QUOTED_CHARS);
    let mut quoted: String = shown.flat_map(char::escape_debug).collect();
    if rest.next().is_some() {
        quoted.push('…');
    }
    quoted
}

/// The answer, and what to say of it in logs and metrics.
#[derive(Debug)]
pub struct Reviewed {
    pub answer: Vec<u8>,
    pub uid: String,
    pub namespace: String,
    pub name: String,
    pub operation: &'static str,
    pub outcome: ReviewOutcome,
    pub reason: Reason,
    pub warnings: usize,
}

/// Answers the review in `body`.
pub fn review(body: &[u8], settings: Settings) -> Result<Reviewed, Unreadable> {
    review_with(body, |review| engine::inject_with(review, settings))
}

fn review_with(
    body: &[u8],
    inject: impl Fn(&engine::Review<'_>) -> engine::Outcome,
) -> Result<Reviewed, Unreadable> {
    let review: AdmissionReview<'_> = serde_json::from_slice(body)?;
    if review.api_version != API_VERSION || review.kind != KIND {
        return Err(Unreadable::Version {
            api_version: quoted(&review.api_version),
            kind: quoted(&review.kind),
        });
    }
    let request = review.request.ok_or(Unreadable::NoRequest)?;
    for (field, text) in [
        ("uid", &request.uid),
        ("namespace", &request.namespace),
        ("name", &request.name),
    ] {
        if text.len() > MAX_NAME_BYTES {
            return Err(Unreadable::LongName(field));
        }
    }
    let verdict = decide(&request, inject);
    let outcome = verdict.outcome;
    let warnings = verdict.warnings.len();
    let reason = verdict.reason;
    let answer = serde_json::to_vec(&Answer {
        api_version: API_VERSION,
        kind: KIND,
        response: verdict.into_response(&request.uid),
    })?;
    Ok(Reviewed {
        answer,
        uid: request.uid,
        namespace: request.namespace,
        name: request.name,
        operation: request.operation.as_str(),
        outcome,
        reason,
        warnings,
    })
}

fn decide(request: &Request, inject: impl Fn(&engine::Review<'_>) -> engine::Outcome) -> Verdict {
    let operation = match request.operation {
        Operation::Create => engine::Operation::Create,
        Operation::Update => engine::Operation::Update,
        Operation::Other => return Verdict::unchanged(Reason::OperationNotReviewed),
    };
    let Some(object) = &request.object else {
        return Verdict::unchanged(Reason::NoObject);
    };
    let old_object = request.old_object.as_ref();
    if !(object.is_complete && old_object.is_none_or(|old| old.is_complete)) {
        return Verdict::too_large();
    }
    let review = engine::Review {
        operation,
        object: &object.object,
        old_object: old_object.map(|old| &old.object),
    };
    // A fault of ours must not keep anybody from creating a cluster.
    match catch_unwind(AssertUnwindSafe(|| Verdict::of(&inject(&review)))) {
        Ok(Ok(verdict)) => verdict,
        Ok(Err(error)) => {
            tracing::error!(uid = request.uid, %error, "patch not encoded");
            Verdict::fault()
        }
        // The panic itself has been logged by the hook that main installs.
        Err(_) => Verdict::fault(),
    }
}

/// What is to be answered, before it is JSON.
struct Verdict {
    outcome: ReviewOutcome,
    reason: Reason,
    warnings: Vec<Warning>,
    patch: Option<String>,
}

impl Verdict {
    fn of(outcome: &engine::Outcome) -> Result<Self, serde_json::Error> {
        let patch = if outcome.patch.0.is_empty() {
            None
        } else {
            Some(STANDARD.encode(serde_json::to_vec(&outcome.patch)?))
        };
        Ok(Self {
            outcome: if patch.is_some() {
                ReviewOutcome::Mutated
            } else {
                ReviewOutcome::Unchanged
            },
            reason: outcome.reason,
            warnings: outcome.warnings.clone(),
            patch,
        })
    }

    fn unchanged(reason: Reason) -> Self {
        Self {
            outcome: ReviewOutcome::Unchanged,
            reason,
            warnings: Vec::new(),
            patch: None,
        }
    }

    fn too_large() -> Self {
        Self {
            warnings: vec![Warning::TooLarge],
            ..Self::unchanged(Reason::TooLarge)
        }
    }

    fn fault() -> Self {
        Self {
            outcome: ReviewOutcome::Error,
            warnings: vec![Warning::InternalError],
            ..Self::unchanged(Reason::InternalError)
        }
    }

    fn into_response(self, uid: &str) -> Response<'_> {
        Response {
            uid,
            allowed: true,
            patch_type: self.patch.is_some().then_some("JSONPatch"),
            patch: self.patch,
            warnings: self.warnings.iter().map(ToString::to_string).collect(),
            audit_annotations: AuditAnnotations {
                outcome: self.outcome.as_str(),
                reason: self.reason.as_str(),
                version: env!("CARGO_PKG_VERSION"),
            },
        }
    }
}

// === The wire ===

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AdmissionReview<'a> {
    #[serde(borrow, default)]
    api_version: Cow<'a, str>,
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    request: Option<Request>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    uid: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: String,
    operation: Operation,
    object: Option<Excerpt>,
    old_object: Option<Excerpt>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Operation {
    Create,
    Update,
    /// DELETE and CONNECT: not what the webhook is registered for.
    #[serde(other)]
    Other,
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Other => "other",
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    api_version: &'static str,
    kind: &'static str,
    response: Response<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    uid: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    /// Base64 of the JSON Patch.
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    audit_annotations: AuditAnnotations,
}

/// The API server writes these to its audit log under the webhook's name.
#[derive(Serialize)]
struct AuditAnnotations {
    outcome: &'static str,
    reason: &'static str,
    version: &'static str,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_panic_of_the_engine_admits_unchanged_and_says_so() {
        let review = json!({
            "apiVersion": API_VERSION,
            "kind": KIND,
            "request": { "uid": "u", "operation": "CREATE", "object": { "kind": "RayCluster" } },
        });
        let reviewed = review_with(review.to_string().as_bytes(), |_| panic!("a bug"))
            .expect("an answer all the same");
        assert_eq!(reviewed.outcome, ReviewOutcome::Error);
        assert_eq!(reviewed.reason, Reason::InternalError);
        let answer: Value = serde_json::from_slice(&reviewed.answer).expect("JSON");
        let response = &answer["response"];
        assert_eq!(response["allowed"], true);
        assert_eq!(response.get("patch"), None);
        let warning = response["warnings"][0].as_str().expect("a warning");
        assert!(warning.len() <= 120, "{warning}");
    }
}
