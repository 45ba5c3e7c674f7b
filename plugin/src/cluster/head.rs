//! Which pod is the head, and if there is none that can answer, why.
//!
//! The pods are asked for by the labels the head service selects by. Going through the service
//! would be two more round trips for the same pod: the head service is headless and publishes
//! addresses that are not ready, so readiness is the pod's to tell anyway.

use std::collections::HashMap;

use k8s_openapi::api::core::v1::{Pod, PodStatus};
use ray_serve_inject::table::{ANNOTATION, ANNOTATION_ON, SERVE};
use serde::Deserialize;

use super::api::{Api, Scope, percent};
use super::error::Error;
use super::next::Next;
use super::raycluster::{CLUSTER_LABEL, ClusterName, NODE_TYPE_LABEL, RayCluster};

/// Not k8s-openapi's `List`, which insists on fields that nobody here reads.
#[derive(Default, Deserialize)]
pub struct Pods {
    items: Vec<Pod>,
}

/// The head pods of many clusters, by namespace and name of the cluster.
pub type Heads = HashMap<(String, String), Pods>;

impl Pods {
    pub async fn of_head(api: &Api, name: &ClusterName) -> Result<Self, Error> {
        let namespace = api.namespace();
        let selector = percent(&format!("{CLUSTER_LABEL}={name},{NODE_TYPE_LABEL}=head"));
        let path = format!("/api/v1/namespaces/{namespace}/pods?labelSelector={selector}");
        api.get(&format!("list pods in namespace {namespace}"), &path)
            .await
    }
}

/// One list for all clusters, so that looking at many costs no more requests than looking at one.
pub async fn all(api: &Api, scope: &Scope) -> Result<Heads, Error> {
    let selector = percent(&format!("{NODE_TYPE_LABEL}=head"));
    let path = scope.path("/api/v1", "pods");
    let path = format!("{path}?labelSelector={selector}");
    let pods: Vec<Pod> = api.list(&format!("list pods in {scope}"), &path).await?;
    let mut heads = Heads::new();
    for pod in pods {
        let labels = pod.metadata.labels.as_ref();
        let cluster = labels.and_then(|labels| labels.get(CLUSTER_LABEL));
        if let (Some(namespace), Some(cluster)) = (&pod.metadata.namespace, cluster) {
            let key = (namespace.clone(), cluster.clone());
            heads.entry(key).or_default().items.push(pod);
        }
    }
    Ok(heads)
}

/// The name of the pod to talk to.
pub fn choose(cluster: &RayCluster, pods: &Pods, next: &Next) -> Result<String, Error> {
    let named_by_operator = cluster.status.head.pod_name.as_deref();
    let name = |pod: &Pod| pod.metadata.name.clone().unwrap_or_default();
    let ready = pods.items.iter().filter(|pod| is_ready(pod));
    // Two heads exist for a moment when one is replaced. The operator knows which one counts; its
    // status lags behind, so the youngest is the next best guess.
    let chosen = ready.max_by_key(|pod| {
        let is_named = named_by_operator == pod.metadata.name.as_deref();
        (is_named, pod.metadata.creation_timestamp.clone())
    });
    chosen.map(name).ok_or_else(|| Error::HeadNotReady {
        name: cluster.metadata.name.clone(),
        namespace: cluster.metadata.namespace.clone(),
        why: why_not_ready(cluster, pods, next),
    })
}

fn is_ready(pod: &Pod) -> bool {
    let status = pod.status.as_ref();
    pod.metadata.deletion_timestamp.is_none()
        && status.and_then(|status| status.phase.as_deref()) == Some("Running")
        && condition(status, "Ready").is_some_and(|(met, _)| met)
}

fn condition<'a>(status: Option<&'a PodStatus>, kind: &str) -> Option<(bool, Option<&'a str>)> {
    let found = status?
        .conditions
        .as_ref()?
        .iter()
        .find(|condition| condition.type_ == kind)?;
    Some((
        found.status == "True",
        found.message.as_deref().or(found.reason.as_deref()),
    ))
}

fn why_not_ready(cluster: &RayCluster, pods: &Pods, next: &Next) -> String {
    if cluster.metadata.deletion_timestamp.is_some() {
        return "the RayCluster is being deleted".to_owned();
    }
    if cluster.spec.suspend == Some(true) {
        return "the RayCluster is suspended (spec.suspend)".to_owned();
    }
    let youngest = pods.items.iter().max_by_key(|pod| {
        (
            pod.metadata.deletion_timestamp.is_none(),
            pod.metadata.creation_timestamp.clone(),
        )
    });
    let Some(pod) = youngest else {
        return why_no_pod(cluster, next);
    };
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    if pod.metadata.deletion_timestamp.is_some() {
        return format!("pod/{name} is terminating");
    }
    format!("pod/{name} {}", why_pod_is_not_ready(pod.status.as_ref()))
}

fn why_no_pod(cluster: &RayCluster, next: &Next) -> String {
    if cluster.lacks_serve_port() {
        return format!(
            "it has no head pod, because the KubeRay operator waits for a head container port named \"{}\" while \
             annotation {ANNOTATION} is \"{ANNOTATION_ON}\": declare one, or install ray-serve-webhook",
            SERVE.name
        );
    }
    let reason = cluster.status.reason.as_deref();
    if let Some(reason) = reason.filter(|reason| !reason.is_empty()) {
        return format!("it has no head pod: {reason}");
    }
    let object = format!("raycluster/{}", cluster.metadata.name);
    format!(
        "it has no head pod yet; if it stays so, see {} and the KubeRay operator's log",
        next.kubectl("describe", &[&object], "")
    )
}

