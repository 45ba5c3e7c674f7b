//! The chart, by real Helm on a real API server.

use e2e::{Lab, RELEASE, Ran, WEBHOOK_NAMESPACE, lab};

const CHART: &str = "charts/ray-serve-webhook";

fn template(lab: &Lab, values: &[&str]) -> Ran {
    let version = format!("--kube-version={}", cluster::versions::KUBERNETES);
    let mut arguments = vec![
        "template",
        RELEASE,
        CHART,
        "-n",
        WEBHOOK_NAMESPACE,
        &version,
    ];
    for value in values {
        arguments.extend(["--set", value]);
    }
    lab.run("helm", &arguments)
}

fn ca_bundle(lab: &Lab) -> String {
    let object = lab.get(
        "default",
        &format!("mutatingwebhookconfiguration/{RELEASE}"),
    );
    let bundle = object["webhooks"][0]["clientConfig"]["caBundle"].as_str();
    bundle.expect("a caBundle").to_owned()
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn helm_has_nothing_to_say_against_it() {
    lab().run("helm", &["lint", "--strict", CHART]).ok();
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_value_that_does_not_exist_is_refused() {
    for value in [
        "replicaCount=3",
        "webhook.failurepolicy=Fail",
        "webhook.failurePolicy=Maybe",
    ] {
        let ran = template(lab(), &[value]);
        assert_ne!(ran.code, Some(0), "{value}: {ran}");
    }
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn rendering_twice_gives_the_same_bytes() {
    let render = || template(lab(), &[]).ok().stdout;
    assert_eq!(render(), render());
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_api_server_accepts_it_at_every_switch() {
    let lab = lab();
    let _webhook = lab.with_webhook();
    let own_secret = format!(
        "existingSecret.name=own,existingSecret.caBundle={}",
        ca_bundle(lab)
    );
    for values in [
        "",
        "webhook.failurePolicy=Fail,webhook.timeoutSeconds=10",
        "webhook.excludedNamespaces={team-a,team-b}",
        "networkPolicy.enabled=true",
        "podDisruptionBudget.enabled=false,replicas=1",
        "fullnameOverride=other,priorityClassName=system-cluster-critical",
        &own_secret,
    ] {
        let values: Vec<&str> = Some(values).filter(|v| !v.is_empty()).into_iter().collect();
        let manifest = template(lab, &values).ok().stdout;
        let ran = lab.apply_with(WEBHOOK_NAMESPACE, &manifest, &["--dry-run=server"]);
        assert_eq!(ran.code, Some(0), "{values:?}: {ran}");
    }
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn an_upgrade_keeps_the_authority() {
    let lab = lab();
    let _alone = lab.webhook_alone();
    let before = ca_bundle(lab);
    let mut arguments = vec![
        "upgrade",
        RELEASE,
        CHART,
        "-n",
        WEBHOOK_NAMESPACE,
        "--set",
        "logLevel=debug",
    ];
    arguments.extend(lab.prepared.helm_image.iter().map(String::as_str));
    lab.run("helm", &arguments).ok();
    lab.await_rollout();
    assert_eq!(ca_bundle(lab), before);
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn uninstalling_leaves_nothing_behind() {
    let lab = lab();
    let _alone = lab.webhook_alone();
    lab.run(
        "helm",
        &["uninstall", RELEASE, "-n", WEBHOOK_NAMESPACE, "--wait"],
    )
    .ok();
    lab.await_webhook_pods(0);
    let kinds = lab
        .kubectl(&["api-resources", "--verbs=list", "-o", "name"])
        .ok()
        .stdout;
    // Endpoints and their slices follow the service a moment later, and are nobody's to clean.
    let kinds: Vec<&str> = kinds
        .lines()
        .filter(|kind| !kind.starts_with("endpoint") && !kind.starts_with("events"))
        .collect();
    let selector = format!("app.kubernetes.io/instance={RELEASE}");
    let list = [
        "get",
        &kinds.join(","),
        "-A",
        "-l",
        &selector,
        "-o",
        "name",
        "--ignore-not-found",
    ];
    let left = lab.kubectl(&list).ok().stdout;
    lab.install_webhook();
    assert_eq!(left, "");
}
