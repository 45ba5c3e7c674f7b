//! What is said of a head that those outside the Kubernetes cluster can reach.

use kuberay::ports::GCS_SERVER;

use super::Plan;
use crate::Warning;
use crate::cluster::Cluster;
use crate::exposure::DANGEROUS;

pub(super) fn apply(cluster: &Cluster<'_>, plan: &mut Plan) {
    let ports = cluster.ports.as_deref().unwrap_or_default();
    let published = cluster
        .exposure
        .published(ports, &cluster.head_service, cluster.start_params);
    plan.warnings.extend(
        published
            .into_iter()
            .map(|(by, numbers)| Warning::Published { by, numbers }),
    );
}

/// Whether Ray listens on this number for anybody's code.
pub(super) fn is_dangerous(number: u16, cluster: &Cluster<'_>) -> bool {
    DANGEROUS
        .iter()
        .any(|port| port.number_in(cluster.start_params) == number)
}

/// A published head service has an address of its own, which knows its own ports only: those of the
/// container, by now `declared`, and the user's.
pub(super) fn warn_of_workers(cluster: &Cluster<'_>, declared: &[u16], plan: &mut Plan) {
    if let Some(by) = cluster.exposure.service
        && cluster.has_workers
    {
        let number = GCS_SERVER.number_in(cluster.start_params);
        let mut users = cluster.head_service.iter();
        if !declared.contains(&number) && !users.any(|port| port.number == Some(number)) {
            plan.warnings.push(Warning::NoWayForWorkers { by, number });
        }
    }
}
