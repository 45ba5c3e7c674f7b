//! The RayCluster that is drilled, in a namespace of its own that goes with it.

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::{
    column::Column,
    form::Form,
    manifest::{CLUSTER, CODE, WORKERS, manifest},
    pod::{Pod, ready_addresses},
    watch::Watch,
};
use crate::{
    command::{run, run_with_input, succeeds},
    progress::step,
    target::Prepared,
    wait::{eventually, pause},
};

/// Serve's, of the proxies and of the serve service.
pub(super) const PORT: u16 = 8000;
/// The application's.
pub(super) const ROUTE: &str = "/sleep";

/// A busy machine starts four pods of Ray in two minutes.
const STARTS: Duration = Duration::from_secs(400);
/// Proxies drain for 30 s, pods for 60 s, and a dead node is noticed after 30 s.
pub(super) const SETTLES: Duration = Duration::from_secs(180);

pub(super) struct Cluster<'a> {
    prepared: &'a Prepared,
    column: Column,
    pub(super) namespace: String,
    /// The form it was brought into last, if nothing failed since.
    form: Option<Form>,
    /// Whether an application was ever submitted to it.
    pub(super) has_served: bool,
    /// The serve service's selector as the operator makes it.
    pub(super) broad: Value,
}

impl<'a> Cluster<'a> {
    /// Creates it with three workers and without Serve.
    pub(super) fn create(prepared: &'a Prepared, column: Column) -> Result<Self> {
        let mut cluster = Self {
            prepared,
            column,
            namespace: format!("drill-{column}"),
            form: None,
            has_served: false,
            broad: Value::Null,
        };
        cluster.delete(&["--timeout=300s"]);
        cluster.kubectl(&["create", "namespace", &cluster.namespace])?;
        let code = "--from-file=tests/cluster/src/drill/app";
        cluster.kubectl(&["create", "configmap", CODE, code])?;
        cluster.apply()?;
        Ok(cluster)
    }

    /// The same anew: a cluster that has never served.
    pub(super) fn recreate(&mut self) -> Result<()> {
        let raycluster = format!("raycluster/{CLUSTER}");
        self.form = None;
        self.has_served = false;
        self.kubectl(&["delete", &raycluster, "--cascade=foreground"])?;
        self.apply()
    }

    fn apply(&mut self) -> Result<()> {
        let progress = step(format!("creating a RayCluster with {WORKERS} workers"));
        let manifest = manifest(&self.prepared.ray).to_string();
        let mut kubectl = self.command(&["apply", "-f", "-"]);
        run_with_input(&mut kubectl, &manifest)?;
        let raycluster = self.get(&format!("raycluster/{CLUSTER}"))?;
        let head = &raycluster["spec"]["headGroupSpec"]["template"]["spec"]["containers"][0];
        ensure!(
            head["ports"].is_array(),
            "the webhook did not change raycluster/{CLUSTER} in namespace {}",
            self.namespace
        );
        let broad = || self.selector();
        self.broad = eventually("the serve service", STARTS, broad)?;
        self.await_workers(WORKERS)?;
        progress.done();
        Ok(())
    }

    /// Its replicas lie otherwise now: Ray does not move them only because a worker has none.
    pub(super) fn scatter(&mut self) {
        self.form = None;
    }

    /// Brings it into this form and waits until everything has settled.
    pub(super) fn bring(&mut self, form: Form) -> Result<()> {
        let progress = step(format!(
            "bringing the RayCluster into form: {:?}, workers {}, replicas {}",
            form.proxies, form.workers, form.replicas
        ));
        // A Serve that runs keeps its proxies where they are, and puts more replicas where some are.
        let is_in_form = self.form.take() == Some(form);
        self.scale(form.workers)?;
        self.await_workers(form.workers)?;
        if !is_in_form {
            self.shut_down()?;
        }
        for _ in 0..3 {
            self.submit(form)?;
            if self.settle(Some(form), SETTLES / 2).is_ok() {
                self.form = Some(form);
                progress.done();
                return Ok(());
            }
            pause(Duration::ZERO)?;
            self.shut_down()?;
        }
        self.submit(form)?;
        let settled = self.settle(Some(form), SETTLES / 2);
        settled.with_context(|| format!("raycluster/{CLUSTER} does not come into its form"))
    }

    pub(super) fn submit(&mut self, form: Form) -> Result<()> {
        self.has_served = true;
        let arguments = ["ray", "serve", "submit", CLUSTER, "-n", &self.namespace];
        let mut kubectl = self.prepared.command("kubectl");
        kubectl.args(arguments).args(["-f", "-", "--wait"]);
        run_with_input(&mut kubectl, &form.config().to_string())?;
        Ok(())
    }

    fn shut_down(&self) -> Result<()> {
        let arguments = ["ray", "serve", "delete", CLUSTER, "-n", &self.namespace];
        run(self.prepared.command("kubectl").args(arguments))?;
        Ok(())
    }

    pub(super) fn scale(&self, workers: usize) -> Result<()> {
        let replicas = "/spec/workerGroupSpecs/0/replicas";
        let patch = json!([{"op": "replace", "path": replicas, "value": workers}]);
        let raycluster = format!("raycluster/{CLUSTER}");
        self.kubectl(&[
            "patch",
            &raycluster,
            "--type=json",
            "-p",
            &patch.to_string(),
        ])?;
        Ok(())
    }

