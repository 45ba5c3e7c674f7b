//! The cluster that `cargo cluster test` prepared, with the webhook installed.

use std::{sync::OnceLock, time::Duration};

use cluster::target::Prepared;
use serde_json::Value;

use crate::{
    CHART, CLUSTER, RELEASE, Ran, WEBHOOK_NAMESPACE, eventually,
    turns::{Change, Look, LookOrChange, Place, Places},
};

/// Tests of RayClusters that run nothing: each is short, and all of them at once would only hold up
/// each other.
static SHORT: Places = Places::new(6);

pub struct Lab {
    pub prepared: Prepared,
    /// Whether the webhook is there: a test that takes it away holds it alone.
    webhook: LookOrChange,
}

pub struct WithWebhook<'a> {
    _look: Look<'a>,
    _place: Place<'static>,
}

/// The one lab of this test run, with the webhook installed.
pub fn lab() -> &'static Lab {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    let lab = lab_as_it_is();
    INSTALLED.get_or_init(|| lab.install_webhook());
    lab
}

/// The same for tests that render, or ask the API server without the webhook: they install nothing.
pub fn lab_as_it_is() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| Lab {
        prepared: Prepared::from_env().unwrap_or_else(|e| panic!("{e:#}")),
        webhook: LookOrChange::new(),
    })
}

impl Lab {
    /// A fresh install, whatever an earlier run left. The demo's RayCluster would take memory and
    /// processors for nothing.
    pub fn install_webhook(&self) {
        let of_the_demo = ["delete", "raycluster", CLUSTER, "-n", "default"];
        let _ = self.kubectl(&[&of_the_demo[..], &["--ignore-not-found", "--wait=false"]].concat());
        let _ = self.helm("uninstall", &["--wait"]);
        self.helm("install", &[CHART, "--create-namespace"]).ok();
        self.await_rollout();
    }

    /// Waits as the chart's notes tell a user to.
    #[track_caller]
    pub fn await_rollout(&self) {
        let deployment = format!("deployment/{RELEASE}");
        self.kubectl(&[
            "rollout",
            "status",
            "-n",
            WEBHOOK_NAMESPACE,
            &deployment,
            "--timeout=180s",
        ])
        .ok();
    }

