//! A RayCluster of one test's own: it loses its head, or is unlike the others'.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{CLUSTER, Namespace, Ran, lab, turns::waiting};

pub struct Own {
    namespace: Namespace,
    _alone: Alone,
}

/// There is memory for one RayCluster beside the one that tests share.
pub struct Alone(#[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

impl Alone {
    pub fn take() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        Self(waiting(|| {
            ALONE.lock().unwrap_or_else(PoisonError::into_inner)
        }))
    }
}

impl Own {
    /// The examples' cluster without its worker; `change` may change the manifest.
    pub fn create(namespace: &str, change: impl Fn(String) -> String) -> Self {
        let alone = Alone::take();
        let lab = lab();
        let own = Self {
            namespace: lab.namespace(namespace),
            _alone: alone,
        };
        let _webhook = lab.with_webhook_at_once();
        let code = [
            "create",
            "configmap",
            "test-dag",
            "--from-file=examples/test_dag",
        ];
        lab.kubectl(&[&code[..], &["-n", namespace]].concat()).ok();
        let manifest = lab.example("raycluster.yaml");
        let head_only = manifest.replace("replicas: 1\n", "replicas: 0\n");
        assert_ne!(head_only, manifest);
        lab.apply(namespace, &change(head_only)).ok();
        own
    }

    pub fn namespace(&self) -> &str {
        &self.namespace.name
    }

    /// `kubectl ray serve VERB test-cluster …`
    pub fn ray_serve(&self, verb: &str, more: &[&str]) -> Ran {
        let there = [verb, CLUSTER, "-n", self.namespace()];
        lab().ray_serve(&[&there[..], more].concat())
    }

    pub fn submit(&self, config: &str, more: &[&str]) -> Ran {
        let there = ["submit", CLUSTER, "-n", self.namespace(), "-f", "-"];
        lab().ray_serve_with(&[&there[..], more].concat(), config)
    }

    /// `pod/NAME`
    pub fn head(&self) -> String {
        let selector = "ray.io/node-type=head";
        let list = ["get", "pod", "-l", selector, "-o", "name", "-n"];
        let found = lab().kubectl(&[&list[..], &[self.namespace()]].concat());
        found.ok().stdout.trim().to_owned()
    }

    pub fn lose_head(&self) {
        let head = [
            "delete",
            "pod",
            "-l",
            "ray.io/node-type=head",
            "--wait=false",
        ];
        let at_once = ["--grace-period=1", "-n", self.namespace()];
        lab().kubectl(&[&head[..], &at_once].concat()).ok();
    }
}
