//! `cargo cluster demo`: the project's main job, told as the commands a user types and what they print.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    command::succeeds,
    layout::Layout,
    target::{Prepared, Target},
    versions::RAY,
};

/// Shown as typed; the output must hold every text of `shows` and none of `hides`.
struct Step {
    says: &'static str,
    types: String,
    shows: Vec<&'static str>,
    hides: Vec<&'static str>,
}

pub const RELEASE: &str = "ray-serve-webhook";
pub const NAMESPACE: &str = "ray-serve-system";

pub fn demo(layout: &Layout, target: &Target) -> Result<()> {
    let prepared = target.prepare(layout)?;
    forget_last_time(&prepared);
    let started = Instant::now();
    let steps = steps(&prepared);
    for step in &steps {
        step.play(&prepared)?;
    }
    println!(
        "\n# All {} steps did what they should, in {:.0} s, on Ray {}. The cluster is still up:",
        steps.len(),
        started.elapsed().as_secs_f32(),
        prepared.ray
    );
    println!("#   export KUBECONFIG={}", prepared.kubeconfig.display());
    println!("#   export PATH={}:$PATH", layout.bin().display());
    Ok(())
}

// One table of what is shown; splitting it would only hide the story's order.
#[allow(clippy::too_many_lines)]
fn steps(prepared: &Prepared) -> Vec<Step> {
    let step = |says, types: &str, shows: &[&'static str]| Step {
        says,
        types: types.to_owned(),
        shows: shows.to_vec(),
        hides: Vec::new(),
    };
    let helm = format!(
        "helm install {RELEASE} charts/{RELEASE} -n {NAMESPACE} --create-namespace {}",
        prepared.helm_image.join(" ")
    );
    // The examples are written for the default version; another one is what a user would edit.
    let create = if prepared.ray == RAY {
        "kubectl apply -f examples/raycluster.yaml".to_owned()
    } else {
        format!(
            "sed s/{RAY}/{}/ examples/raycluster.yaml | kubectl apply -f -",
            prepared.ray
        )
    };
    let call = |route: &str, body: &str| {
        format!(
            "kubectl exec $(kubectl get pod -l ray.io/cluster=test-cluster,ray.io/node-type=head -o name) -c ray-head -- \\\n    \
             wget -qO- --tries=20 --retry-connrefused --post-data='{body}' http://test-cluster-serve-svc:8000{route}; echo"
        )
    };
    vec![
        step(
            "Once per cluster: install the webhook.",
            helm.trim_end(),
            &["STATUS: deployed"],
        ),
        step(
            "",
            &format!("kubectl -n {NAMESPACE} rollout status deployment/{RELEASE}"),
            &["successfully rolled out"],
        ),
        step(
            "An annotated RayCluster, with no ports, no head rayStartParams and no MY_POD_IP in it.",
            "grep -v '^#' examples/raycluster.yaml",
            &["ray.io/enable-serve-service: \"true\"", "$MY_POD_IP"],
        ),
        step(
            "The code of two small applications, where Ray can import it.",
            "kubectl create configmap test-dag --from-file=examples/test_dag",
            &["configmap/test-dag created"],
        ),
        step(
            "",
            create.as_str(),
            &["raycluster.ray.io/test-cluster created"],
        ),
        step(
            "What the webhook added:",
            "kubectl get raycluster test-cluster -o jsonpath='{.spec.headGroupSpec.rayStartParams}{\"\\n\"}\
             {range .spec.headGroupSpec.template.spec.containers[0].ports[*]}{.name} {.containerPort}{\"\\n\"}{end}\
             {.spec.workerGroupSpecs[0].template.spec.containers[0].env}{\"\\n\"}'",
            &[
                "gcs-server 6379",
                "client 10001",
                "dashboard 8265",
                "metrics 8080",
                "dashboard-agent 52365",
                "serve 8000",
                "MY_POD_IP",
            ],
        ),
        step(
            "",
            "kubectl wait --for=condition=RayClusterProvisioned raycluster/test-cluster --timeout=300s",
            &["condition met"],
        ),
        step(
            "The services: the head's with all six ports, and one for Serve's traffic.",
            "kubectl get service",
            &[
                "test-cluster-head-svc",
                "8265/TCP",
                "52365/TCP",
                "10001/TCP",
                "8080/TCP",
                "6379/TCP",
                "test-cluster-serve-svc",
                "8000/TCP",
            ],
        ),
        step(
            "Submit two applications and wait for them.",
            "kubectl ray serve submit test-cluster -f examples/serve_config.yaml --wait",
            &[
                "application/fruit_app created",
                "application/math_app created",
            ],
        ),
        step(
            "",
            "kubectl ray serve get test-cluster",
            &["fruit_app", "math_app", "RUNNING"],
        ),
        step(
            "Two mangos at 3 each, through the serve service.",
            &call("/fruit", "[\"MANGO\", 2]"),
            &["6"],
        ),
        step("", &call("/calc", "[\"ADD\", 5]"), &["8 pizzas please!"]),
        step(
            "Submit again with math_app left out: it is removed, fruit_app stays as it is.",
            "kubectl ray serve submit test-cluster -f examples/serve_config_fruit.yaml --wait",
            &[
                "application/fruit_app unchanged",
                "application/math_app removed",
            ],
        ),
        Step {
            says: "",
            types: "kubectl ray serve get test-cluster".into(),
            shows: vec!["fruit_app"],
            hides: vec!["math_app"],
        },
        step(
            "Shut Serve down.",
            "kubectl ray serve delete test-cluster",
            &["application/fruit_app deleted"],
        ),
        step(
            "Again: nothing is running, which is no error.",
            "kubectl ray serve delete test-cluster",
            &["No Serve applications"],
        ),
    ]
}

impl Step {
    fn play(&self, prepared: &Prepared) -> Result<()> {
        println!();
        if !self.says.is_empty() {
            println!("# {}", self.says);
        }
        println!("$ {}", self.types);
        let mut child = prepared
            .command("bash")
            .arg("-c")
            // One stream, in the order in which a terminal would show it; a failure inside a pipe counts.
            .arg(format!("set -o pipefail; exec 2>&1; {}", self.types))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start bash")?;
        let mut printed = String::new();
        let stdout = child.stdout.take().context("bash has no output")?;
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            let _ = writeln!(std::io::stdout(), "{line}");
            printed.push_str(&line);
            printed.push('\n');
        }
        let status = child.wait()?;
        ensure!(
            status.success(),
            "the step failed ({status}): {}",
            self.types
        );
        for text in &self.shows {
            if !printed.contains(text) {
                bail!("the step did not print {text:?}: {}", self.types);
            }
        }
        for text in &self.hides {
            if printed.contains(text) {
                bail!("the step still printed {text:?}: {}", self.types);
            }
        }
        Ok(())
    }
}

/// A second demo starts where the first did; what is not there is no error.
fn forget_last_time(prepared: &Prepared) {
    let run = |program: &str, arguments: &[&str]| -> bool {
        let mut command: Command = prepared.command(program);
        succeeds(command.args(arguments))
    };
    run(
        "kubectl",
        &[
            "delete",
            "raycluster",
            "test-cluster",
            "--ignore-not-found",
            "--cascade=foreground",
        ],
    );
    run(
        "kubectl",
        &["delete", "configmap", "test-dag", "--ignore-not-found"],
    );
    run("helm", &["uninstall", RELEASE, "-n", NAMESPACE, "--wait"]);
}
