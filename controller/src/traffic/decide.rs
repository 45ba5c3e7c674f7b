//! From what is known of a cluster to what to change: the whole of the controller's judgement on traffic.
//!
//! Pure: called after each watch event and each probe, on any thread, by one controller or by two that
//! both hold themselves for the leader. Each change that it asks for is guarded (by the uid of the pod, by
//! the selector it expects), and once the changes are made it asks for nothing more.

use std::time::Instant;

use kuberay::scope::OutOfScope;

use super::change::Change;
use super::cluster_state::ClusterState;
use super::service::Mode;
use super::{membership, notice, selector};

/// Decides what to change now. The order is the order to do it in, and one that fails ends it: the next
/// decision begins anew.
pub fn decide(state: &ClusterState, mode: Mode, now: Instant) -> Vec<Change> {
    match state.cluster().out_of_scope {
        None => {}
        // Nobody would keep the labels up to date any more.
        Some(OutOfScope::NotAnnotated | OutOfScope::AnnotationNotTrue) => {
            let given_back = selector::without_annotation(state);
            return given_back.map(Change::SelectPods).into_iter().collect();
        }
        Some(OutOfScope::BeingDeleted | OutOfScope::OwnedBy(_)) => return Vec::new(),
    }
    let mut changes = Vec::new();
    match mode {
        Mode::Head => changes.extend(selector::to_head(state).map(Change::SelectPods)),
        Mode::Pods => {
            if state.uses_labels() {
                let labels = membership::changes(state, now);
                changes.extend(labels.into_iter().map(Change::LabelPod));
            }
            // Every label that is wanted is known to be there.
            if changes.is_empty() {
                let narrowed = selector::to_labelled(state, now);
                changes.extend(narrowed.map(Change::SelectPods));
            }
        }
    }
    let notices = notice::notices(state, mode);
    changes.extend(notices.into_iter().map(Change::Tell));
    changes
}
