//! What a person has to be told, once, because the controller cannot do its work.

use super::cluster_state::ClusterState;
use super::event::Event;
use super::pod::Pod;
use super::probe::Outcome;
use super::service::{Mode, Selection};

/// Results in a row after which a pod that Kubernetes holds for ready is told of: many more than it takes to
/// leave, since a proxy that was busy for a moment is nothing that a person has to mend.
const UNKNOWNS: u32 = 10;

pub(super) fn notices(state: &ClusterState, mode: Mode) -> Vec<Event> {
    let found = [
        edited(state, mode),
        port_mismatch(state),
        (mode == Mode::Pods).then(|| cannot_probe(state)).flatten(),
    ];
    let is_news = |event: &Event| event.topic().is_some_and(|topic| !state.was_told(topic));
    found.into_iter().flatten().filter(is_news).collect()
}

fn edited(state: &ClusterState, mode: Mode) -> Option<Event> {
    let is_edited = match state.selection()? {
        Selection::Edited | Selection::EditedLabelled => true,
        Selection::Head => mode == Mode::Pods,
        Selection::Broad | Selection::Labelled => false,
    };
    is_edited.then(|| {
        Some(Event::SelectorEdited {
            service: state.service()?.name.clone(),
        })
    })?
}

fn port_mismatch(state: &ClusterState) -> Option<Event> {
    let (port, serve) = state.port_mismatch()?;
    Some(Event::PortMismatch {
        service: state.service()?.name.clone(),
        port,
        serve,
    })
}

/// A pod that runs, but of which the probes cannot tell what it does.
fn cannot_probe(state: &ClusterState) -> Option<Event> {
    if !state.uses_labels() {
        return None;
    }
    let is_unknown = |pod: &&Pod| {
        let last = pod.probes.last();
        pod.seen.is_ready
            && !pod.seen.is_terminating
            && last.is_some_and(Outcome::is_unknown)
            && pod.probes.run() >= UNKNOWNS
    };
    let pod = state.pods().find(is_unknown)?;
    Some(Event::CannotProbe {
        pod: pod.seen.name.clone(),
        got: match pod.probes.last() {
            Some(Outcome::Foreign(foreign)) => Some(foreign),
            _ => None,
        },
    })
}
