//! The RayCluster that every test about Serve uses, one after another.

use std::{
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use serde_json::Value;

use crate::{Lab, Ran, eventually, lab};

pub const CLUSTER: &str = "test-cluster";
const NAMESPACE: &str = "e2e-serving";

pub struct Serving {
    lab: &'static Lab,
    _alone: MutexGuard<'static, ()>,
}

/// The examples' RayCluster, ready, with no application on it.
pub fn serving() -> Serving {
    static READY: OnceLock<()> = OnceLock::new();
    static ALONE: Mutex<()> = Mutex::new(());
    // A test that failed leaves the cluster usable: the next one starts by deleting what runs.
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let serving = Serving {
        lab: lab(),
        _alone: alone,
    };
    READY.get_or_init(|| serving.create());
    serving.ray_serve("delete", &[]).ok();
    serving
}

impl Serving {
    pub fn namespace(&self) -> &'static str {
        NAMESPACE
    }

    fn create(&self) {
        let lab = self.lab;
        let _webhook = lab.with_webhook();
        // The namespace outlives the run on a kept cluster; its own deletion would only cost time.
        let _ = lab.kubectl(&["create", "namespace", NAMESPACE]);
        lab.kubectl(&[
            "delete",
            "raycluster",
            "--all",
            "-n",
            NAMESPACE,
            "--cascade=foreground",
        ])
        .ok();
        let code = [
            "create",
            "configmap",
            "test-dag",
            "--from-file=examples/test_dag",
            "--dry-run=client",
            "-o",
            "yaml",
        ];
        lab.apply(NAMESPACE, &lab.kubectl(&code).ok().stdout).ok();
        lab.apply(NAMESPACE, &lab.example("raycluster.yaml")).ok();
        let cluster = format!("raycluster/{CLUSTER}");
        lab.kubectl(&[
            "wait",
            "-n",
            NAMESPACE,
            // Not its conditions, which the first operators do not give.
            "--for=jsonpath={.status.state}=ready",
            &cluster,
            "--timeout=400s",
        ])
        .ok();
    }

    /// `kubectl ray serve VERB test-cluster …`
    pub fn ray_serve(&self, verb: &str, more: &[&str]) -> Ran {
        self.lab
            .ray_serve(&[&[verb, CLUSTER, "-n", NAMESPACE], more].concat())
    }

    /// The same, with something on stdin.
    pub fn ray_serve_with(&self, verb: &str, more: &[&str], input: &str) -> Ran {
        let arguments = [&[verb, CLUSTER, "-n", NAMESPACE], more].concat();
        self.lab.ray_serve_with(&arguments, input)
    }

    pub fn submit(&self, config: &str, more: &[&str]) -> Ran {
        let arguments = [&["submit", CLUSTER, "-n", NAMESPACE, "-f", "-"], more].concat();
        self.lab.ray_serve_with(&arguments, config)
    }

    /// `pod/NAME`
    pub fn head(&self) -> String {
        let list = [
            "get",
            "pod",
            "-n",
            NAMESPACE,
            "-l",
            "ray.io/node-type=head",
            "-o",
            "name",
        ];
        self.lab.kubectl(&list).ok().stdout.trim().to_owned()
    }

    fn on_head(&self, program: &[&str], input: Option<&str>) -> Ran {
        let mut command = self.lab.prepared.command("kubectl");
        let head = self.head();
        command
            .args(["exec", "-i", "-n", NAMESPACE, &head, "-c", "ray-head", "--"])
            .args(program);
        Ran::command(&mut command, input)
    }

    /// Asks an application through the serve service, as another pod of the cluster does.
    pub fn call(&self, path: &str, body: &str) -> String {
        let body = format!("--post-data={body}");
        let url = format!("http://{CLUSTER}-serve-svc:8000{path}");
        // A proxy starts on a worker only after an application has a replica there.
        eventually(
            "an answer of the application",
            Duration::from_secs(60),
            || {
                let ran = self.on_head(&["wget", "-qO-", &body, &url], None);
                if ran.code == Some(0) {
                    Ok(ran.stdout)
                } else {
                    Err(ran.to_string())
                }
            },
        )
    }

    /// What Python, and so Ray's own tools, read in a YAML document: the head has Python and `PyYAML`.
    pub fn python_reads(&self, yaml: &str) -> Value {
        let program = "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))";
        self.on_head(&["python3", "-c", program], Some(yaml))
            .ok()
            .json()
    }
}
