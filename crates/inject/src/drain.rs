//! What a group's template says of how its pods end.
//!
//! Read leniently, unlike what a cluster cannot serve without: a group of which a field has a type
//! that the API server refuses is left alone, and stands in nobody's way.

use kuberay::drain::{TIMEOUT_ENV, drains_at_sigterm};
use kuberay::labels::{DRAIN, DRAIN_OFF, FAULT_TOLERANT, FAULT_TOLERANT_ON, SERVE};
use serde_json::{Map, Value};

use crate::place::{Place, groups, ray_container};
use crate::port::present;

/// How the pods of a cluster end.
pub(crate) struct Drain<'a> {
    /// The head and the worker groups, as far as they can be read.
    pub(crate) groups: Vec<DrainGroup<'a>>,
    /// The cluster's author does without it.
    pub(crate) is_off: bool,
    /// The head's state outlives its pod. Without that, workers end with their head whatever it waits
    /// for.
    pub(crate) is_for_head: bool,
    /// Ray is known to drain by itself.
    pub(crate) at_sigterm: bool,
}

pub(crate) struct DrainGroup<'a> {
    pub(crate) place: Place,
    /// The worker group's name: an update may move the group to another index.
    pub(crate) name: Option<&'a str>,
    pub(crate) image: Option<&'a str>,
    /// The user's `terminationGracePeriodSeconds`.
    pub(crate) grace: Option<u64>,
    pub(crate) has_env: bool,
    /// The timeout is a variable, or may be one of those that come from elsewhere.
    pub(crate) may_have_timeout: bool,
    pub(crate) lifecycle: Lifecycle,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifecycle {
    Absent,
    WithoutPreStop,
    WithPreStop,
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

impl<'a> Drain<'a> {
    pub(crate) fn read(object: &'a Value) -> Self {
        let spec = &object["spec"];
        let annotations = &object["metadata"]["annotations"];
        let says = |annotation: &str, wanted: &str| {
            let value = annotations[annotation].as_str();
            value.is_some_and(|value| value.eq_ignore_ascii_case(wanted))
        };
        Self {
            groups: groups(spec)
                .filter_map(|(place, group)| DrainGroup::read(place, group))
                .collect(),
            is_off: says(DRAIN, DRAIN_OFF),
            // The operator's rule.
            is_for_head: spec["gcsFaultToleranceOptions"].is_object()
                || says(FAULT_TOLERANT, FAULT_TOLERANT_ON),
            at_sigterm: spec["rayVersion"].as_str().is_some_and(drains_at_sigterm),
        }
    }
}

impl<'a> DrainGroup<'a> {
    fn read(place: Place, group: &'a Value) -> Option<Self> {
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
            lifecycle: match lifecycle {
                None => Lifecycle::Absent,
                Some(hooks) if present(hooks, "preStop").is_none() => Lifecycle::WithoutPreStop,
                Some(_) => Lifecycle::WithPreStop,
            },
        })
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

/// The object, none where it is absent or null; nothing where it is something else.
#[allow(clippy::option_option, reason = "absent is not unreadable")]
fn object(value: Option<&Value>) -> Option<Option<&Map<String, Value>>> {
    match value {
        None | Some(Value::Null) => Some(None),
        Some(Value::Object(members)) => Some(Some(members)),
        Some(_) => None,
    }
}
