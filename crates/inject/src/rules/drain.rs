//! Pods that end in peace: with the time to drain and the word to do so, or, where Ray is too old for
//! that, a moment in which requests stop coming.
//!
//! For workers, and for a head whose state outlives it. Any other head is kept busy by Serve's
//! controller and would only wait out the time. A cluster serves without all this, so a running one
//! gets it only as [`Wanted`] says.

use kuberay::drain::{GRACE_SECONDS, timeout_seconds};

use super::{Plan, Wanted};
use crate::Warning;
use crate::change::Change;
use crate::cluster::Cluster;
use crate::drain::{DrainGroup, Lifecycle};
use crate::place::Place;

pub(super) fn apply(cluster: &Cluster<'_>, wanted: &Wanted, plan: &mut Plan) {
    if cluster.drain.is_off {
        return;
    }
    let groups = cluster.drain.groups.iter().zip(&wanted.groups);
    let groups = groups
        .filter(|(group, is_wanted)| {
            **is_wanted && (group.place != Place::Head || cluster.drain.is_for_head)
        })
        .map(|(group, _)| group);
    for group in groups {
        match missing(group, cluster.drain.at_sigterm) {
            Ok(changes) => plan.changes.extend(changes),
            Err(seconds) => plan.warnings.push(Warning::NoTimeToDrain {
                place: group.place.to_string(),
                seconds,
            }),
        }
    }
}

/// What lets a group's pods drain and is missing, or the grace period that leaves them no time to.
pub(crate) fn missing(group: &DrainGroup<'_>, at_sigterm: bool) -> Result<Vec<Change>, u64> {
    let place = group.place;
    let needs_pre_stop = !at_sigterm && group.lifecycle != Lifecycle::WithPreStop;
    let grace = group.grace.unwrap_or(GRACE_SECONDS);
    let seconds = timeout_seconds(grace, needs_pre_stop).ok_or(grace)?;
    let mut changes = Vec::new();
    if group.grace.is_none() {
        changes.push(Change::Grace { place });
    }
    if !group.may_have_timeout {
        changes.push(Change::DrainTimeout {
            place,
            seconds,
            has_env: group.has_env,
        });
    }
    if needs_pre_stop {
        changes.push(Change::PreStop {
            place,
            has_lifecycle: group.lifecycle != Lifecycle::Absent,
        });
    }
    Ok(changes)
}
