//! The chart's life on a real cluster: installed, tested, upgraded, uninstalled, by real Helm.

use std::{fs, time::Duration};

use e2e::{CHART, Lab, RELEASE, Ran, Reinstall, WEBHOOK_NAMESPACE, documents, eventually, lab};
use serde_json::{Value, json};

/// The chart before it had tests, and before it had admission policies, as `helm package` made it then.
const PREVIOUS: [&str; 2] = [
    "tests/fixtures/charts/ray-serve-webhook-0.1.0.tgz",
    "tests/fixtures/charts/ray-serve-webhook-0.2.0.tgz",
];

const IMAGE: &str = concat!("image.tag=", env!("CARGO_PKG_VERSION"));

/// Every object in the cluster that carries the release's label.
fn objects_of(lab: &Lab, release: &str) -> String {
    let kinds = lab
        .kubectl(&["api-resources", "--verbs=list", "-o", "name"])
        .ok()
        .stdout;
    // Endpoints and their slices follow the service a moment later, and are nobody's to clean.
    let kinds: Vec<&str> = kinds
        .lines()
        .filter(|kind| !kind.starts_with("endpoint") && !kind.starts_with("events"))
        .collect();
    let selector = format!("app.kubernetes.io/instance={release}");
    let list = ["get", &kinds.join(","), "-A", "-l", &selector, "-o", "name"];
    lab.kubectl(&[&list[..], &["--ignore-not-found"]].concat())
        .ok()
        .stdout
}

/// Its pods go on for a while, to finish what they were asked.
#[track_caller]
fn assert_nothing_left(lab: &Lab) {
    eventually("nothing of the release", Duration::from_secs(90), || {
        let left = objects_of(lab, RELEASE);
        if left.is_empty() { Ok(()) } else { Err(left) }
    });
}

