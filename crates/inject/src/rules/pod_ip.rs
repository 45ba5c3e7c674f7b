//! `$MY_POD_IP` in start params needs the variable: an empty node address ends `ray start` with
//! "Malformed host", over and over.

use super::Plan;
use crate::change::Change;
use crate::cluster::Cluster;

pub(super) fn apply(cluster: &Cluster<'_>, plan: &mut Plan) {
    // The order of variables does not matter: the shell expands this one when the container starts.
    let missing = cluster
        .pod_ip_groups
        .iter()
        .filter(|group| !group.has_pod_ip());
    plan.changes.extend(missing.map(|group| Change::PodIp {
        place: group.place,
        has_env: group.env.is_some(),
    }));
}
