//! The RayCluster that every test about Serve uses, one after another.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::{
    Lab, Ran, eventually, lab,
    turns::{Turn, Turns},
};

pub const CLUSTER: &str = "test-cluster";
const NAMESPACE: &str = "e2e-serving";

pub struct Serving {
    lab: &'static Lab,
    /// What the next one of this kind may find there.
    kind: &'static str,
    turn: Turn<'static>,
}

/// A test that begins with no application; Serve itself may run, which saves starting it.
const NOTHING: &str = "nothing";
/// A test that begins without Serve: it gives Serve settings that a running one keeps, or breaks it.
const NO_SERVE: &str = "no serve";

/// The examples' RayCluster, ready, with no application on it.
pub fn serving() -> Serving {
    serving_kind(NOTHING)
}

/// The same, and Serve does not run.
pub fn serving_anew() -> Serving {
    serving_kind(NO_SERVE)
}

/// The same with what the test before left there, if that was of the same kind, or with nothing. For
/// tests that begin by submitting the same whole config, and wait for it.
pub fn serving_kind(kind: &'static str) -> Serving {
    static READY: OnceLock<()> = OnceLock::new();
    static TURNS: Turns = Turns::new();
    let turn = TURNS.take(kind);
    let serving = Serving {
        lab: lab(),
        kind,
        turn,
    };
    READY.get_or_init(|| serving.create());
    let was_left_well = LEFT_WELL.swap(false, Ordering::Relaxed);
    if kind == NO_SERVE || !was_left_well {
        // Also after a test that failed: whatever it left, the next one finds a cluster it can use.
        serving.ray_serve("delete", &[]).ok();
    } else if kind == NOTHING || !serving.turn.is_after_its_like() {
        serving.clear();
    }
    serving
}

/// Whether the last test left a Serve that the next one can use.
static LEFT_WELL: AtomicBool = AtomicBool::new(false);

impl Drop for Serving {
    fn drop(&mut self) {
        let well = self.kind != NO_SERVE && !thread::panicking();
        LEFT_WELL.store(well, Ordering::Relaxed);
    }
}

impl Serving {
    pub fn namespace(&self) -> &'static str {
        NAMESPACE
    }

    /// Removes the applications and leaves Serve running.
    fn clear(&self) {
        let runs = self.ray_serve("get", &["-o", "name"]).ok();
        if !runs.stdout.is_empty() {
            self.submit("applications: []", &["--wait"]).ok();
        }
    }

    fn create(&self) {
        let lab = self.lab;
        let webhook = lab.with_webhook_at_once();
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
        drop(webhook);
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