    /// Waits until there are exactly the head and so many workers, all ready.
    pub(super) fn await_workers(&self, workers: usize) -> Result<()> {
        let what = format!("a head and {workers} workers");
        eventually(&what, STARTS, || {
            let pods = self.pods()?;
            let ready = |pod: &&Pod| pod.is_ready && !pod.is_terminating;
            let all_are = pods.iter().all(|pod| ready(&pod));
            let count = pods.iter().filter(|pod| !pod.is_head).count();
            ensure!(
                all_are && count == workers && pods.len() == workers + 1,
                "{} of {} pods are ready",
                pods.iter().filter(ready).count(),
                pods.len()
            );
            Ok(())
        })
    }

    /// Waits until no proxy drains and the serve service has the pods that it should have; of a form,
    /// also until so many pods serve as it says.
    pub(super) fn settle(&self, form: Option<Form>, limit: Duration) -> Result<()> {
        eventually("everything settled", limit, || {
            let pods = self.pods()?;
            let mut serving = BTreeSet::new();
            for pod in &pods {
                ensure!(
                    pod.is_ready && !pod.is_terminating,
                    "pod/{} is not ready",
                    pod.name
                );
                match pod.health() {
                    Some(200) => drop(serving.insert(pod.ip.clone())),
                    Some(status) => bail!("the proxy of pod/{} says {status}", pod.name),
                    None => {}
                }
            }
            if let Some(form) = form {
                let expected = form.serving();
                let count = serving.len();
                ensure!(count == expected, "{count} pods serve, not {expected}");
            }
            let expected = match self.column {
                Column::With => serving,
                Column::Without => {
                    let selector = self.selector()?;
                    // Another controller on this cluster, whose service this is not.
                    ensure!(
                        selector == self.broad,
                        "somebody made its selector {selector}"
                    );
                    pods.into_iter().map(|pod| pod.ip).collect()
                }
            };
            let endpoints = self.endpoints()?;
            ensure!(
                endpoints == expected,
                "the endpoints are {endpoints:?}, not {expected:?}"
            );
            Ok(())
        })?;
        // The node's rules follow the endpoints within a second.
        pause(Duration::from_secs(2))
    }

    pub(super) fn pods(&self) -> Result<Vec<Pod>> {
        let list = self.get("pods")?;
        let pods = list["items"].as_array().context("no list of pods")?;
        Ok(pods.iter().map(Pod::new).collect())
    }

    /// The workers that serve.
    pub(super) fn serving_workers(&self) -> Result<Vec<Pod>> {
        let pods = self.pods()?.into_iter();
        let workers = pods.filter(|pod| !pod.is_head && !pod.is_terminating);
        Ok(workers.filter(Pod::serves).collect())
    }

    pub(super) fn head(&self) -> Result<Pod> {
        let mut pods = self.pods()?.into_iter();
        pods.find(|pod| pod.is_head).context("no head pod")
    }

    pub(super) fn endpoints(&self) -> Result<BTreeSet<String>> {
        let list = self.kubectl(&["get", "endpointslices", "-l", &of_service(), "-o", "json"])?;
        let list: Value = serde_json::from_str(&list)?;
        let slices = list["items"].as_array().context("no list of slices")?;
        Ok(ready_addresses(slices))
    }

    pub(super) fn selector(&self) -> Result<Value> {
        Ok(self.get(&service())?["spec"]["selector"].clone())
    }

    /// The serve service's address, which this machine reaches as its pods do.
    pub(super) fn address(&self) -> Result<SocketAddr> {
        let service = self.get(&service())?;
        let ip = service["spec"]["clusterIP"].as_str().unwrap_or_default();
        let ip: IpAddr = ip.parse().context("the serve service has no address")?;
        Ok(SocketAddr::new(ip, PORT))
    }

    pub(super) fn watch_service(&self) -> Result<Watch> {
        Watch::start(&mut self.command(&["get", &service()]))
    }

    pub(super) fn watch_endpoints(&self) -> Result<Watch> {
        Watch::start(&mut self.command(&["get", "endpointslices", "-l", &of_service()]))
    }

    pub(super) fn watch_pods(&self) -> Result<Watch> {
        Watch::start(&mut self.command(&["get", "pods"]))
    }

    pub(super) fn watch_events(&self) -> Result<Watch> {
        Watch::start(&mut self.command(&["get", "events.events.k8s.io"]))
    }

    /// Runs a shell's script in a pod.
    pub(super) fn exec(&self, pod: &Pod, script: &str) -> Result<String> {
        let container = pod.container();
        self.kubectl(&["exec", &pod.name, "-c", container, "--", "sh", "-c", script])
    }

    pub(super) fn get(&self, what: &str) -> Result<Value> {
        let object = self.kubectl(&["get", what, "-o", "json"])?;
        serde_json::from_str(&object).with_context(|| format!("{what} is no JSON"))
    }

    pub(super) fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        run(&mut self.command(arguments))
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.prepared.command("kubectl");
        command.args(["-n", &self.namespace]).args(arguments);
        command
    }

    /// Waits for its end: the next one needs the memory.
    pub(super) fn end(self) {
        let progress = step("deleting the RayCluster");
        self.delete(&["--timeout=300s"]);
        progress.done();
    }

    fn delete(&self, more: &[&str]) {
        let delete = ["delete", "namespace", &self.namespace, "--ignore-not-found"];
        succeeds(self.prepared.command("kubectl").args(delete).args(more));
    }
}

impl Drop for Cluster<'_> {
    fn drop(&mut self) {
        self.delete(&["--wait=false"]);
    }
}

pub(super) fn service() -> String {
    format!("service/{CLUSTER}-serve-svc")
}

/// The label selector of the serve service's endpoint slices.
fn of_service() -> String {
    format!("kubernetes.io/service-name={CLUSTER}-serve-svc")
}
