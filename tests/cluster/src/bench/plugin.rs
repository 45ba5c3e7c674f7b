//! `cargo cluster bench plugin`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::{
    command::{Running, run},
    measure::Took,
    pairs::{Figure, alternate},
    report::{Goal, Report, Unit},
};
use crate::{
    command::on_path,
    image,
    install::programs::{self, PLUGIN, Profile},
    layout::{Layout, write},
    pki,
    progress::{note, step},
    ray_cluster::{CLUSTER, RayCluster},
    up,
};

const NAMESPACE: &str = "kubectl-ray-bench";
/// Where Ray's dashboard answers, and what everybody asks of it.
const PORT: u16 = 8265;
const PATH: &str = "/api/serve/applications/";
/// One of the examples' applications: who does not print it did not get the answer.
const APPLICATION: &str = "fruit_app";

/// Runs `serve status` where Ray is, and measures it there: what kubectl adds is not its fault.
const MEASURE: &str = r#"
import json, os, subprocess, sys, time
began = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
took = time.perf_counter() - began
print(json.dumps({"time": took, "processor": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss * 1024}))
sys.exit(os.waitstatus_to_exitcode(status))
"#;

/// Everybody who is asked for the applications of one RayCluster.
struct Contenders<'a> {
    layout: &'a Layout,
    cluster: RayCluster<'a>,
    /// The API server's address, and curl's way to send the token: no other user sees it.
    server: String,
    token: TempDir,
    /// The webhook's program, and its image.
    webhook: PathBuf,
    image: PathBuf,
    /// Whether applications run.
    applications: bool,
}

pub(super) fn bench(layout: &Layout, runs: u32) -> Result<()> {
    ensure!(
        on_path("curl"),
        "curl is not on PATH: the plugin is measured against it, install it first"
    );
    up::up(layout, &crate::versions::Versions::default())?;
    let webhook = programs::build(layout, Profile::Shipped)?;
    let image = image::webhook::make(layout, &webhook)?;
    let (server, token) = login(layout)?;
    let mut contenders = Contenders {
        layout,
        cluster: RayCluster::create(layout, NAMESPACE)?,
        server,
        token,
        webhook,
        image,
        applications: false,
    };
    contenders.compare("no application", runs, 0.2)?;
    contenders.cluster.submit()?;
    contenders.applications = true;
    contenders.compare("two applications", runs, 0.25)?;
    note(format!(
        "whole processes in turns, {runs} of each; medians; memory is the most that was resident"
    ));
    Ok(())
}