    /// While this is held the webhook answers.
    pub fn with_webhook(&self) -> WithWebhook<'_> {
        WithWebhook {
            _place: SHORT.take(),
            _look: self.webhook.look(),
        }
    }

    /// The same for who holds up others already.
    pub(crate) fn with_webhook_at_once(&self) -> Look<'_> {
        self.webhook.look()
    }

    /// While this is held nobody else expects the webhook to answer.
    pub fn webhook_alone(&self) -> Change<'_> {
        self.webhook.change()
    }

    /// The caBundle of the webhook's registration; empty while there is none.
    pub fn ca_bundle(&self) -> String {
        let object = self.get(
            "default",
            &format!("mutatingwebhookconfiguration/{RELEASE}"),
        );
        let bundle = object["webhooks"][0]["clientConfig"]["caBundle"].as_str();
        bundle.unwrap_or_default().to_owned()
    }

    /// `pod/NAME` of each pod of the webhook, ending ones included.
    #[track_caller]
    pub fn webhook_pods(&self) -> Vec<String> {
        let selector = format!("app.kubernetes.io/name={RELEASE}");
        let list = [
            "get",
            "pod",
            "-n",
            WEBHOOK_NAMESPACE,
            "-l",
            &selector,
            "-o",
            "name",
        ];
        let pods = self.kubectl(&list).ok().stdout;
        pods.lines().map(str::to_owned).collect()
    }

    /// Waits until this many pods of the webhook are left.
    #[track_caller]
    pub fn await_webhook_pods(&self, count: usize) {
        let what = format!("{count} webhook pods");
        eventually(&what, Duration::from_secs(90), || {
            let pods = self.webhook_pods();
            if pods.len() == count {
                Ok(())
            } else {
                Err(pods.join("\n"))
            }
        });
    }

    /// Gives a subject, in YAML, the rights of `examples/role.yaml` by a Role of this name.
    #[track_caller]
    pub fn grant(&self, namespace: &str, role: &str, subject: &str) {
        let text = self.example("role.yaml");
        let (rules, _) = text.split_once("subjects:").unwrap();
        let rules = rules.replace("ray-serve-user", role);
        let granted = format!("{rules}subjects:\n  - {subject}\n");
        self.apply(namespace, &granted).ok();
    }

    #[track_caller]
    pub fn grant_to_user(&self, namespace: &str, user: &str) {
        let subject = format!("{{kind: User, name: {user}, apiGroup: rbac.authorization.k8s.io}}");
        self.grant(namespace, user, &subject);
    }

    /// The oldest Ray that is supported, which does some things in its own way.
    pub fn has_ray_2_8(&self) -> bool {
        self.prepared.ray.starts_with("2.8.")
    }

    pub fn run(&self, program: &str, arguments: &[&str]) -> Ran {
        Ran::command(self.prepared.command(program).args(arguments), None)
    }

    pub fn kubectl(&self, arguments: &[&str]) -> Ran {
        self.run("kubectl", arguments)
    }

    /// `kubectl ray serve …`, through kubectl as a user types it.
    pub fn ray_serve(&self, arguments: &[&str]) -> Ran {
        self.run("kubectl", &[&["ray", "serve"], arguments].concat())
    }

    /// The same with a file on stdin.
    pub fn ray_serve_with(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.prepared.command("kubectl");
        Ran::command(command.args(["ray", "serve"]).args(arguments), Some(input))
    }

    pub fn apply(&self, namespace: &str, manifest: &str) -> Ran {
        self.apply_with(namespace, manifest, &[])
    }

    pub fn apply_with(&self, namespace: &str, manifest: &str, more: &[&str]) -> Ran {
        self.apply_as_written(manifest, &[&["-n", namespace], more].concat())
    }

    /// Each object in the namespace that it names.
    pub fn apply_as_written(&self, manifest: &str, more: &[&str]) -> Ran {
        let mut command = self.prepared.command("kubectl");
        command.args(["apply", "-f", "-"]).args(more);
        Ran::command(&mut command, Some(manifest))
    }

    /// What the API server would store: admission runs, nothing is kept.
    pub fn admit(&self, namespace: &str, manifest: &str) -> Value {
        self.apply_with(namespace, manifest, &["--dry-run=server", "-o", "json"])
            .ok()
            .json()
    }

    pub fn get(&self, namespace: &str, what: &str) -> Value {
        self.kubectl(&["get", "-n", namespace, what, "-o", "json"])
            .ok()
            .json()
    }

    /// A namespace of the caller's own, empty; it goes with the value.
    pub fn namespace(&'static self, name: &str) -> Namespace {
        self.kubectl(&[
            "delete",
            "namespace",
            name,
            "--ignore-not-found",
            "--timeout=120s",
        ])
        .ok();
        self.kubectl(&["create", "namespace", name]).ok();
        // The controller manager makes it a moment later, and pods are refused before.
        eventually(
            "its default service account",
            Duration::from_secs(60),
            || {
                let ran = self.kubectl(&["get", "serviceaccount", "default", "-n", name]);
                if ran.code == Some(0) {
                    Ok(())
                } else {
                    Err(ran.stderr)
                }
            },
        );
        Namespace {
            name: name.into(),
            lab: self,
        }
    }

    /// An example file with this run's version of Ray in it.
    pub fn example(&self, name: &str) -> String {
        let path = self.prepared.root.join("examples").join(name);
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        text.replace(cluster::versions::RAY, &self.prepared.ray)
    }
}

/// Deleted when dropped, without waiting for the end of its pods.
pub struct Namespace {
    pub name: String,
    lab: &'static Lab,
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self
            .lab
            .kubectl(&["delete", "namespace", &self.name, "--wait=false"]);
    }
}
