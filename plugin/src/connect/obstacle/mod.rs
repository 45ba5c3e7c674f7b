//! Finds out why a RayCluster has no head that answers: from the RayCluster and its head pod, from
//! a service that is in the way and, if the user may read them, from events.

mod seen;

use k8s_openapi::api::core::v1::Pod;
use kuberay::RayCluster;
use kuberay::head::Pods;
use kuberay::labels::{ANNOTATION, ANNOTATION_ON, CLUSTER};
use kuberay::names;
use kuberay::pod_state;
use kuberay::ports::SERVE;
use kuberay::raycluster::Metadata;
use kuberay::resource::OPERATOR;

use super::next::Next;

pub use seen::Seen;

/// Kueue's label for the queue in which an object waits.
const QUEUE_LABEL: &str = "kueue.x-k8s.io/queue-name";

/// Why there is no head, and the commands that help.
#[derive(Debug, PartialEq, Eq)]
pub struct Obstacle {
    pub why: String,
    pub next: String,
    /// What an error says to do; nothing where it is likely to pass by itself.
    pub hint: Option<String>,
}

/// Commands about one RayCluster, and its name.
struct Place<'a> {
    object: String,
    next: &'a Next,
}

impl Place<'_> {
    fn describe(&self) -> String {
        self.next.kubectl("describe", &[&self.object], "")
    }

    fn stays(&self, why: String) -> Obstacle {
        Obstacle::staying(why, self.describe())
    }
}

impl Obstacle {
    pub(super) fn passing(why: String, next: String) -> Self {
        Self {
            why,
            next,
            hint: None,
        }
    }

    fn staying(why: String, next: String) -> Self {
        Self {
            why,
            hint: Some(next.clone()),
            next,
        }
    }
}

pub fn judge(cluster: &RayCluster, pods: &Pods, seen: &Seen, next: &Next) -> Obstacle {
    let place = Place {
        object: format!("raycluster/{}", cluster.metadata.name),
        next,
    };
    if cluster.metadata.deletion_timestamp.is_some() {
        return place.stays("the RayCluster is being deleted".to_owned());
    }
    if let Some(suspended) = suspended(cluster, &place) {
        return suspended;
    }
    match pods.youngest() {
        Some(pod) => of_pod(pod, seen, next),
        None => no_pod(cluster, seen, &place),
    }
}

fn suspended(cluster: &RayCluster, place: &Place<'_>) -> Option<Obstacle> {
    if cluster.spec.suspend != Some(true) {
        return None;
    }
    let why = "the RayCluster is suspended (spec.suspend)";
    Some(match cluster.metadata.labels.get(QUEUE_LABEL) {
        // It continues when the queue admits it; setting spec.suspend by hand would be undone.
        Some(queue) => Obstacle::passing(
            format!("{why}: it waits for Kueue's queue {queue} (label {QUEUE_LABEL})"),
            place.next.kubectl("get", &["workloads.kueue.x-k8s.io"], ""),
        ),
        None => Obstacle::staying(
            why.to_owned(),
            place.next.kubectl(
                "patch",
                &[&place.object],
                r#"--type=merge -p '{"spec":{"suspend":false}}'"#,
            ),
        ),
    })
}

fn of_pod(pod: &Pod, seen: &Seen, next: &Next) -> Obstacle {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let why = if pod.metadata.deletion_timestamp.is_some() {
        "is terminating".to_owned()
    } else {
        pod_state::why_not_ready(pod, &seen.events)
    };
    Obstacle::passing(
        format!("pod/{name} {why}"),
        next.kubectl("describe", &[&format!("pod/{name}")], ""),
    )
}

fn no_pod(cluster: &RayCluster, seen: &Seen, place: &Place<'_>) -> Obstacle {
    let name = &cluster.metadata.name;
    if let Some(manager) = cluster.manager().filter(|manager| *manager != OPERATOR) {
        return place.stays(format!(
            "it has no head pod here, because {manager} manages it (spec.managedBy) and not the KubeRay operator"
        ));
    }
    if cluster.lacks_serve_port() {
        return Obstacle {
            why: format!(
                "it has no head pod, because the KubeRay operator waits for a head container port named \"{}\" while \
                 annotation {ANNOTATION} is \"{ANNOTATION_ON}\"",
                SERVE.name
            ),
            next: place.describe(),
            hint: Some("declare that port, or install ray-serve-webhook".to_owned()),
        };
    }
    if let Some(failure) = cluster.failure() {
        return place.stays(format!("it has no head pod: {failure}"));
    }
    let reason = cluster.status.reason.as_deref();
    if let Some(reason) = reason.filter(|reason| !reason.is_empty()) {
        return place.stays(format!("it has no head pod: {reason}"));
    }
    if let Some(service) = &seen.service
        && !is_of(service, cluster)
    {
        let service = format!("service/{}", service.name);
        let delete = place.next.kubectl("delete", &[&service], "");
        return Obstacle {
            why: format!(
                "it has no head pod, because {service} is in the way: the KubeRay operator makes one of that name, and \
                 this one is not raycluster/{name}'s (no ownerReference)"
            ),
            hint: Some(format!("give it another name, or {delete}")),
            next: delete,
        };
    }
    if let Some(event) = seen.events.first() {
        return place.stays(format!("it has no head pod: {}", event.told()));
    }
    // Older operators accepted such names, so this comes last.
    if let Some(fault) = names::fault(name) {
        return place.stays(format!(
            "it has no head pod, because KubeRay 1.4 and newer do not take its name: {fault}"
        ));
    }
    let next = format!(
        "{}, and the KubeRay operator's log: {}",
        place.describe(),
        place.next.operator_log()
    );
    Obstacle {
        why: "it has no head pod yet".to_owned(),
        hint: Some(format!(
            "if it stays so, see {} and the KubeRay operator's log",
            place.describe()
        )),
        next,
    }
}

/// Whether the operator takes the service for the cluster's; it searches by label before it creates
/// one.
fn is_of(service: &Metadata, cluster: &RayCluster) -> bool {
    let name = &cluster.metadata.name;
    let mut owners = service.owner_references.iter();
    owners.any(|owner| owner.is_to_cluster(name)) || service.labels.get(CLUSTER) == Some(name)
}

#[cfg(test)]
mod tests;