impl Contenders<'_> {
    fn compare(&self, running: &str, runs: u32, goal: f64) -> Result<()> {
        let progress = step(format!("measuring with {running} running"));
        let against =
            |theirs: fn(&Self) -> Result<Took>| alternate(runs, || self.get(), || theirs(self));
        let port_forward = against(Self::port_forward)?;
        let pod_proxy = against(Self::pod_proxy)?;
        let serve_status = against(Self::serve_status)?;
        progress.done();

        let heading = format!("WITH {}", running.to_uppercase());
        let mut report = Report::new(&heading, "KUBECTL-RAY", "AGAINST");
        for (whom, pairs, time, memory) in [
            (
                "kubectl port-forward, curl",
                port_forward,
                Goal::RatioAtMost(goal),
                Goal::RatioAtMost(0.25),
            ),
            (
                "curl by the API server's proxy",
                pod_proxy,
                Goal::RatioAtMost(1.5),
                Goal::None,
            ),
            (
                "Ray's serve status",
                serve_status,
                Goal::RatioAtMost(1.0 / 50.0),
                Goal::None,
            ),
        ] {
            report.compare(whom, Unit::Time, pairs.medians(|took| took.time), time);
            let processor = pairs.medians(|took| took.processor);
            report.compare("  processor time", Unit::Time, processor, Goal::None);
            let most = pairs.medians(|took| took.memory);
            report.compare("  memory", Unit::Bytes, most, memory);
        }
        let size = self.sizes()?;
        report.compare(
            "size of the program, kubectl's",
            Unit::Bytes,
            size,
            Goal::AtMost(9e6),
        );
        for (what, file, limit) in [
            ("size of the webhook", &self.webhook, 8e6),
            ("size of its image", &self.image, 9e6),
        ] {
            report.alone(what, Unit::Bytes, bytes(file)?, limit);
        }
        println!("{report}");
        Ok(())
    }

    /// `kubectl-ray serve get`.
    fn get(&self) -> Result<Took> {
        let mut command = self.cluster.plugin("get");
        let (took, printed) = run(command.args([CLUSTER, "-n", NAMESPACE]))?;
        self.check(&printed)?;
        Ok(took)
    }

    /// As every guide tells: a port-forward of the head's service, then curl as soon as it listens.
    /// The memory is kubectl's alone.
    fn port_forward(&self) -> Result<Took> {
        let mut forward = self.cluster.command("kubectl");
        forward
            .args(["port-forward", "-n", NAMESPACE])
            .arg(format!("service/{CLUSTER}-head-svc"))
            .arg(format!(":{PORT}"));
        let (running, port) = Running::start(&mut forward, |line| {
            let (_, rest) = line.split_once("Forwarding from 127.0.0.1:")?;
            rest.split_whitespace().next()?.parse::<u16>().ok()
        })?;
        let (curl, printed) = run(curl().arg(format!("http://127.0.0.1:{port}{PATH}")))?;
        self.check(&printed)?;
        let kubectl = running.end()?;
        Ok(Took {
            processor: kubectl.processor + curl.processor,
            ..kubectl
        })
    }

    /// The least that a client can do: one request, when the head pod's name is known already.
    fn pod_proxy(&self) -> Result<Took> {
        let url = format!(
            "{}/api/v1/namespaces/{NAMESPACE}/pods/{}:{PORT}/proxy{PATH}",
            self.server, self.cluster.head
        );
        let mut command = curl();
        command
            .arg("--cacert")
            .arg(self.layout.pki(pki::CA))
            .arg("--config")
            .arg(token_file(&self.token))
            .arg(url);
        let (took, printed) = run(&command)?;
        self.check(&printed)?;
        Ok(took)
    }

    /// Ray's own command, on the head.
    fn serve_status(&self) -> Result<Took> {
        let mut command = self.cluster.command("kubectl");
        command
            .args([
                "exec",
                "-n",
                NAMESPACE,
                &self.cluster.head,
                "-c",
                "ray-head",
                "--",
            ])
            .args(["python3", "-c", MEASURE, "serve", "status", "-a"])
            .arg(format!("http://127.0.0.1:{PORT}"));
        let (_, printed) = run(&command)?;
        let measured: Value = serde_json::from_str(&printed)?;
        let figure = |name: &str| {
            let value = measured[name].as_f64();
            value.with_context(|| format!("the head measured no {name}: {printed}"))
        };
        Ok(Took {
            time: figure("time")?,
            processor: figure("processor")?,
            memory: figure("memory")?,
        })
    }

    /// Who is fast because it prints nothing is not measured.
    fn check(&self, printed: &str) -> Result<()> {
        ensure!(
            printed.contains(APPLICATION) == self.applications,
            "an answer is not about the applications that run: {printed}"
        );
        Ok(())
    }

    /// Of the files, with everything that is linked in.
    fn sizes(&self) -> Result<Figure> {
        let size = |program| bytes(&self.layout.command(program));
        let (ours, theirs) = (size(PLUGIN)?, size("kubectl")?);
        Ok(Figure {
            ours,
            theirs,
            ratio: ours / theirs,
        })
    }
}

#[allow(clippy::cast_precision_loss, reason = "no file is that large")]
fn bytes(file: &Path) -> Result<f64> {
    let file = fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(file.len() as f64)
}

fn curl() -> Command {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--fail"]);
    command
}

fn token_file(directory: &TempDir) -> PathBuf {
    directory.path().join("token")
}

/// The API server's address, and a directory of ours alone with the token as curl reads it.
fn login(layout: &Layout) -> Result<(String, TempDir)> {
    let kubeconfig: Value = serde_json::from_slice(&fs::read(layout.kubeconfig())?)?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let server = text(&kubeconfig["clusters"][0]["cluster"]["server"]);
    let token = text(&kubeconfig["users"][0]["user"]["token"]);
    let (Some(server), Some(token)) = (server, token) else {
        anyhow::bail!(
            "{} names no server and token",
            layout.kubeconfig().display()
        );
    };
    let directory = tempfile::tempdir()?;
    write(
        &token_file(&directory),
        format!("header = \"Authorization: Bearer {token}\"\n"),
    )?;
    Ok((server, directory))
}
