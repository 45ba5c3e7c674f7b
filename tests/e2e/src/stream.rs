//! RayClusters created all the time, and how many of their admissions failed.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::json;

use crate::{Lab, eventually};

/// Clients that create RayClusters one after another.
const CLIENTS: u32 = 3;

/// Real creates, until it is stopped: every cluster is suspended, so none makes a pod.
pub struct Stream {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Vec<String>>>,
    created: Arc<AtomicU32>,
}

impl Stream {
    pub fn start(lab: &'static Lab, namespace: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let created = Arc::new(AtomicU32::new(0));
        let clients = (0..CLIENTS)
            .map(|client| {
                let (stop, created) = (stop.clone(), created.clone());
                let namespace = namespace.to_owned();
                thread::spawn(move || {
                    let mut failures = Vec::new();
                    for number in 0.. {
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                        let manifest = suspended(&format!("c{client}-{number}"));
                        let ran = lab.apply(&namespace, &manifest);
                        if ran.code == Some(0) {
                            created.fetch_add(1, Ordering::Relaxed);
                        } else {
                            failures.push(ran.stderr);
                        }
                    }
                    failures
                })
            })
            .collect();
        let stream = Self {
            stop,
            clients,
            created,
        };
        stream.await_more(5);
        stream
    }

    /// Returns when this many more clusters were created: the stream is under way, or goes on.
    #[track_caller]
    pub fn await_more(&self, more: u32) {
        let goal = self.created.load(Ordering::Relaxed) + more;
        eventually("the stream of creates", Duration::from_secs(120), || {
            let now = self.created.load(Ordering::Relaxed);
            if now >= goal {
                Ok(())
            } else {
                Err(format!("{now} of {goal}"))
            }
        });
    }

    /// Stops, prints the figures past the test's captured output, returns the failures.
    pub fn finish(self, what: &str) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        let failures: Vec<String> = self
            .clients
            .into_iter()
            .flat_map(|c| c.join().expect("a client"))
            .collect();
        let created = self.created.load(Ordering::Relaxed);
        let all = created as usize + failures.len();
        let _ = writeln!(
            std::io::stderr(),
            "availability: {what}: {} of {all} admissions failed",
            failures.len()
        );
        for failure in &failures {
            let _ = writeln!(std::io::stderr(), "availability: {}", failure.trim_end());
        }
        failures
    }
}

fn suspended(name: &str) -> String {
    json!({
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {"name": name, "annotations": {"ray.io/enable-serve-service": "true"}},
        "spec": {
            "suspend": true,
            "headGroupSpec": {
                "rayStartParams": {},
                "template": {"spec": {"containers": [{"name": "ray-head", "image": "cluster.local/pause:1"}]}},
            },
        },
    })
    .to_string()
}
