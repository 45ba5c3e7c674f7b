//! The RayCluster that is measured and pictured: the examples', in a namespace of its own that goes
//! with it.

use std::process::Command;

use anyhow::Result;

use crate::{
    command::{run, run_with_input, succeeds},
    install::programs::PLUGIN,
    kubectl::kubectl,
    layout::Layout,
    progress::step,
};

pub const CLUSTER: &str = "test-cluster";

pub struct RayCluster<'a> {
    layout: &'a Layout,
    namespace: &'a str,
    /// Its head pod's name.
    pub head: String,
}

impl<'a> RayCluster<'a> {
    pub fn create(layout: &'a Layout, namespace: &'a str) -> Result<Self> {
        let progress = step("creating a RayCluster to ask");
        let mut cluster = Self {
            layout,
            namespace,
            head: String::new(),
        };
        cluster.delete(&["--timeout=180s"]);
        cluster.kubectl(&["create", "namespace", namespace])?;
        cluster.kubectl(&[
            "create",
            "configmap",
            "test-dag",
            "--from-file=examples/test_dag",
        ])?;
        // Whether the webhook is installed on this cluster makes no difference.
        let manifest = run(cluster
            .plugin("inject")
            .args(["-f", "examples/raycluster.yaml"]))?;
        run_with_input(
            cluster
                .command("kubectl")
                .args(["apply", "-n", namespace, "-f", "-"]),
            &manifest,
        )?;
        cluster.kubectl(&[
            "wait",
            "--for=condition=RayClusterProvisioned",
            &format!("raycluster/{CLUSTER}"),
            "--timeout=400s",
        ])?;
        let head = ["get", "pod", "-l", "ray.io/node-type=head", "-o", "name"];
        let head = cluster.kubectl(&head)?;
        head.trim()
            .trim_start_matches("pod/")
            .clone_into(&mut cluster.head);
        progress.done();
        Ok(cluster)
    }

    /// Has the examples' two applications running.
    pub fn submit(&self) -> Result<()> {
        let progress = step("submitting two applications");
        run(self
            .plugin("submit")
            .args([CLUSTER, "-n", self.namespace, "--wait"])
            .args(["-f", "examples/serve_config.yaml"]))?;
        progress.done();
        Ok(())
    }

    /// `kubectl-ray serve VERB`, as its own process.
    pub fn plugin(&self, verb: &str) -> Command {
        let mut command = self.command(PLUGIN);
        command.args(["serve", verb]);
        command
    }

    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.layout.command(program));
        command
            .current_dir(&self.layout.root)
            .env("KUBECONFIG", self.layout.kubeconfig());
        command
    }

    fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        run(self
            .command("kubectl")
            .args(["-n", self.namespace])
            .args(arguments))
    }

    fn delete(&self, more: &[&str]) {
        succeeds(
            kubectl(self.layout)
                .args(["delete", "namespace", self.namespace, "--ignore-not-found"])
                .args(more),
        );
    }
}

impl Drop for RayCluster<'_> {
    fn drop(&mut self) {
        self.delete(&["--wait=false"]);
    }
}