fn why_pod_is_not_ready(status: Option<&PodStatus>) -> String {
    let phase = status
        .and_then(|status| status.phase.as_deref())
        .unwrap_or("Pending");
    if let Some((false, Some(message))) = condition(status, "PodScheduled") {
        return format!("cannot be scheduled: {message}");
    }
    let containers = status.into_iter().flat_map(|status| {
        status
            .init_container_statuses
            .iter()
            .flatten()
            .chain(status.container_statuses.iter().flatten())
    });
    for container in containers {
        let state = container.state.as_ref();
        if let Some(waiting) = state.and_then(|state| state.waiting.as_ref()) {
            let reason = waiting.reason.as_deref().unwrap_or("waiting");
            let detail = waiting
                .message
                .as_deref()
                .map(|message| format!(": {message}"))
                .unwrap_or_default();
            return format!(
                "is {phase}, container {} is waiting ({reason}{detail})",
                container.name
            );
        }
        if let Some(ended) = state
            .and_then(|state| state.terminated.as_ref())
            .filter(|ended| ended.exit_code != 0)
        {
            return format!(
                "is {phase}, container {} ended with exit code {}",
                container.name, ended.exit_code
            );
        }
    }
    match condition(status, "Ready") {
        Some((false, Some(message))) if phase == "Running" => {
            format!("is running but not ready yet ({message})")
        }
        _ => format!("is {phase}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pods(yaml: &str) -> Pods {
        serde_json::from_value(crate::yaml::parse(yaml).unwrap()).unwrap()
    }

    fn cluster(yaml: &str) -> RayCluster {
        let mut cluster: RayCluster =
            serde_json::from_value(crate::yaml::parse(yaml).unwrap()).unwrap();
        cluster.metadata.name = "x".into();
        cluster.metadata.namespace = "ns".into();
        cluster
    }

    const READY: &str = "status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}";

    #[test]
    fn a_terminating_head_is_never_chosen() {
        let list = format!(
            "items:\n- metadata: {{name: old, deletionTimestamp: 2026-01-01T00:00:00Z}}\n  {READY}\n\
             - metadata: {{name: new, creationTimestamp: 2026-01-01T00:00:00Z}}\n  {READY}\n"
        );
        assert_eq!(
            choose(
                &cluster("status: {head: {podName: old}}"),
                &pods(&list),
                &Next::default()
            )
            .unwrap(),
            "new"
        );
    }

    #[test]
    fn of_two_ready_heads_the_operator_s_counts_then_the_youngest() {
        let list = format!(
            "items:\n- metadata: {{name: a, creationTimestamp: 2026-01-02T00:00:00Z}}\n  {READY}\n\
             - metadata: {{name: b, creationTimestamp: 2026-01-01T00:00:00Z}}\n  {READY}\n"
        );
        assert_eq!(
            choose(
                &cluster("status: {head: {podName: b}}"),
                &pods(&list),
                &Next::default()
            )
            .unwrap(),
            "b"
        );
        assert_eq!(
            choose(&cluster("status: {}"), &pods(&list), &Next::default()).unwrap(),
            "a"
        );
    }

    #[test]
    fn no_ready_head_says_why() {
        let cases = [
            ("{}", "items: []", "no head pod yet"),
            ("{spec: {suspend: true}}", "items: []", "is suspended"),
            (
                "{status: {reason: quota exceeded}}",
                "items: []",
                "no head pod: quota exceeded",
            ),
            (
                "{metadata: {annotations: {ray.io/enable-serve-service: 'true'}}, spec: {headGroupSpec: {template: {spec: {containers: [{ports: [{name: dashboard}]}]}}}}}",
                "items: []",
                "port named \"serve\"",
            ),
            (
                "{}",
                "items: [{metadata: {name: h}, status: {phase: Pending, conditions: [{type: PodScheduled, status: 'False', message: 0/1 nodes fit}]}}]",
                "pod/h cannot be scheduled: 0/1 nodes fit",
            ),
            (
                "{}",
                "items: [{metadata: {name: h}, status: {phase: Pending, containerStatuses: [{name: ray, image: i, imageID: i, ready: false, restartCount: 0, state: {waiting: {reason: ImagePullBackOff, message: no such image}}}]}}]",
                "container ray is waiting (ImagePullBackOff: no such image)",
            ),
            (
                "{}",
                "items: [{metadata: {name: h}, status: {phase: Running, conditions: [{type: Ready, status: 'False', message: probe failed}]}}]",
                "pod/h is running but not ready yet (probe failed)",
            ),
            (
                "{}",
                "items: [{metadata: {name: h, deletionTimestamp: 2026-01-01T00:00:00Z}}]",
                "pod/h is terminating",
            ),
        ];
        for (raycluster, list, expected) in cases {
            let error = choose(&cluster(raycluster), &pods(list), &Next::default())
                .unwrap_err()
                .to_string();
            assert!(
                error.starts_with("raycluster/x in namespace ns has no ready head: "),
                "{error}"
            );
            assert!(error.contains(expected), "{error}");
        }
    }
}
