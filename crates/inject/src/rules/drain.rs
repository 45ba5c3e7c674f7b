//! Pods that end in peace: with the time to drain and the word to do so, or, where Ray is too old for
//! that, a moment in which requests stop coming.
//!
//! For workers, and for a head whose state outlives it. Any other head is kept busy by Serve's
//! controller and would only wait out the time. A cluster serves without all this, so a running one
//! gets it only as [`Wanted`] says.

use super::{Plan, Wanted};
use crate::Warning;
use crate::cluster::{Cluster, Place};

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
        match group.missing(cluster.drain.at_sigterm) {
            Ok(changes) => plan.changes.extend(changes),
            Err(seconds) => plan.warnings.push(Warning::NoTimeToDrain {
                place: group.place.to_string(),
                seconds,
            }),
        }
    }
}
