//! The chart, rendered and installed by Helm.

use serde_json::Value;

use crate::{Lab, RELEASE, Ran, WEBHOOK_NAMESPACE, turns::Places};

/// Helm computes while it renders; the tests that do nothing else would take both processors.
static RENDERING: Places = Places::new(1);

pub const CHART: &str = "charts/ray-serve-webhook";

/// Reads every document of a YAML stream that is not empty.
#[track_caller]
pub fn documents(yaml: &str) -> Vec<Value> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(yaml).expect("YAML");
    documents.into_iter().filter(|d| !d.is_null()).collect()
}

/// The one object of this kind and name among `objects`.
#[track_caller]
pub fn object<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let mut found = objects
        .iter()
        .filter(|o| o["kind"] == kind && o["metadata"]["name"] == name);
    let object = found
        .next()
        .unwrap_or_else(|| panic!("no {kind} {name} in {objects:#?}"));
    assert!(found.next().is_none(), "two of {kind} {name}");
    object
}

impl Lab {
    /// `helm template` as the cluster's version of Kubernetes sees it.
    pub fn template(&self, release: &str, namespace: &str, arguments: &[&str]) -> Ran {
        self.template_with(release, namespace, arguments, &Value::Null)
    }

    /// The same with `values` over the chart's own.
    pub fn template_with(
        &self,
        release: &str,
        namespace: &str,
        arguments: &[&str],
        values: &Value,
    ) -> Ran {
        let version = format!("--kube-version={}", cluster::versions::KUBERNETES);
        let mut command = self.prepared.command("helm");
        command
            .args(["template", release, CHART, "-n", namespace, &version])
            .args(arguments)
            // JSON is YAML.
            .args(["-f", "-"]);
        let _place = RENDERING.take();
        Ran::command(&mut command, Some(&values.to_string()))
    }

    /// `helm VERB ray-serve-webhook …` with this run's image.
    pub fn helm(&self, verb: &str, more: &[&str]) -> Ran {
        let mut arguments = vec![verb, RELEASE];
        arguments.extend(more);
        arguments.extend(["-n", WEBHOOK_NAMESPACE]);
        if ["install", "upgrade"].contains(&verb) {
            arguments.extend(self.prepared.helm_image.iter().map(String::as_str));
        }
        self.run("helm", &arguments)
    }

    pub fn uninstall_webhook(&self) {
        self.helm("uninstall", &["--wait", "--ignore-not-found"])
            .ok();
        self.await_webhook_pods(0);
    }
}

/// Whatever a test did to the release, the others find a fresh install.
pub struct Reinstall(pub &'static Lab);

impl Drop for Reinstall {
    fn drop(&mut self) {
        self.0.install_webhook();
    }
}
