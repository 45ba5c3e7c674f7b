//! When the selector of the serve service is narrowed, and when it is given back.

use std::time::{Duration, Instant};

use kuberay::labels::{NODE_TYPE, SERVE};

use super::change::{Reselection, SelectPods};
use super::cluster_state::ClusterState;
use super::pod::Pod;
use super::service::{self, Mode, Selection, Selector, ServeService};

/// How long the first proof waits for the results of other pods, which would be cut off for a moment
/// otherwise: a probe takes no longer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Narrows the operator's selector to the pods with the label. Called where no label is to be changed;
/// what remains is whether a pod with the label serves.
pub(super) fn to_labelled(state: &ClusterState, now: Instant) -> Option<SelectPods> {
    if state.selection()? != Selection::Broad {
        return None;
    }
    let proofs = state
        .pods()
        .filter(|pod| pod.is_endpoint() && pod.probes.serves());
    let first = proofs.filter_map(|pod| pod.probes.run_since()).min()?;
    let is_looked_at = |pod: &Pod| {
        let is_probed = pod.seen.is_ready && pod.seen.ip.is_some() && !pod.seen.is_terminating;
        !is_probed || pod.probes.last().is_some()
    };
    let may_narrow =
        state.pods().all(is_looked_at) || now.saturating_duration_since(first) >= PATIENCE;
    let to = service::labelled(&state.cluster().name);
    may_narrow.then(|| reselect(state.service(), to, Reselection::Narrow))?
}

/// Narrows the selector to the head: from the operator's, or from the label, which nobody keeps up to
/// date in this mode. Without a look at any pod, since the head has a proxy wherever a worker has one.
pub(super) fn to_head(state: &ClusterState) -> Option<SelectPods> {
    match state.selection()? {
        Selection::Broad | Selection::Labelled => {
            let to = service::head(&state.cluster().name);
            reselect(state.service(), to, Reselection::Narrow)
        }
        Selection::Head | Selection::EditedLabelled | Selection::Edited => None,
    }
}

/// Gives back the selector of a cluster whose annotation is gone: its service stays.
pub(super) fn without_annotation(state: &ClusterState) -> Option<SelectPods> {
    let is_ours = state.selection()? == Selection::Labelled;
    is_ours.then(|| give_back(state.service()?, &state.cluster().name, Mode::Pods))?
}

/// Takes our key out of a selector, whoever edited the rest of it: for an uninstallation, or for another
/// mode. In mode Pods a selector of the head is somebody else's choice.
pub fn give_back(service: &ServeService, cluster: &str, mode: Mode) -> Option<SelectPods> {
    let key = match (service.selection(cluster), mode) {
        (Selection::Labelled | Selection::EditedLabelled, _) => SERVE,
        (Selection::Head, Mode::Head) => NODE_TYPE,
        _ => return None,
    };
    let mut to = service.selector.clone();
    to.remove(key);
    // Without a selector the service would keep its endpoints for ever.
    let may_give = !to.is_empty();
    may_give.then(|| reselect(Some(service), to, Reselection::GiveBack))?
}

fn reselect(service: Option<&ServeService>, to: Selector, why: Reselection) -> Option<SelectPods> {
    let service = service?;
    Some(SelectPods {
        service: service.name.clone(),
        uid: service.uid.clone(),
        from: service.selector.clone(),
        to,
        why,
    })
}
