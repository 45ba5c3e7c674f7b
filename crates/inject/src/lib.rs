//! Makes an annotated `RayCluster` ready to serve, as pure functions over JSON.
//!
//! ```text
//! Review -> decide -> Skip(Reason)
//!              |
//!              +----> mutate: cluster (read) -> rules (changes, warnings) -> change (patch)
//!                                                 ^                 |
//!              running (what is for new pods) ----+                 |
//!                                                                   |
//!              Outcome <- update (says nothing twice) <-------------+
//! ```
//!
//! What they share: `old` (the object before), `annotation`, `place` (of a group), `port`, `exposure` (what the world can reach), `reference` (what else
//! names a port), `drain` (how pods end), `recreate` (clusters whose pods a change deletes), `fields`
//! (what is read at all), `text`; and what they say: `reason` and `warning`. Ports, labels and names are
//! facts about KubeRay, and in its crate.
//!
//! The object stays a [`serde_json::Value`] all the way: a typed one would drop the fields that are
//! newer than its type. Any JSON gives an outcome; the patch of an outcome always applies, and a
//! second run on its result finds nothing to do.

mod annotation;
mod change;
mod cluster;
mod decide;
mod drain;
mod exposure;
pub mod fields;
mod old;
mod place;
mod port;
mod reason;
mod recreate;
mod reference;
mod rules;
mod running;
mod text;
mod update;
mod warning;

use json_patch::Patch;
use serde_json::Value;

pub use crate::decide::{Decision, decide};
pub use crate::exposure::Publisher;
pub use crate::reason::Reason;
pub use crate::warning::{OldPods, Warning};

use crate::change::Change;
use crate::cluster::Cluster;
use crate::old::Old;
use crate::rules::Wanted;

/// No object gets more warnings than this; the API server cuts them off at 4 KiB.
const MAX_WARNINGS: usize = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Create,
    Update,
}

/// One object on its way into the cluster and, on an update, the object it replaces.
#[derive(Debug, Clone, Copy)]
pub struct Review<'a> {
    pub operation: Operation,
    pub object: &'a Value,
    pub old_object: Option<&'a Value>,
}

/// What whoever runs the engine may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Whether new pods get what lets them drain.
    pub drain: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { drain: true }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub reason: Reason,
    pub warnings: Vec<Warning>,
    /// Empty where the object stays as it is.
    pub patch: Patch,
}

impl Outcome {
    /// Does to the reviewed object what the API server does with the patch.
    pub fn apply(&self, object: &mut Value) {
        json_patch::patch(object, &self.patch).expect("the patch of an outcome applies");
    }
}

/// An outcome, with its patch still told apart.
pub(crate) struct Mutation {
    pub(crate) outcome: Outcome,
    pub(crate) changes: Vec<Change>,
}

impl<'a> Review<'a> {
    /// The review of a manifest that is not in the cluster yet.
    pub fn create(object: &'a Value) -> Self {
        Self {
            operation: Operation::Create,
            object,
            old_object: None,
        }
    }

    pub fn update(object: &'a Value, old_object: &'a Value) -> Self {
        Self {
            operation: Operation::Update,
            object,
            old_object: Some(old_object),
        }
    }

    fn before(&self) -> Option<&'a Value> {
        match self.operation {
            Operation::Create => None,
            Operation::Update => self.old_object,
        }
    }
}

/// Decides on a review and mutates its object: what `kubectl ray serve inject` calls.
pub fn inject(review: &Review<'_>) -> Outcome {
    inject_with(review, Settings::default())
}

/// The same, with settings: what the webhook calls.
pub fn inject_with(review: &Review<'_>, settings: Settings) -> Outcome {
    let old = review.before().map(Old::new);
    let mutation = match decide(review) {
        Decision::Mutate => run_rules(review.object, old.as_ref(), settings),
        Decision::Skip(reason) => {
            Mutation::none(reason, decide::skip_warning(reason, review.object))
        }
    };
    match &old {
        Some(old) => update::settle(mutation, review.object, old),
        None => mutation.outcome,
    }
}

/// Runs the rules on a `RayCluster`, whoever asked for it.
pub fn mutate(object: &Value) -> Outcome {
    run_rules(object, None, Settings::default()).outcome
}

fn run_rules(object: &Value, old: Option<&Old<'_>>, settings: Settings) -> Mutation {
    let cluster = match Cluster::read(object) {
        Ok(cluster) => cluster,
        Err(unreadable) => return Mutation::none(unreadable.reason, Some(unreadable.warning)),
    };
    let mut plan = rules::plan(&cluster);
    let wanted = match old {
        None => Wanted::at_creation(&cluster, settings.drain),
        Some(old) => running::wanted(object, &cluster, &plan.changes, old, settings.drain),
    };
    rules::add_wanted(&cluster, &wanted, &mut plan);
    let rules::Plan {
        changes,
        mut warnings,
    } = plan;
    warnings.truncate(MAX_WARNINGS);
    Mutation {
        outcome: Outcome {
            reason: if changes.is_empty() {
                Reason::AlreadyReady
            } else {
                Reason::Injected
            },
            warnings,
            patch: change::patch(&cluster, &changes),
        },
        changes,
    }
}

impl Mutation {
    fn none(reason: Reason, warning: Option<Warning>) -> Self {
        Self {
            outcome: Outcome {
                reason,
                warnings: warning.into_iter().collect(),
                patch: Patch::default(),
            },
            changes: Vec::new(),
        }
    }
}
