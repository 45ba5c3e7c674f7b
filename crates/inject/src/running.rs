//! What a running cluster gets of the rules that it serves without: the drain, and the head's label.
//!
//! They came later than the others, so clusters run that were injected without them, and their pods
//! are left alone. A group keeps on an update what it has, and gets the rest where its pods are made
//! anew anyway: with another image, with a grace period that its author gives it, in a new group, or
//! where the cluster is made ready to serve by this update. A comparison of whole templates would see
//! more such updates, but would also take a quantity that is only spelled differently for one, and
//! with `upgradeStrategy: Recreate` that would cost all pods.

use std::collections::HashMap;
use std::iter;

use kuberay::labels::SERVE_IN;
use serde_json::Value;

use crate::annotation::is_annotated;
use crate::change::Change;
use crate::cluster::Cluster;
use crate::drain::{DrainGroup, HeadLabel};
use crate::old::Old;
use crate::place::Place;
use crate::recreate::is_recreate;
use crate::rules::{self, Wanted};

/// What is wanted for a cluster that was `old` and lacks these changes to be ready. The drain, where it
/// is new, only if it is on.
pub(crate) fn wanted(
    object: &Value,
    cluster: &Cluster<'_>,
    lacks: &[Change],
    old: &Old<'_>,
    drain: bool,
) -> Wanted {
    let recreate = is_recreate(object);
    let old_cluster = old.cluster().ok();
    let updates = match old_cluster {
        Some(old) => updates(cluster, old),
        None => vec![Update::None; cluster.drain.groups.len()],
    };
    let was_labelled = old_cluster
        .is_some_and(|old| matches!(old.head_label, HeadLabel::Given(label) if label == SERVE_IN));
    let is_settled = was_labelled && updates.iter().all(|update| *update == Update::Keeps);
    // With Recreate one group's new pods are new pods of all.
    let all_new = recreate && updates.contains(&Update::NewPods)
        || !is_settled && is_made_ready(recreate, lacks, old);
    let is_new = |update: Update| all_new || update == Update::NewPods;
    let mut groups = cluster.drain.groups.iter().zip(&updates);
    let head_is_new = groups.any(|(group, update)| group.place == Place::Head && is_new(*update));
    Wanted {
        head_label: all_new || head_is_new || was_labelled,
        groups: updates
            .iter()
            .map(|update| *update == Update::Keeps || drain && is_new(*update))
            .collect(),
    }
}

/// Whether the cluster is injected for the first time.
fn is_made_ready(recreate: bool, lacks: &[Change], old: &Old<'_>) -> bool {
    let was_ready = || {
        let cluster = old.cluster();
        cluster.is_ok_and(|old| rules::plan(old).changes.is_empty())
    };
    if recreate {
        // The injection restarts all pods, and was asked for.
        !is_annotated(old.object) && !lacks.is_empty() && !was_ready()
    } else {
        !is_annotated(old.object) || !was_ready()
    }
}

/// What an update is to a group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Update {
    NewPods,
    /// Its pods stay, and have what lets them drain.
    Keeps,
    /// Its pods stay as they are.
    None,
}

/// What the update from `old` is to each group.
fn updates(cluster: &Cluster<'_>, old: &Cluster<'_>) -> Vec<Update> {
    let (groups, before) = (&cluster.drain.groups, &old.drain.groups);
    let of_group = |group, before| update(group, before, cluster, old);
    // As nearly always.
    if groups.iter().map(name).eq(before.iter().map(name)) {
        let pairs = iter::zip(groups, before);
        return pairs
            .map(|(group, old)| of_group(group, Some(old)))
            .collect();
    }
    let before: HashMap<_, _> = keyed(before).collect();
    keyed(groups)
        .map(|(key, group)| of_group(group, before.get(&key).copied()))
        .collect()
}

fn update(
    group: &DrainGroup<'_>,
    before: Option<&DrainGroup<'_>>,
    cluster: &Cluster<'_>,
    old: &Cluster<'_>,
) -> Update {
    let Some(before) = before else {
        return Update::NewPods;
    };
    // A grace period that is absent may be one of ours that was stripped.
    let is_changed = group.image.is_some() && group.image != before.image
        || group.grace.is_some() && group.grace != before.grace;
    let lacks_nothing = |missing: Result<Vec<_>, _>| missing.is_ok_and(|all| all.is_empty());
    if is_changed {
        Update::NewPods
    } else if group.place == Place::Head && !cluster.drain.is_for_head
        || lacks_nothing(rules::missing(before, old.drain.at_sigterm))
    {
        Update::Keeps
    } else {
        Update::None
    }
}

/// Whether it is the head, and a worker group's name: an update may move it to another index.
type Name<'a> = (bool, Option<&'a str>);

fn name<'a>(group: &DrainGroup<'a>) -> Name<'a> {
    let is_head = group.place == Place::Head;
    (is_head, group.name.filter(|_| !is_head))
}

/// The groups by their names, and which they are of several of one name: the API server takes such.
fn keyed<'a, 'g>(
    groups: &'g [DrainGroup<'a>],
) -> impl Iterator<Item = ((Name<'a>, usize), &'g DrainGroup<'a>)> {
    let mut seen: HashMap<_, usize> = HashMap::new();
    groups.iter().map(move |group| {
        let name = name(group);
        let before = seen.entry(name).or_default();
        let key = (name, *before);
        *before += 1;
        (key, group)
    })
}
