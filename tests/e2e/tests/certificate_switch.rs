//! From each way of making the certificate to each other, by `helm upgrade`, and no Secret in the way.

use e2e::{CHART, Lab, RELEASE, Reinstall, WEBHOOK_NAMESPACE, lab};
use serde_json::json;

use crate::certificate_modes::{Platform, encoded};

const OWN: &str = "own-certificate";
/// What cert-manager writes, and keeps when its Certificates are gone.
const OF_CERT_MANAGER: [&str; 2] = ["ray-serve-webhook-tls", "ray-serve-webhook-issuer-ca"];

#[derive(Clone, Copy, Debug)]
enum Way {
    Itself,
    CertManager,
    Own,
}

/// Two kinds that nobody looks after: cert-manager's part is played by the test.
struct Kinds(&'static Lab);

impl Kinds {
    fn of_cert_manager(lab: &'static Lab) -> Self {
        let kinds =
            [("Certificate", "certificates"), ("Issuer", "issuers")].map(|(kind, plural)| {
                json!({
                    "apiVersion": "apiextensions.k8s.io/v1",
                    "kind": "CustomResourceDefinition",
                    "metadata": {"name": format!("{plural}.cert-manager.io")},
                    "spec": {
                        "group": "cert-manager.io",
                        "scope": "Namespaced",
                        "names": {"kind": kind, "plural": plural},
                        "versions": [{
                            "name": "v1",
                            "served": true,
                            "storage": true,
                            "schema": {"openAPIV3Schema": {
                                "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                            }},
                        }],
                    },
                })
            });
        let list = json!({"apiVersion": "v1", "kind": "List", "items": kinds}).to_string();
        lab.apply_as_written(&list, &[]).ok();
        for plural in ["certificates", "issuers"] {
            let name = format!("crd/{plural}.cert-manager.io");
            lab.kubectl(&[
                "wait",
                "--for=condition=Established",
                "--timeout=60s",
                &name,
            ])
            .ok();
        }
        Self(lab)
    }
}

impl Drop for Kinds {
    fn drop(&mut self) {
        for plural in ["certificates", "issuers"] {
            let name = format!("crd/{plural}.cert-manager.io");
            let _ = self.0.kubectl(&["delete", &name, "--ignore-not-found"]);
        }
    }
}

/// They are nobody's but the test's.
struct Secrets(&'static Lab);

impl Drop for Secrets {
    fn drop(&mut self) {
        let secrets = [&OF_CERT_MANAGER[..], &[OWN]].concat();
        let delete = [
            "delete",
            "secret",
            "--ignore-not-found",
            "-n",
            WEBHOOK_NAMESPACE,
        ];
        let _ = self.0.kubectl(&[&delete[..], &secrets].concat());
    }
}

fn upgrade(lab: &Lab, to: Way) {
    let platform = Platform::new();
    let bundle = encoded(&[&platform]);
    let values = match to {
        Way::Itself => vec![],
        Way::CertManager => vec!["certManager.enabled=true".to_owned()],
        Way::Own => vec![
            format!("existingSecret.name={OWN}"),
            format!("existingSecret.caBundle={bundle}"),
        ],
    };
    let set = values.iter().flat_map(|value| ["--set", value]);
    let arguments: Vec<&str> = std::iter::once(CHART).chain(set).collect();
    platform.put(lab, OWN);
    lab.helm("upgrade", &arguments).ok();
    if let Way::CertManager = to {
        // What its controllers do, with the names that the chart's Certificates give.
        for certificate in lab.get(WEBHOOK_NAMESPACE, "certificates.cert-manager.io")["items"]
            .as_array()
            .expect("a list")
        {
            let name = certificate["spec"]["secretName"].as_str().expect("a name");
            assert!(OF_CERT_MANAGER.contains(&name), "{name}");
            platform.put(lab, name);
        }
        let place = "/webhooks/0/clientConfig/caBundle";
        let patch = json!([{"op": "add", "path": place, "value": bundle}]).to_string();
        let what = format!("mutatingwebhookconfiguration/{RELEASE}");
        lab.kubectl(&["patch", &what, "--type=json", "-p", &patch])
            .ok();
    }
    lab.await_rollout();
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn an_upgrade_goes_from_each_way_of_making_the_certificate_to_each_other() {
    let lab = lab();
    let _alone = lab.webhook_alone();
    // Dropped in the opposite order: a release with objects of unknown kinds cannot be uninstalled.
    let _kinds = Kinds::of_cert_manager(lab);
    let _reinstall = Reinstall(lab);
    let _secrets = Secrets(lab);
    for to in [
        Way::CertManager,
        Way::Itself,
        Way::Own,
        Way::CertManager,
        Way::Own,
        Way::Itself,
    ] {
        upgrade(lab, to);
        let tested = lab.helm("test", &[]);
        assert_eq!(tested.code, Some(0), "{to:?}: {tested}");
    }
}
