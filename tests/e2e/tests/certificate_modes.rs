//! A certificate of the platform's own: exchanged, with its authority, while RayClusters are created.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use e2e::{
    CHART, Forward, Lab, Reinstall, Stream, WEBHOOK_NAMESPACE, eventually, lab, service_name,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;

const SECRET: &str = "own-certificate";

/// An authority, and the certificate that it signed for the webhook's Service.
pub(crate) struct Platform {
    authority: rcgen::Certificate,
    leaf: rcgen::Certificate,
    key: String,
}

impl Platform {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = authority.self_signed(&key).expect("an authority");
        let issuer = Issuer::new(authority, key);
        let key = KeyPair::generate().expect("a key");
        let mut leaf = CertificateParams::new([service_name()]).expect("a name");
        leaf.use_authority_key_identifier_extension = true;
        Self {
            authority: certificate,
            leaf: leaf.signed_by(&key, &issuer).expect("a certificate"),
            key: key.serialize_pem(),
        }
    }

    /// As a user would: `kubectl create secret tls`, applied.
    pub(crate) fn put(&self, lab: &Lab, name: &str) {
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": {"name": name},
            "stringData": {"tls.crt": self.leaf.pem(), "tls.key": self.key},
        });
        lab.apply(WEBHOOK_NAMESPACE, &secret.to_string()).ok();
    }
}

/// A caBundle of them all.
pub(crate) fn encoded(platforms: &[&Platform]) -> String {
    let pem: String = platforms.iter().map(|p| p.authority.pem()).collect();
    BASE64_STANDARD.encode(pem)
}

fn bundle(platforms: &[&Platform]) -> String {
    format!("existingSecret.caBundle={}", encoded(platforms))
}

/// Removes the Secret, which is not the chart's.
struct Secret(&'static Lab);

impl Drop for Secret {
    fn drop(&mut self) {
        let delete = ["delete", "secret", SECRET, "--ignore-not-found", "-n"];
        let _ = self
            .0
            .kubectl(&[&delete[..], &[WEBHOOK_NAMESPACE]].concat());
    }
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn an_exchanged_secret_costs_no_admission() {
    let lab = lab();
    let _alone = lab.webhook_alone();
    let _reinstall = Reinstall(lab);
    lab.uninstall_webhook();
    let _secret = Secret(lab);
    let (old, new) = (Platform::new(), Platform::new());
    old.put(lab, SECRET);
    let helm = |verb: &str, bundle: &str| {
        let name = format!("existingSecret.name={SECRET}");
        let values = [
            "--set",
            "webhook.failurePolicy=Fail",
            "--set",
            &name,
            "--set",
            bundle,
        ];
        lab.helm(verb, &[&[CHART], &values[..]].concat()).ok();
        lab.await_rollout();
    };
    // First with a bundle that does not fit: the test has to find that out, which it tries for a while.
    helm("install", &(bundle(&[&new]) + ",test.timeout=15s"));
    let failed = lab.helm("test", &[]);
    assert_ne!(failed.code, Some(0), "{failed}");
    failed.says("the caBundle does not trust the certificate");
    // What the alert on refused RayClusters counts.
    let counted = lab.kubectl(&["get", "--raw", "/metrics"]).ok().stdout;
    let refusals = counted.lines().filter(|line| {
        line.starts_with("apiserver_admission_webhook_rejection_count{")
            && line.contains("name=\"rayclusters.ray-serve-webhook.ray.io\"")
            && !line.contains("error_type=\"no_error\"")
    });
    assert_ne!(refusals.count(), 0);
    helm("upgrade", &bundle(&[&old]));
    lab.helm("test", &[]).ok();

    let namespace = lab.namespace("e2e-own-certificate");
    let stream = Stream::start(lab, &namespace.name);
    // As the README says: both authorities, then the new certificate, then the new authority alone.
    helm("upgrade", &bundle(&[&old, &new]));
    stream.await_more(5);
    let forwards = Forward::to_all(lab);
    assert_eq!(forwards.len(), 2);
    for forward in &forwards {
        forward
            .presents(old.authority.der())
            .expect("the old certificate");
        forward
            .presents(new.authority.der())
            .expect_err("not the new one yet");
    }
    new.put(lab, SECRET);
    let updated = Instant::now();
    for forward in &forwards {
        // kubelet writes a changed Secret when it next looks at the pod, a minute or so.
        eventually("the new certificate", Duration::from_secs(180), || {
            forward.presents(new.authority.der())
        });
    }
    let _ = writeln!(
        std::io::stderr(),
        "certificate: both replicas presented it {:.1} s after its Secret was updated",
        updated.elapsed().as_secs_f32()
    );
    stream.await_more(5);
    // Another bundle makes the API server connect anew.
    helm("upgrade", &bundle(&[&new]));
    stream.await_more(20);
    assert_eq!(
        stream.finish("exchange of a Secret's certificate and authority"),
        Vec::<String>::new()
    );
    lab.helm("test", &[]).ok();
}
