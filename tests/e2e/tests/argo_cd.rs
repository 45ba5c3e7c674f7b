//! A RayCluster in git and the same in the cluster, as Argo CD's default comparison sees the two: it
//! merges maps, takes lists as a whole, and knows no schema.

use std::{fs, process::Command};

use e2e::{Ran, lab};
use serde_json::{Map, Value};

/// The head declares some ports itself and mentions `$MY_POD_IP`, so everything is injected somewhere.
/// Suspended: what is asked is what is stored.
const IN_GIT: &str = r#"
apiVersion: ray.io/v1
kind: RayCluster
metadata:
  name: synced
  annotations: {ray.io/enable-serve-service: "true"}
spec:
  suspend: true
  headGroupSpec:
    rayStartParams: {node-ip-address: $MY_POD_IP}
    template:
      spec:
        containers:
          - name: ray-head
            image: cluster.local/pause:1
            ports:
              - {name: gcs-server, containerPort: 6379, protocol: TCP}
              - {name: dashboard, containerPort: 8265, protocol: TCP}
  workerGroupSpecs:
    - groupName: workers
      numOfHosts: 1
      replicas: 1
      minReplicas: 1
      maxReplicas: 1
      rayStartParams: {node-ip-address: $MY_POD_IP}
      template:
        spec:
          containers:
            - name: ray-worker
              image: cluster.local/pause:1
              env: [{name: COLOR, value: blue}]
"#;

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn argo_cd_finds_no_difference_by_either_way_that_the_page_names() {
    let lab = lab();
    let _webhook = lab.with_webhook();
    let namespace = lab.namespace("e2e-argo-cd");
    lab.apply(&namespace.name, IN_GIT).ok();
    // The operator writes the status until then, which is a difference to whoever asks meanwhile.
    let suspended = "--for=jsonpath={.status.state}=suspended";
    let wait = [
        "wait",
        "-n",
        &namespace.name,
        "raycluster/synced",
        suspended,
    ];
    lab.kubectl(&[&wait[..], &["--timeout=60s"]].concat()).ok();
    let live = lab.get(&namespace.name, "raycluster/synced");
    let git = read(IN_GIT);
    assert_ne!(
        merged(&live, &git),
        live,
        "the default comparison sees no difference"
    );

    // Whoever asks the API server sees none: Flux, kubectl diff, and Argo CD's ServerSideDiff.
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("git.yaml");
    fs::write(&file, IN_GIT).unwrap();
    let file = file.to_str().unwrap();
    // By force, as Flux applies: a list that the webhook changed is kubectl's until then.
    for more in [&[][..], &["--server-side", "--force-conflicts"]] {
        let mut arguments = vec!["diff", "-n", &namespace.name, "-f", file];
        arguments.extend(more);
        lab.kubectl(&arguments).ok();
    }

    let injected = lab.ray_serve(&["inject", "-f", file]).ok();
    let injected = read(&injected.stdout);
    assert_eq!(merged(&live, &injected), live, "inject in the pipeline");

    let ignored = ignored_by_the_page();
    let without = |object: &Value| {
        ignored.iter().fold(object.clone(), |object, path| {
            let filter = format!("del({path})");
            let mut jq = Command::new("jq");
            Ran::command(jq.args(["-c", &filter]), Some(&object.to_string()))
                .ok()
                .json()
        })
    };
    assert_eq!(
        without(&merged(&live, &git)),
        without(&live),
        "ignoreDifferences of docs/use/argo-cd.md"
    );
}

/// The jqPathExpressions of docs/use/argo-cd.md.
fn ignored_by_the_page() -> Vec<String> {
    let block = include_str!("../../../docs/use/argo-cd.md")
        .split("```yaml\n")
        .find(|block| block.contains("jqPathExpressions"))
        .and_then(|block| block.split("```").next())
        .expect("the page has ignoreDifferences");
    let spec = read(block);
    let paths = spec.pointer("/spec/ignoreDifferences/0/jqPathExpressions");
    let paths = paths.and_then(Value::as_array).expect("a list of paths");
    paths
        .iter()
        .map(|path| path.as_str().expect("text").to_owned())
        .collect()
}

fn read(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).unwrap()
}

/// What Argo CD holds against the live object: the live one with all that git says put over it.
fn merged(live: &Value, git: &Value) -> Value {
    let (Value::Object(live), Value::Object(git)) = (live, git) else {
        return git.clone();
    };
    let mut merged: Map<String, Value> = live.clone();
    for (key, value) in git {
        let old = live.get(key).unwrap_or(&Value::Null);
        merged.insert(key.clone(), self::merged(old, value));
    }
    Value::Object(merged)
}
