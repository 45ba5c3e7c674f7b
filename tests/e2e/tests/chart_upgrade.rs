//! An upgrade from the chart of 0.4.0, which knew nothing of the drain, and clusters that run meanwhile.

use std::{collections::BTreeSet, time::Duration};

use e2e::{CHART, Lab, Namespace, Ran, Reinstall, eventually, lab};
use serde_json::Value;

/// The chart as `helm package` made it then.
const CHART_0_4_0: &str = "tests/fixtures/charts/ray-serve-webhook-0.4.0.tgz";
const IMAGE: &str = concat!("image.tag=", env!("CARGO_PKG_VERSION"));

const DRAIN: &str = "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S";

/// A manifest and the RayCluster that 0.4.0 stored for it. Its pods need not run: they only must not
/// be others.
struct Cluster {
    name: &'static str,
    manifest: Value,
    stored: Value,
    pods: usize,
}

impl Cluster {
    fn new(name: &'static str, manifest: &str, stored: &str, pods: usize) -> Self {
        let small = |text: &str| {
            text.replace("rayproject/ray:2.60.0", "cluster.local/pause:1")
                .replace("1Gi", "16Mi")
                .replace("3Gi", "16Mi")
                .replace("200m", "10m")
        };
        Self {
            name,
            manifest: serde_saphyr::from_str(&small(manifest)).expect("the fixture"),
            stored: serde_json::from_str(&small(stored)).expect("the fixture"),
            pods,
        }
    }

    /// As `kubectl apply` leaves it with 0.4.0 in between.
    fn create(&self, lab: &Lab, namespace: &Namespace) {
        let mut object = self.stored.clone();
        let last = "kubectl.kubernetes.io/last-applied-configuration";
        object["metadata"]["annotations"][last] = self.manifest.to_string().into();
        let mut command = lab.prepared.command("kubectl");
        command.args(["create", "-n", &namespace.name, "-f", "-"]);
        Ran::command(&mut command, Some(&object.to_string())).ok();
    }

    fn get(&self, lab: &Lab, namespace: &Namespace) -> Value {
        lab.get(&namespace.name, &format!("raycluster/{}", self.name))
    }

    /// The uids of its pods, once there are so many.
    fn pods(&self, lab: &Lab, namespace: &Namespace, count: usize) -> BTreeSet<String> {
        let what = format!("{count} pods of {}", self.name);
        eventually(&what, Duration::from_secs(90), || {
            let uids = self.uids(lab, namespace);
            if uids.len() == count {
                Ok(uids)
            } else {
                Err(format!("{uids:?}"))
            }
        })
    }

    fn uids(&self, lab: &Lab, namespace: &Namespace) -> BTreeSet<String> {
        let selector = format!("ray.io/cluster={}", self.name);
        let list = ["get", "pod", "-n", &namespace.name, "-l", &selector];
        let path = "jsonpath={.items[*].metadata.uid}";
        let listed = lab.kubectl(&[&list[..], &["-o", path]].concat()).ok();
        listed
            .stdout
            .split(' ')
            .filter(|uid| !uid.is_empty())
            .map(str::to_owned)
            .collect()
    }

    fn patch(&self, lab: &Lab, namespace: &Namespace, patch: &str) {
        let what = ["raycluster", self.name, "-n", &namespace.name];
        lab.kubectl(&[&["patch"], &what[..], &["--type=json", "-p", patch]].concat())
            .ok();
    }
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn an_upgrade_leaves_generations_and_pods_of_either_upgrade_strategy_alone() {
    let lab = lab();
    let _alone = lab.webhook_alone();
    let _reinstall = Reinstall(lab);
    lab.uninstall_webhook();
    let namespace = lab.namespace("e2e-upgraded");
    let [none, recreate] = [
        Cluster::new(
            "kuberay-sample",
            include_str!("../../fixtures/injected-by-0.4.0/kuberay-sample/in.yaml"),
            include_str!("../../fixtures/injected-by-0.4.0/kuberay-sample/stored.json"),
            2,
        ),
        Cluster::new(
            "recreate-with-workers",
            include_str!("../../fixtures/injected-by-0.4.0/recreate-with-workers/in.yaml"),
            include_str!("../../fixtures/injected-by-0.4.0/recreate-with-workers/stored.json"),
            3,
        ),
    ];
    let clusters = [&none, &recreate];
    // What 0.4.0 stored needs no webhook to be stored.
    let before = clusters.map(|cluster| {
        cluster.create(lab, &namespace);
        let pods = cluster.pods(lab, &namespace, cluster.pods);
        (cluster.get(lab, &namespace), pods)
    });

    // An old chart, whose own program is not on the node, with this one.
    lab.helm("install", &[CHART_0_4_0, "--set", IMAGE]).ok();
    lab.await_rollout();
    lab.helm("upgrade", &[CHART]).ok();
    lab.await_rollout();

    for (cluster, (stored, pods)) in clusters.into_iter().zip(&before) {
        let name = cluster.name;
        lab.apply(&namespace.name, &cluster.manifest.to_string())
            .ok()
            .never_says("Warning:");
        lab.kubectl(&[
            "annotate",
            "raycluster",
            name,
            "seen=1",
            "-n",
            &namespace.name,
        ])
        .ok();
        let after = cluster.get(lab, &namespace);
        assert_eq!(after["spec"], stored["spec"], "{name}");
        let generation = &stored["metadata"]["generation"];
        assert_eq!(&after["metadata"]["generation"], generation, "{name}");

        // As the autoscaler does. When the new pod is there, the operator has looked at the spec.
        let replicas = "/spec/workerGroupSpecs/0/replicas";
        // One worker more than before: the head is one of the pods.
        let scaled = cluster.pods;
        let patch = format!(r#"[{{"op":"replace","path":"{replicas}","value":{scaled}}}]"#);
        cluster.patch(lab, &namespace, &patch);
        let more = cluster.pods(lab, &namespace, scaled + 1);
        assert!(more.is_superset(pods), "{name}: {pods:?} {more:?}");
        let after = cluster.get(lab, &namespace);
        assert!(!after.to_string().contains(DRAIN), "{name}: {after}");
    }

    // Pods that are made anew anyway get the drain. That they are others shows, too.
    let image = "/spec/workerGroupSpecs/0/template/spec/containers/0/image";
    let patch = format!(r#"[{{"op":"replace","path":"{image}","value":"cluster.local/pause:2"}}]"#);
    recreate.patch(lab, &namespace, &patch);
    let after = recreate.get(lab, &namespace);
    let worker = &after["spec"]["workerGroupSpecs"][0]["template"]["spec"];
    assert!(worker.to_string().contains(DRAIN), "{worker}");
    assert_eq!(worker["terminationGracePeriodSeconds"], 60);
    let (_, pods) = &before[1];
    eventually("only new pods", Duration::from_secs(120), || {
        let left = recreate.uids(lab, &namespace);
        if left.is_disjoint(pods) {
            Ok(())
        } else {
            Err(format!("{left:?}"))
        }
    });
}
