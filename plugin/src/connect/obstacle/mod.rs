//! Finds out why a RayCluster has no head that answers: from the RayCluster and its head pod, from
//! a service that is in the way and, if the user may read them, from events.

use k8s_openapi::api::core::v1::Pod;
use kuberay::RayCluster;
use kuberay::event::Event;
use kuberay::head::Pods;
use kuberay::labels::{ANNOTATION, ANNOTATION_ON, CLUSTER};
use kuberay::names;
use kuberay::pod_state;
use kuberay::ports::SERVE;
use kuberay::raycluster::Metadata;
use kuberay::resource::{KIND, OPERATOR};
use serde::Deserialize;

use super::api::Api;
use super::error::Error;
use super::events;
use super::next::Next;
use super::object_name;

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

/// Objects that were read besides the RayCluster and its pods.
#[derive(Debug, Default)]
pub struct Seen {
    /// The service that has the head service's name.
    pub service: Option<Metadata>,
    /// Warnings about the pod, or about the RayCluster where there is none; the latest first.
    pub events: Vec<Event>,
}

#[derive(Deserialize)]
struct Object {
    metadata: Metadata,
}

impl Seen {
    pub async fn look(api: &Api, cluster: &RayCluster, pods: &Pods) -> Self {
        let Metadata { name, uid, .. } = &cluster.metadata;
        let is_waiting = cluster.metadata.deletion_timestamp.is_none()
            && cluster.spec.suspend != Some(true)
            && !cluster.lacks_serve_port();
        match pods.youngest() {
            _ if !is_waiting => Self::default(),
            Some(pod) => {
                let name = pod.metadata.name.as_deref().unwrap_or_default();
                let uid = pod.metadata.uid.as_deref().unwrap_or_default();
                Self {
                    service: None,
                    events: events::warnings(api, "Pod", name, uid).await,
                }
            }
            None => {
                let own = cluster.own_head_service();
                let (service, events) =
                    tokio::join!(service(api, &own), events::warnings(api, KIND, name, uid));
                Self { service, events }
            }
        }
    }
}

