//! The controller as the chart runs it, without the webhook; only for the namespace of the bench.

use std::{
    fmt,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use super::{super::server, fleet::NAMESPACE};
use crate::{
    command::{run, run_with_input},
    demo::RELEASE,
    http,
    install::programs::WEBHOOK,
    process::{self, Process},
    progress::{note, step},
    target::Prepared,
    wait::{eventually, pause},
};

const NAME: &str = "kubectl-ray-bench";
/// The chart's, of the Deployment and of the Lease.
const CONTROLLER: &str = "kubectl-ray-bench-controller";
const ADMIN_PORT: u16 = 8081;

const TEMPLATES: [&str; 3] = ["rbac", "admissionpolicy", "deployment"];

/// For a pod to start, or to end.
const STARTS: Duration = Duration::from_secs(120);
/// Finer than any figure of it.
const POLL: Duration = Duration::from_millis(20);

/// The Deployment, until this is dropped.
pub(super) struct Deployed<'a> {
    prepared: &'a Prepared,
    manifest: String,
}

impl<'a> Deployed<'a> {
    /// Installs it, and returns its process, which has just started.
    pub(super) fn install(prepared: &'a Prepared) -> Result<(Self, Controller)> {
        ensure!(
            processes(|_| true).is_empty(),
            "another controller runs on this machine, and would do a part of the work: uninstall it (helm list -A)"
        );
        let progress = step("starting the controller");
        let mut helm = prepared.command("helm");
        let chart = format!("charts/{RELEASE}");
        helm.args(["template", NAME, &chart, "-n", NAMESPACE])
            // For the API server that is there, and over what a bench left that was killed.
            .args(["--validate", "--is-upgrade"])
            .args(["--set", &format!("fullnameOverride={NAME}")])
            .args(["--set", &format!("serveService.namespaces={{{NAMESPACE}}}")])
            .args(&prepared.helm_image);
        for template in TEMPLATES {
            let template = format!("templates/controller/{template}.yaml");
            helm.args(["--show-only", &template]);
        }
        let deployed = Self {
            prepared,
            manifest: run(&mut helm)?,
        };
        run_with_input(
            deployed.kubectl().args(["apply", "-f", "-"]),
            &deployed.manifest,
        )?;
        let controller = deployed.started()?;
        progress.done();
        Ok((deployed, controller))
    }

    /// Ends it and starts it again.
    pub(super) fn restart(&self) -> Result<Controller> {
        let progress = step("restarting the controller");
        self.scale(0)?;
        let until = Instant::now() + STARTS;
        while !own_processes().is_empty() {
            ensure!(Instant::now() < until, "the controller does not end");
            pause(POLL)?;
        }
        self.scale(1)?;
        let controller = self.started()?;
        progress.done();
        Ok(controller)
    }

    fn scale(&self, replicas: u32) -> Result<()> {
        let replicas = format!("--replicas={replicas}");
        run(self
            .kubectl()
            .args(["scale", "deployment", CONTROLLER, &replicas]))
        .map(drop)
    }

    fn started(&self) -> Result<Controller> {
        let until = Instant::now() + STARTS;
        let process = loop {
            if let [process] = own_processes()[..] {
                break process;
            }
            ensure!(
                Instant::now() < until,
                "the controller does not start: kubectl -n {NAMESPACE} describe pods -l app.kubernetes.io/instance={NAME}"
            );
            pause(POLL)?;
        };
        let path = "jsonpath={.items[?(@.status.phase==\"Running\")].status.podIP}";
        let selector = format!("app.kubernetes.io/instance={NAME}");
        let ip = eventually("the address of the controller", STARTS, || {
            let ip = run(self
                .kubectl()
                .args(["get", "pods", "-l", &selector, "-o", path]))?;
            ensure!(!ip.is_empty(), "its pod has none");
            Ok(ip)
        })?;
        Ok(Controller {
            process,
            admin: format!("{ip}:{ADMIN_PORT}"),
        })
    }

    fn kubectl(&self) -> Command {
        let mut kubectl = self.prepared.command("kubectl");
        kubectl.args(["-n", NAMESPACE]);
        kubectl
    }
}

impl Drop for Deployed<'_> {
    fn drop(&mut self) {
        // The Deployment waits for its pod, which must not probe addresses that are no longer ours.
        let mut delete = self.kubectl();
        delete.args(["delete", "--ignore-not-found", "--cascade=foreground"]);
        delete.args(["--timeout=60s", "-f", "-"]);
        if let Err(error) = run_with_input(&mut delete, &self.manifest) {
            note(format!("cannot delete the controller: {error:#}"));
        }
        for process in own_processes() {
            process.end();
        }
    }
}

/// One process of it.
pub(super) struct Controller {
    process: Process,
    admin: String,
}

impl Controller {
    /// How long it runs, in seconds.
    pub(super) fn age(&self) -> Result<f64> {
        self.process.age().context("the controller ended")
    }

    /// Of `/proc/PID/status`, in bytes.
    pub(super) fn memory(&self, figure: &str) -> Result<f64> {
        server::memory(self.process.pid.try_into()?, figure)
    }

    /// The processor time it has used, in seconds.
    pub(super) fn processor_time(&self) -> Result<f64> {
        server::processor_time(self.process.pid.try_into()?)
    }

    /// What it says of itself.
    pub(super) fn metrics(&self) -> Result<Metrics> {
        let text = http::body(&self.admin, "/metrics");
        let text = text.with_context(|| format!("no metrics at {}", self.admin))?;
        Ok(Metrics(text))
    }
}

/// A page of metrics.
pub(super) struct Metrics(String);

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Metrics {
    /// The sum of a family, or of those of its lines that have a label: `result="error"`.
    pub(super) fn sum(&self, family: &str, label: &str) -> f64 {
        let of_family = self.0.lines().filter_map(|line| {
            let rest = line
                .strip_prefix("ray_serve_controller_")?
                .strip_prefix(family)?;
            let (labels, value) = rest.rsplit_once(' ')?;
            let is_it = labels.is_empty() || labels.starts_with('{');
            (is_it && labels.contains(label)).then(|| value.parse::<f64>().ok())?
        });
        // The sum of nothing would be -0.
        of_family.fold(0.0, |sum, value| sum + value)
    }
}

fn own_processes() -> Vec<Process> {
    let lease = format!("--lease={CONTROLLER}");
    processes(|words| words.contains(&lease))
}

/// Controllers on this machine.
fn processes(are_wanted: impl Fn(&[String]) -> bool) -> Vec<Process> {
    let program = format!("/{WEBHOOK}");
    process::find(|words| {
        let is_controller = words.first() == Some(&program)
            && words.get(1).is_some_and(|word| word == "controller");
        is_controller && are_wanted(words)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_summed_up() {
        let page = Metrics(
            "# TYPE ray_serve_controller_probes counter
ray_serve_controller_probes_total{result=\"serves\"} 12
ray_serve_controller_probes_total{result=\"silent\"} 3
ray_serve_controller_probe_stretch 1.5
ray_serve_controller_pods{state=\"in\"} 10
# EOF
"
            .into(),
        );
        for (family, label, sum) in [
            ("probes_total", "", "15"),
            ("probes_total", "result=\"serves\"", "12"),
            ("probe_stretch", "", "1.5"),
            ("pods", "state=\"in\"", "10"),
            ("pods", "state=\"out\"", "0"),
        ] {
            assert_eq!(page.sum(family, label).to_string(), sum, "{family} {label}");
        }
    }
}
