//! Clusters whose pods the operator deletes when their spec changes (`upgradeStrategy: Recreate`).

use serde_json::Value;

use crate::annotation::is_annotated;
use crate::change::Change;
use crate::cluster::Cluster;
use crate::rules;

/// Whether the injection, and not its author, would make the operator delete every pod.
pub(crate) fn would_recreate_pods(object: &Value, old: &Value) -> bool {
    let lacks_something = |changes: Option<Vec<_>>| changes.is_some_and(|all| !all.is_empty());
    is_recreate(object) && is_annotated(old) && !is_ready(old) && lacks_something(missing(object))
}

/// Whether the old object was left alone for what the new one is left alone for.
pub(crate) fn was_left_alone(object: &Value, old: &Value) -> bool {
    is_recreate(old) && missing(object) == missing(old)
}

pub(crate) fn is_recreate(object: &Value) -> bool {
    object["spec"]["upgradeStrategy"]["type"] == "Recreate"
}

fn is_ready(object: &Value) -> bool {
    missing(object).is_some_and(|changes| changes.is_empty())
}

/// What the rules would add; none where they cannot read the object.
fn missing(object: &Value) -> Option<Vec<Change>> {
    let cluster = Cluster::read(object).ok()?;
    Some(rules::plan(&cluster).changes)
}
