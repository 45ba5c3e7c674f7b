//! What a running cluster gets of the rules that it serves without: the drain, and the head's label.
//!
//! They came later than the others, so clusters run that were injected without them, and their pods
//! are left alone. A group keeps on an update what it has, and gets the rest where its pods are made
//! anew anyway: with another image, with a grace period that its author gives it, in a new group, or
//! where the cluster is made ready to serve by this update. A comparison of whole templates would see
//! more such updates, but would also take a quantity that is only spelled differently for one, and
//! with `upgradeStrategy: Recreate` that would cost all pods.

use std::collections::HashMap;

use kuberay::labels::SERVE_IN;
use serde_json::Value;

use crate::annotation::is_annotated;
use crate::change::Change;
use crate::cluster::Cluster;
use crate::drain::{DrainGroup, HeadLabel};
use crate::place::Place;
use crate::recreate::is_recreate;
use crate::rules::{self, Wanted};

/// What is wanted for a cluster that was `old` and lacks these changes to be ready. The drain, where it
/// is new, only if it is on.
pub(crate) fn wanted(
    object: &Value,
    cluster: &Cluster<'_>,
    lacks: &[Change],
    old: &Value,
    drain: bool,
) -> Wanted {
    let old_cluster = Cluster::read(old).ok();
    let was_ready = old_cluster
        .as_ref()
        .is_some_and(|old| rules::plan(old).changes.is_empty());
    let recreate = is_recreate(object);
    let is_made_ready = if recreate {
        // The injection restarts all pods, and was asked for.
        !is_annotated(old) && !was_ready && !lacks.is_empty()
    } else {
        !is_annotated(old) || !was_ready
    };
    let before = Before::of(old_cluster.as_ref());
    let updates: Vec<Update> = keyed(cluster)
        .map(|(key, group)| before.update_of(key, group))
        .collect();
    // With Recreate one group's new pods are new pods of all.
    let all_new = is_made_ready || recreate && updates.contains(&Update::NewPods);
    let is_new = |update: Update| all_new || update == Update::NewPods;
    let mut groups = cluster.drain.groups.iter().zip(&updates);
    let head_is_new = groups.any(|(group, update)| group.place == Place::Head && is_new(*update));
    Wanted {
        head_label: all_new || head_is_new || before.head_is_labelled,
        groups: updates
            .iter()
            .map(|update| *update == Update::Keeps || drain && is_new(*update))
            .collect(),
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

/// The groups before the update.
#[derive(Default)]
struct Before<'a> {
    /// None where the old object cannot be read.
    groups: Option<HashMap<Key<'a>, Group<'a>>>,
    head_is_labelled: bool,
}

/// The head, or workers of a name and which of several groups of that name: the API server takes two,
/// as only the operator's own webhook does not.
type Key<'a> = (Option<Option<&'a str>>, usize);

struct Group<'a> {
    image: Option<&'a str>,
    grace: Option<u64>,
    lacks_nothing: bool,
}

impl<'a> Before<'a> {
    fn of(old: Option<&Cluster<'a>>) -> Self {
        let Some(old) = old else {
            return Self::default();
        };
        let groups = keyed(old).map(|(key, group)| {
            let missing = rules::missing(group, old.drain.at_sigterm);
            let before = Group {
                image: group.image,
                grace: group.grace,
                lacks_nothing: missing.is_ok_and(|changes| changes.is_empty()),
            };
            (key, before)
        });
        Self {
            groups: Some(groups.collect()),
            head_is_labelled: matches!(old.head_label, HeadLabel::Given(label) if label == SERVE_IN),
        }
    }

    fn update_of(&self, key: Key<'_>, group: &DrainGroup<'_>) -> Update {
        let Some(groups) = &self.groups else {
            return Update::None;
        };
        let Some(old) = groups.get(&key) else {
            return Update::NewPods;
        };
        // A grace period that is absent may be one of ours that was stripped.
        if group.image.is_some() && group.image != old.image
            || group.grace.is_some() && group.grace != old.grace
        {
            Update::NewPods
        } else if old.lacks_nothing {
            Update::Keeps
        } else {
            Update::None
        }
    }
}

/// The groups by what an update leaves as it is: it may move a group to another index.
fn keyed<'a, 'c>(cluster: &'c Cluster<'a>) -> impl Iterator<Item = (Key<'a>, &'c DrainGroup<'a>)> {
    let mut seen: HashMap<_, usize> = HashMap::new();
    cluster.drain.groups.iter().map(move |group| {
        let name = (group.place != Place::Head).then_some(group.name);
        let before = seen.entry(name).or_default();
        let key = (name, *before);
        *before += 1;
        (key, group)
    })
}
