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
