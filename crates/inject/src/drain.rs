//! What a group's template says of how its pods end.
//!
//! Read leniently, unlike what a cluster cannot serve without: a group of which a field has a type
//! that the API server refuses is left alone, and stands in nobody's way.

use kuberay::drain::{GRACE_SECONDS, TIMEOUT_ENV, timeout_seconds};
use kuberay::labels::{DRAIN, DRAIN_OFF, FAULT_TOLERANT, SERVE};
use serde_json::{Map, Value};

use crate::change::Change;
use crate::cluster::{Place, ray_container};
use crate::port::present;

pub(crate) struct DrainGroup<'a> {
    pub(crate) place: Place,
    /// The worker group's name: an update may move the group to another index.
    pub(crate) name: Option<&'a str>,
    pub(crate) image: Option<&'a str>,
    /// The user's `terminationGracePeriodSeconds`.
    pub(crate) grace: Option<u64>,
    has_env: bool,
    /// The timeout is a variable, or may be one of those that come from elsewhere.
    may_have_timeout: bool,
    has_lifecycle: bool,
    has_pre_stop: bool,
}

/// The head template's label for the serve service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeadLabel<'a> {
    Given(&'a Value),
    Missing {
        has_metadata: bool,
        has_labels: bool,
    },
    /// There is no place for it.
    Unreadable,
}

impl<'a> DrainGroup<'a> {
    pub(crate) fn read(place: Place, group: &'a Value) -> Option<Self> {
        let spec = &group["template"]["spec"];
        let container = ray_container(group)?;
        let grace = match &spec["terminationGracePeriodSeconds"] {
            Value::Null => None,
            given => Some(given.as_u64()?),
        };
        let env = match present(container, "env") {
            None => None,
            Some(env) => Some(env.as_array()?),
        };
        let lifecycle = object(container.get("lifecycle"))?;
        let knows_timeout = env.is_some_and(|env| env.iter().any(|v| v["name"] == TIMEOUT_ENV));
        let from = present(container, "envFrom");
        let is_empty = |from: &Value| from.as_array().is_some_and(Vec::is_empty);
        Some(Self {
            place,
            name: group["groupName"].as_str(),
            image: container.get("image").and_then(Value::as_str),
            grace,
            has_env: env.is_some(),
            may_have_timeout: knows_timeout || from.is_some_and(|from| !is_empty(from)),
            has_lifecycle: lifecycle.is_some(),
            has_pre_stop: lifecycle.is_some_and(|all| present(all, "preStop").is_some()),
        })
    }

    /// What lets its pods drain and is missing, or the grace period that leaves them no time to.
    pub(crate) fn missing(&self, drains_at_sigterm: bool) -> Result<Vec<Change>, u64> {
        let place = self.place;
        let needs_pre_stop = !drains_at_sigterm && !self.has_pre_stop;
        let grace = self.grace.unwrap_or(GRACE_SECONDS);
        let seconds = timeout_seconds(grace, needs_pre_stop).ok_or(grace)?;
        let mut changes = Vec::new();
        if self.grace.is_none() {
            changes.push(Change::Grace { place });
        }
        if !self.may_have_timeout {
            changes.push(Change::DrainTimeout {
                place,
                seconds,
                has_env: self.has_env,
            });
        }
        if needs_pre_stop {
            changes.push(Change::PreStop {
                place,
                has_lifecycle: self.has_lifecycle,
            });
        }
        Ok(changes)
    }
}

impl<'a> HeadLabel<'a> {
    pub(crate) fn read(head: &'a Value) -> Self {
        let template = head["template"].as_object();
        let Some(metadata) = object(template.and_then(|all| all.get("metadata"))) else {
            return Self::Unreadable;
        };
        let Some(labels) = object(metadata.and_then(|all| all.get("labels"))) else {
            return Self::Unreadable;
        };
        match labels.and_then(|labels| present(labels, SERVE)) {
            Some(value) => Self::Given(value),
            None => Self::Missing {
                has_metadata: metadata.is_some(),
                has_labels: labels.is_some(),
            },
        }
    }
}

/// Whether the cluster's author does without the drain.
pub(crate) fn is_turned_off(object: &Value) -> bool {
    object["metadata"]["annotations"][DRAIN] == DRAIN_OFF
}

/// Whether the head's state outlives its pod, by the operator's rule: without that, workers end with
/// their head whatever it waits for.
pub(crate) fn is_fault_tolerant(object: &Value) -> bool {
    let asked = object["metadata"]["annotations"][FAULT_TOLERANT].as_str();
    asked.is_some_and(|value| value.eq_ignore_ascii_case("true"))
        || object["spec"]["gcsFaultToleranceOptions"].is_object()
}

/// The object, none where it is absent or null; nothing where it is something else.
#[allow(clippy::option_option, reason = "absent is not unreadable")]
fn object(value: Option<&Value>) -> Option<Option<&Map<String, Value>>> {
    match value {
        None | Some(Value::Null) => Some(None),
        Some(Value::Object(members)) => Some(Some(members)),
        Some(_) => None,
    }
}
