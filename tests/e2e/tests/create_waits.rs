//! What `create` says of a RayCluster that does not come up, and what the API server says of one.

use std::time::Duration;

use e2e::{Ran, eventually, lab};

/// Exit 1 with the object's name on stdout; gives the sentence at the end of stderr.
#[track_caller]
fn created_in_vain(ran: &Ran, name: &str) -> String {
    assert_eq!(ran.code, Some(1), "{ran}");
    assert_eq!(
        ran.stdout,
        format!("raycluster.ray.io/{name} created\n"),
        "{ran}"
    );
    let last = ran.last_error();
    let start = format!("error: timed out waiting for raycluster/{name}: ");
    assert!(last.starts_with(&start), "{ran}");
    last.to_owned()
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn an_image_that_cannot_be_pulled_is_said() {
    let lab = lab();
    let _webhook = lab.with_webhook();
    let space = lab.namespace("e2e-create-image");
    // Nothing listens there.
    let image = "localhost:1/ray:2.60.0";
    let small = ["--workers", "0", "--requests", "cpu=50m,memory=50Mi"];
    let wait = ["--wait", "--timeout", "30s", "-n", &space.name];
    let create = ["create", "small", "--image", image];
    let ran = lab.ray_serve(&[&create[..], &small, &wait].concat());
    let last = created_in_vain(&ran, "small");
    assert!(
        last.contains("container ray-head is waiting (ErrImagePull")
            || last.contains("container ray-head is waiting (ImagePullBackOff"),
        "{ran}"
    );
    assert!(last.contains(image), "{ran}");
}

/// The command of `create --help`, on a node that has neither the room nor a GPU.
#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_gpu_cluster_of_the_help_asks_for_gpus() {
    let lab = lab();
    let _webhook = lab.with_webhook();
    let space = lab.namespace("e2e-create-gpu");
    let help = lab.ray_serve(&["create", "--help"]).ok().stdout;
    // Its lines are wrapped; the next example begins with what it is for.
    let words: Vec<&str> = help.split_whitespace().collect();
    let start = words
        .windows(2)
        .position(|two| two == ["create", "gpu-cluster"]);
    let start = start.expect("an example with GPUs");
    let example = words[start..].iter().take_while(|word| **word != "#");
    let words: Vec<&str> = example.copied().collect();
    assert!(words.contains(&"--gpu"), "{words:?}");
    let wait = ["--wait", "--timeout", "10s", "-n", &space.name];
    let ran = lab.ray_serve(&[&words[..], &wait].concat());
    let last = created_in_vain(&ran, "gpu-cluster");
    assert!(
        last.contains("cannot be scheduled: 0/1 nodes are available"),
        "{ran}"
    );
    // Which its worker says too, that the operator has made of it.
    eventually("the worker", Duration::from_secs(60), || {
        let selector = "ray.io/node-type=worker";
        let workers = ["get", "pod", "-l", selector, "-o", "json", "-n"];
        let pods = lab
            .kubectl(&[&workers[..], &[space.name.as_str()]].concat())
            .ok()
            .json();
        let container = &pods["items"][0]["spec"]["containers"][0];
        if container["resources"]["limits"]["nvidia.com/gpu"] == "1" {
            Ok(())
        } else {
            Err(pods.to_string())
        }
    });
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn what_the_api_server_warns_of_is_passed_on() {
    let lab = lab();
    let _webhook = lab.with_webhook();
    let space = lab.namespace("e2e-create-warned");
    let policy = POLICY.replace("NAMESPACE", &space.name);
    lab.apply_as_written(&policy, &[]).ok();
    // A policy holds some moments after it was made.
    eventually("the warning", Duration::from_secs(60), || {
        let create = ["create", "small", "--dry-run=server", "-n", &space.name];
        let ran = lab.ray_serve(&create).ok();
        assert_eq!(
            ran.stdout, "raycluster.ray.io/small created (server dry run)\n",
            "{ran}"
        );
        if ran.stderr.starts_with("Warning: ") && ran.stderr.contains("small is a poor name") {
            Ok(())
        } else {
            Err(ran.to_string())
        }
    });
    lab.kubectl(&[
        "delete",
        "validatingadmissionpolicy,validatingadmissionpolicybinding",
        "e2e-create-warned",
    ])
    .ok();
}

const POLICY: &str = r#"
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: e2e-create-warned}
spec:
  matchConstraints:
    resourceRules:
      - {apiGroups: [ray.io], apiVersions: [v1], operations: [CREATE], resources: [rayclusters]}
  validations:
    - {expression: "object.metadata.name != 'small'", message: small is a poor name}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: e2e-create-warned}
spec:
  policyName: e2e-create-warned
  validationActions: [Warn]
  matchResources:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: NAMESPACE}}
"#;