/// None if the object does not exist or may not be read.
async fn service(api: &Api, name: &str) -> Option<Metadata> {
    let namespace = api.namespace();
    let path = format!("/api/v1/namespaces/{namespace}/services/{name}");
    if !object_name::is_valid(name) {
        return None;
    }
    let action = format!("get service/{name} in namespace {namespace}");
    let found: Result<Object, Error> = api.get(&action, &path).await;
    Some(found.ok()?.metadata)
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
        return place.stays(format!(
            "it has no head pod, because the KubeRay operator waits for a head container port named \"{}\" while \
             annotation {ANNOTATION} is \"{ANNOTATION_ON}\": declare one, or install ray-serve-webhook",
            SERVE.name
        ));
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
        return Obstacle::staying(
            format!(
                "it has no head pod, because {service} is in the way: the KubeRay operator makes one of that name, and \
                 this one is not raycluster/{name}'s (no ownerReference): delete it or give it another name"
            ),
            place.next.kubectl("delete", &[&service], ""),
        );
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
mod tests {
    use super::*;

    fn read<T: serde::de::DeserializeOwned>(yaml: &str) -> T {
        serde_json::from_value(crate::yaml::parse(yaml).unwrap()).unwrap()
    }

    fn found(cluster: &str, pods: &str, seen: &Seen) -> Obstacle {
        let mut cluster: RayCluster = read(cluster);
        cluster.metadata.name = "x".into();
        judge(
            &cluster,
            &read(pods),
            seen,
            &Next::default().in_namespace("ns"),
        )
    }

    fn event(yaml: &str) -> Seen {
        Seen {
            events: vec![read(yaml)],
            ..Seen::default()
        }
    }

    #[test]
    fn what_the_raycluster_says_needs_nothing_else() {
        for (cluster, why, next) in [
            (
                "{}",
                "no head pod yet",
                "kubectl describe raycluster/x -n ns, and the KubeRay operator's log: kubectl logs",
            ),
            (
                "{metadata: {deletionTimestamp: now}}",
                "is being deleted",
                "kubectl describe raycluster/x -n ns",
            ),
            (
                "{spec: {suspend: true}}",
                "is suspended (spec.suspend)",
                "kubectl patch raycluster/x -n ns --type=merge -p",
            ),
            (
                "{metadata: {labels: {kueue.x-k8s.io/queue-name: gpus}}, spec: {suspend: true}}",
                "is suspended (spec.suspend): it waits for Kueue's queue gpus (label kueue.x-k8s.io/queue-name)",
                "kubectl get workloads.kueue.x-k8s.io -n ns",
            ),
            (
                "{spec: {managedBy: kueue.x-k8s.io/multikueue}}",
                "because kueue.x-k8s.io/multikueue manages it (spec.managedBy)",
                "kubectl describe raycluster/x",
            ),
            (
                "{spec: {managedBy: ray.io/kuberay-operator}}",
                "no head pod yet",
                "kubectl describe",
            ),
            (
                "{status: {reason: quota exceeded}}",
                "no head pod: quota exceeded",
                "kubectl describe raycluster/x",
            ),
            (
                "{status: {conditions: [{type: HeadPodReady, status: 'False'}, {type: ReplicaFailure, status: 'True', reason: FailedCreateHeadPod, message: serviceaccount \"nobody\" not found}]}}",
                "no head pod: serviceaccount \"nobody\" not found (FailedCreateHeadPod)",
                "kubectl describe raycluster/x",
            ),
            (
                "{status: {conditions: [{type: ReplicaFailure, status: 'False', reason: old, message: old}]}}",
                "no head pod yet",
                "kubectl describe",
            ),
            (
                "{metadata: {annotations: {ray.io/enable-serve-service: 'true'}}, spec: {headGroupSpec: {template: {spec: {containers: [{ports: [{name: dashboard}]}]}}}}}",
                "port named \"serve\"",
                "kubectl describe raycluster/x",
            ),
        ] {
            let obstacle = found(cluster, "items: []", &Seen::default());
            assert!(obstacle.why.contains(why), "{cluster}: {obstacle:?}");
            assert!(obstacle.next.starts_with(next), "{cluster}: {obstacle:?}");
        }
    }

    #[test]
    fn a_head_service_that_is_somebody_else_s_is_in_the_way() {
        let service = |yaml: &str| {
            let mut service: Metadata = read(yaml);
            service.name = "x-head-svc".into();
            let seen = Seen {
                service: Some(service),
                ..Seen::default()
            };
            found("{}", "items: []", &seen)
        };
        let foreign = service("{}");
        assert!(
            foreign.why.contains("service/x-head-svc is in the way"),
            "{foreign:?}"
        );
        assert_eq!(foreign.next, "kubectl delete service/x-head-svc -n ns");
        for ours in [
            "{ownerReferences: [{kind: RayCluster, name: x}]}",
            "{labels: {ray.io/cluster: x}}",
        ] {
            assert!(service(ours).why.contains("no head pod yet"), "{ours}");
        }
        for other in [
            "{ownerReferences: [{kind: RayCluster, name: y}]}",
            "{labels: {ray.io/cluster: y}}",
        ] {
            assert_eq!(service(other), foreign);
        }
    }

    #[test]
    fn events_say_what_nothing_else_does() {
        let quota = event("{reason: FailedCreateService, message: 'exceeded quota: few'}");
        assert_eq!(
            found("{}", "items: []", &quota).why,
            "it has no head pod: exceeded quota: few (FailedCreateService)"
        );
        let starting = "items: [{metadata: {name: h}, status: {phase: Pending, containerStatuses: [{name: ray, image: i, imageID: i, ready: false, restartCount: 0, state: {waiting: {reason: ContainerCreating}}}]}}]";
        assert_eq!(
            found(
                "{}",
                starting,
                &event("{reason: FailedMount, message: no secret}")
            )
            .why,
            "pod/h is Pending, container ray is waiting (ContainerCreating): no secret (FailedMount)"
        );
        let unready = "items: [{metadata: {name: h}, status: {phase: Running, conditions: [{type: Ready, status: 'False', message: 'unready: [ray]'}]}}]";
        for (event_, why) in [
            (
                "{reason: Unhealthy, message: 'probe failed', count: 2}",
                "(unready: [ray])",
            ),
            (
                "{reason: Unhealthy, message: 'probe failed', count: 12}",
                "(unready: [ray]): probe failed (Unhealthy)",
            ),
            (
                "{reason: Unhealthy, message: 'Startup probe errored'}",
                "(unready: [ray]): Startup probe errored (Unhealthy)",
            ),
        ] {
            assert_eq!(
                found("{}", unready, &event(event_)).why,
                format!("pod/h is running but not ready yet {why}")
            );
        }
    }

    #[test]
    fn a_pod_says_why_it_is_not_ready() {
        let waiting = "{name: ray, image: i, imageID: i, ready: false, restartCount: 0, state: {waiting: {reason: ImagePullBackOff, message: no such image}}}";
        let crashed = "{name: ray, image: i, imageID: i, ready: false, restartCount: 3, state: {waiting: {reason: CrashLoopBackOff, message: back-off 10s}}, lastState: {terminated: {exitCode: 137, reason: OOMKilled}}}";
        for (status, why) in [
            (
                "phase: Pending, conditions: [{type: PodScheduled, status: 'False', message: 0/1 nodes fit}]".to_owned(),
                "pod/h cannot be scheduled: 0/1 nodes fit",
            ),
            (
                format!("phase: Pending, containerStatuses: [{waiting}]"),
                "pod/h is Pending, container ray is waiting (ImagePullBackOff: no such image)",
            ),
            (
                format!("phase: Running, containerStatuses: [{crashed}]"),
                "pod/h is Running, container ray is waiting (CrashLoopBackOff: back-off 10s), it ended with exit code 137 (OOMKilled) before",
            ),
            (
                "phase: Failed, reason: Evicted, message: low on memory".to_owned(),
                "pod/h is Failed (Evicted: low on memory)",
            ),
            (
                "phase: Running, conditions: [{type: Ready, status: 'False', message: probe failed}]".to_owned(),
                "pod/h is running but not ready yet (probe failed)",
            ),
            ("phase: Pending".to_owned(), "pod/h is Pending"),
        ] {
            let pods = format!("items: [{{metadata: {{name: h}}, status: {{{status}}}}}]");
            let obstacle = found("{}", &pods, &Seen::default());
            assert_eq!(obstacle.why, why);
            assert_eq!(obstacle.next, "kubectl describe pod/h -n ns");
        }
        let leaving = "items: [{metadata: {name: h, deletionTimestamp: '2026-01-01T00:00:00Z'}}]";
        assert_eq!(
            found("{}", leaving, &Seen::default()).why,
            "pod/h is terminating"
        );
    }

    #[test]
    fn a_probe_of_a_port_that_was_renamed_is_why_a_head_never_gets_ready() {
        let pod = |probe: &str| {
            let container =
                format!("{{name: ray, ports: [{{name: serve, containerPort: 8000}}], {probe}}}");
            let pod = format!(
                "items: [{{metadata: {{name: h}}, spec: {{containers: [{container}]}}, status: {{phase: Running, conditions: [{{type: Ready, status: 'False', message: unready}}]}}}}]"
            );
            found("{}", &pod, &Seen::default()).why
        };
        assert_eq!(
            pod("startupProbe: {tcpSocket: {port: container-port}}"),
            "pod/h is running and never gets ready: the startupProbe of container ray asks port \"container-port\", and no port of it has that name"
        );
        for probe in [
            "readinessProbe: {httpGet: {port: serve, path: /}}",
            "readinessProbe: {httpGet: {port: 8000, path: /}}",
            "livenessProbe: {exec: {command: [a]}}",
        ] {
            assert!(pod(probe).ends_with("not ready yet (unready)"), "{probe}");
        }
    }
}
