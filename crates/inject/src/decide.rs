//! Whether a RayCluster is to be changed at all.

use kuberay::owner::{Owner, OwnerKind};
use kuberay::resource::{API_GROUP, KIND};
use kuberay::scope::{OutOfScope, out_of_scope};
use serde_json::Value;

use crate::annotation::annotation;
use crate::recreate::would_recreate_pods;
use crate::{Reason, Review, Warning};

/// Both have the fields that the rules touch; the API server converts v1alpha1 on its way to the
/// webhook, a file read by `inject` may still say it.
const API_VERSIONS: [&str; 2] = ["v1", "v1alpha1"];

/// Whether the rules are to run at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Mutate,
    Skip(Reason),
}

/// Decides from the object's identity and owner and, on an update, from the object before it.
pub fn decide(review: &Review<'_>) -> Decision {
    if let Some(reason) = reason_to_skip(review.object) {
        return Decision::Skip(reason);
    }
    match review.before() {
        Some(old) if would_recreate_pods(review.object, old) => {
            Decision::Skip(Reason::UpgradeRecreatesPods)
        }
        _ => Decision::Mutate,
    }
}

/// What a skip is worth saying to somebody who may have wanted the injection.
pub(crate) fn skip_warning(reason: Reason, object: &Value) -> Option<Warning> {
    match reason {
        Reason::UpgradeRecreatesPods => Some(Warning::WouldRecreatePods),
        Reason::AnnotationNotTrue => {
            let value = match annotation(object) {
                Value::String(text) => text.clone(),
                Value::Bool(yes) => yes.to_string(),
                Value::Number(number) => number.to_string(),
                _ => return None,
            };
            looks_true(&value).then_some(Warning::AnnotationLooksTrue { value })
        }
        _ => None,
    }
}

fn reason_to_skip(object: &Value) -> Option<Reason> {
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let (group, version) = api_version.split_once('/').unwrap_or_default();
    if group != API_GROUP || object["kind"] != KIND {
        return Some(Reason::NotARayCluster);
    }
    if !API_VERSIONS.contains(&version) {
        return Some(Reason::UnsupportedVersion);
    }
    let metadata = &object["metadata"];
    let annotation = annotation(object);
    let excluded = out_of_scope(
        // Whatever is no text is not "true" either.
        (!annotation.is_null()).then(|| annotation.as_str().unwrap_or_default()),
        !metadata["deletionTimestamp"].is_null(),
        Owner::in_metadata(metadata),
    )?;
    Some(match excluded {
        OutOfScope::NotAnnotated => Reason::NotAnnotated,
        OutOfScope::AnnotationNotTrue => Reason::AnnotationNotTrue,
        OutOfScope::BeingDeleted => Reason::BeingDeleted,
        OutOfScope::OwnedBy(OwnerKind::RayService) => Reason::OwnedByRayService,
        OutOfScope::OwnedBy(OwnerKind::RayJob) => Reason::OwnedByRayJob,
    })
}

fn looks_true(value: &str) -> bool {
    ["true", "t", "yes", "y", "1", "on", "enable", "enabled"]
        .iter()
        .any(|yes| value.trim().eq_ignore_ascii_case(yes))
}