fn authority(lab: &Lab) -> Value {
    let secret = lab.get(WEBHOOK_NAMESPACE, &format!("secret/{RELEASE}-ca"));
    assert!(secret["data"]["ca.key"].is_string(), "no authority yet");
    secret["data"].clone()
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn an_upgrade_keeps_the_authority() {
    let lab = lab();
    let _alone = lab.webhook_alone();
    let _reinstall = Reinstall(lab);
    for previous in PREVIOUS {
        lab.uninstall_webhook();
        // An old chart, whose own program is not on the node, with this one.
        lab.helm("install", &[previous, "--set", IMAGE]).ok();
        lab.await_rollout();
        let before = (authority(lab), lab.ca_bundle());
        // To this chart, and then to other values of it.
        for value in ["logLevel=info", "logLevel=debug,webhook.timeoutSeconds=7"] {
            lab.helm("upgrade", &[CHART, "--set", value]).ok();
            lab.await_rollout();
            assert_eq!((authority(lab), lab.ca_bundle()), before, "{value}");
            lab.helm("test", &[]).ok().says("comes back ready to serve");
        }
    }
}

/// As Ctrl-C leaves it: Helm has made all of it, and deletes nothing.
#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn what_a_test_that_is_cut_off_leaves_goes_with_the_next_one_or_by_the_readme_s_command() {
    let lab = lab();
    let _alone = lab.webhook_alone();
    let get = ["get", "hooks", RELEASE, "-n", WEBHOOK_NAMESPACE];
    let mut hooks = documents(&lab.run("helm", &get).ok().stdout);
    hooks.retain(|hook| hook["metadata"]["annotations"]["helm.sh/hook"] == "test");
    // The pod needs its service account to be there.
    let (pods, rights): (Vec<_>, Vec<_>) = hooks.into_iter().partition(|o| o["kind"] == "Pod");
    assert!(pods.len() == 1 && rights.len() > 3, "{rights:?}");
    let leave = || {
        for items in [&rights, &pods] {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
            lab.apply_as_written(&list, &[]).ok();
        }
    };
    leave();
    lab.helm("test", &[]).ok().says("comes back ready to serve");
    assert_without_test_objects(lab);

    leave();
    let text =
        fs::read_to_string(lab.prepared.root.join("docs/install/webhook.md")).expect("the page");
    let delete = format!("-A -l app.kubernetes.io/name={RELEASE}-test");
    let command = text.split('`').find(|code| code.ends_with(&delete));
    let words: Vec<&str> = command.expect("the command").split(' ').collect();
    lab.kubectl(&words[1..]).ok();
    assert_without_test_objects(lab);
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn uninstalling_leaves_nothing_behind_after_tests_that_passed_and_failed() {
    let lab = lab();
    let _alone = lab.webhook_alone();
    let _reinstall = Reinstall(lab);
    lab.helm("test", &[]).ok().says("comes back ready to serve");
    assert_without_test_objects(lab);

    // Nothing comes up that is worth waiting for.
    lab.helm("upgrade", &[CHART, "--set", "test.timeout=15s"])
        .ok();
    let deployment = format!("deployment/{RELEASE}");
    lab.kubectl(&[
        "scale",
        "-n",
        WEBHOOK_NAMESPACE,
        &deployment,
        "--replicas=0",
    ])
    .ok();
    lab.await_webhook_pods(0);
    let failed = lab.helm("test", &[]);
    assert_ne!(failed.code, Some(0), "{failed}");
    let service = format!("service {WEBHOOK_NAMESPACE}/{RELEASE} does not answer");
    failed.says("without the injection").says(&service);
    // What the alert on a webhook that is not reached counts.
    let webhook = "rayclusters.ray-serve-webhook.ray.io";
    let counter = format!("apiserver_admission_webhook_fail_open_count{{name=\"{webhook}\"");
    lab.kubectl(&["get", "--raw", "/metrics"])
        .ok()
        .says(&counter);
    assert_without_test_objects(lab);

    lab.uninstall_webhook();
    assert_nothing_left(lab);
}

#[track_caller]
fn assert_without_test_objects(lab: &Lab) {
    let objects = objects_of(lab, RELEASE);
    assert!(objects.contains(&format!("deployment.apps/{RELEASE}")));
    assert!(!objects.contains(&format!("{RELEASE}-test")), "{objects}");
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn it_runs_and_is_tested_in_a_restricted_namespace() {
    const NAMESPACE: &str = "e2e-restricted";
    let lab = lab();
    let _alone = lab.webhook_alone();
    let _reinstall = Reinstall(lab);
    // Else the test could pass by the other one's work.
    lab.uninstall_webhook();
    let namespace = lab.namespace(NAMESPACE);
    let level = "pod-security.kubernetes.io/enforce=restricted";
    lab.kubectl(&["label", "namespace", NAMESPACE, level]).ok();
    let helm = |verb: &str, more: &[&str]| {
        lab.run("helm", &[&[verb, RELEASE, "-n", NAMESPACE], more].concat())
    };
    let image: Vec<&str> = lab.prepared.helm_image.iter().map(String::as_str).collect();
    let _uninstall = Uninstall(NAMESPACE);
    helm("install", &[&[CHART], &image[..]].concat())
        .ok()
        .never_says("would violate");
    // No waiting in between: the test does that.
    helm("test", &[]).ok().says("comes back ready to serve");
    helm("uninstall", &["--wait"]).ok();
    assert_nothing_left(lab);
    drop(namespace);
}

/// What a failed test would leave for the next install to stumble over.
struct Uninstall(&'static str);

impl Drop for Uninstall {
    fn drop(&mut self) {
        let arguments = ["uninstall", RELEASE, "--ignore-not-found", "--wait", "-n"];
        let _ = lab().run("helm", &[&arguments[..], &[self.0]].concat());
    }
}

/// The subject of examples/installer.yaml.
const INSTALLER: &str = "installer";

fn as_installer(lab: &Lab, verb: &str, more: &[&str]) -> Ran {
    lab.helm(verb, &[more, &["--kube-as-user", INSTALLER]].concat())
}

/// Removes what the example gives, however the test ends.
struct Granted<'a>(&'a Lab, String);

impl Drop for Granted<'_> {
    fn drop(&mut self) {
        let delete = ["delete", "--ignore-not-found", "-f", "-"];
        let mut command = self.0.prepared.command("kubectl");
        let _ = Ran::command(command.args(delete), Some(&self.1));
    }
}

/// Applies the example with one resource's rule left out.
fn grant<'a>(lab: &'a Lab, left_out: Option<&str>) -> Granted<'a> {
    let path = lab.prepared.root.join("examples/installer.yaml");
    let mut objects = documents(&fs::read_to_string(path).expect("the example"));
    if let Some(resource) = left_out {
        let mut taken = 0;
        for rules in objects.iter_mut().filter_map(|o| o["rules"].as_array_mut()) {
            let all = rules.len();
            rules.retain(|rule| rule["resources"][0] != resource);
            taken += all - rules.len();
        }
        assert_ne!(taken, 0, "the example has no rule for {resource}");
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    let granted = Granted(lab, list);
    lab.apply_as_written(&granted.1, &[]).ok();
    granted
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_user_with_the_example_s_rights_installs_tests_upgrades_and_uninstalls() {
    let lab = lab();
    let _alone = lab.webhook_alone();
    let _reinstall = Reinstall(lab);
    lab.uninstall_webhook();
    let _granted = grant(lab, None);
    for (verb, what) in [
        ("delete", "clusterrolebinding/cluster-admin"),
        ("patch", "clusterrole/admin"),
        ("get", "mutatingwebhookconfiguration/another"),
        ("patch", "mutatingwebhookconfiguration/another"),
        ("delete", "validatingadmissionpolicybinding/another"),
    ] {
        let asked = ["auth", "can-i", verb, what, "--as", INSTALLER];
        let answer = lab.kubectl(&asked);
        assert_eq!(answer.stdout.trim(), "no", "{answer}");
    }
    as_installer(lab, "install", &[CHART, "--wait"]).ok();
    as_installer(lab, "test", &[])
        .ok()
        .says("comes back ready to serve");
    as_installer(lab, "upgrade", &[CHART, "--set", "logLevel=debug"]).ok();
    lab.await_rollout();
    as_installer(lab, "uninstall", &["--wait"]).ok();
    assert_nothing_left(lab);
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn helm_names_the_right_that_an_installer_lacks() {
    let lab = lab();
    let _alone = lab.webhook_alone();
    let _reinstall = Reinstall(lab);
    lab.uninstall_webhook();
    for (resource, said) in [
        (
            "secrets",
            "resource \"secrets\" in API group \"\" in the namespace",
        ),
        (
            "mutatingwebhookconfigurations",
            "resource \"mutatingwebhookconfigurations\" in API group \"admissionregistration.k8s.io\" at the cluster scope",
        ),
        (
            "clusterroles",
            "resource \"clusterroles\" in API group \"rbac.authorization.k8s.io\" at the cluster scope",
        ),
        (
            "deployments",
            "resource \"deployments\" in API group \"apps\"",
        ),
    ] {
        let granted = grant(lab, Some(resource));
        let ran = as_installer(lab, "install", &[CHART]);
        assert_ne!(ran.code, Some(0), "without {resource}: {ran}");
        ran.says(&format!("User \"{INSTALLER}\"")).says(said);
        drop(granted);
        lab.uninstall_webhook();
    }
}
