//! What makes a cluster ready to serve: one rule per file.

mod drain;
mod exposure;
mod head_label;
mod head_ports;
mod pod_ip;
mod start_params;

pub(crate) use drain::missing;

use crate::Warning;
use crate::change::Change;
use crate::cluster::Cluster;

/// What the rules found for one cluster.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) changes: Vec<Change>,
    pub(crate) warnings: Vec<Warning>,
}

/// Which of the rules that a cluster serves without are to run.
pub(crate) struct Wanted {
    pub(crate) head_label: bool,
    /// The drain, for each of the cluster's groups.
    pub(crate) groups: Vec<bool>,
}

impl Wanted {
    /// For a cluster that is new.
    pub(crate) fn at_creation(cluster: &Cluster<'_>, drain: bool) -> Self {
        Self {
            head_label: true,
            groups: vec![drain; cluster.drain.groups.len()],
        }
    }
}

/// What a cluster cannot serve without.
pub(crate) fn plan(cluster: &Cluster<'_>) -> Plan {
    let mut plan = Plan::default();
    // First: what is cut off where there are too many warnings is not what others can run code by.
    exposure::apply(cluster, &mut plan);
    start_params::apply(cluster, &mut plan);
    head_ports::apply(cluster, &mut plan);
    pod_ip::apply(cluster, &mut plan);
    plan
}

/// And what makes it serve better, as far as it is wanted.
pub(crate) fn add_wanted(cluster: &Cluster<'_>, wanted: &Wanted, plan: &mut Plan) {
    drain::apply(cluster, wanted, plan);
    head_label::apply(cluster, wanted, plan);
}
