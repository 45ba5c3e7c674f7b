//! The label by which a narrowed serve service finds the head, also where nobody is left to set it.

use super::{Plan, Wanted};
use crate::change::Change;
use crate::cluster::Cluster;
use crate::drain::HeadLabel;

pub(super) fn apply(cluster: &Cluster<'_>, wanted: &Wanted, plan: &mut Plan) {
    if let HeadLabel::Missing {
        has_metadata,
        has_labels,
    } = cluster.head_label
        && wanted.head_label
    {
        plan.changes.push(Change::HeadLabel {
            has_metadata,
            has_labels,
        });
    }
}
