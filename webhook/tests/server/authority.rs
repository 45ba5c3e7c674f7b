//! The certificate authority that replicas share: made, agreed on, renewed, mended.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ray_serve_webhook::certificate::authority::AuthorityCertificate;
use ray_serve_webhook::certificate::self_managed::{Error, HANDOVER, SETTLE};
use ray_serve_webhook::certificate::validity::Validity;
use ray_serve_webhook::kubernetes;
use serde_json::json;
use time::Duration;

use crate::replicas::{Cluster, Replica, start};

#[tokio::test]
async fn the_first_replica_makes_the_authority_and_is_ready_when_it_is_trusted() {
    let cluster = Cluster::new();
    let mut replica = Replica::of(&cluster);
    assert!(!replica.is_ready().await);

    replica.pass(start()).await;
    assert!(replica.is_trusted(&cluster, start()));
    assert!(replica.is_ready().await);
}

#[tokio::test]
async fn replicas_that_start_together_agree() {
    let cluster = Cluster::new();
    let mut one = Replica::of(&cluster);
    let other = Arc::new(tokio::sync::Mutex::new(Replica::of(&cluster)));
    let interrupting = other.clone();
    cluster.before_next_write_of(
        "secrets",
        Box::new(move || Box::pin(async move { interrupting.lock().await.pass(start()).await })),
    );
    let error = one
        .manager
        .pass(start())
        .await
        .expect_err("the other was faster");
    assert!(
        matches!(error, Error::Api(kubernetes::Error::Conflict { .. })),
        "{error}"
    );

    one.settle(start()).await;
    assert!(one.is_trusted(&cluster, start()));
    assert!(other.lock().await.is_trusted(&cluster, start()));
    assert_eq!(cluster.bundle().len(), 1);
}

#[tokio::test]
async fn a_wiped_bundle_is_written_again_and_nothing_else_is_touched() {
    let cluster = Cluster::new();
    let mut replica = Replica::of(&cluster);
    replica.pass(start()).await;
    let before = cluster.edit(|objects| {
        let before = objects.configuration.clone();
        objects.configuration["webhooks"][0]["failurePolicy"] = json!("Fail");
        objects.configuration["webhooks"][0]["clientConfig"]
            .as_object_mut()
            .expect("an object")
            .remove("caBundle");
        before
    });
    assert!(!replica.is_trusted(&cluster, start()));

    replica.pass(start()).await;
    assert!(replica.is_trusted(&cluster, start()));
    let mut expected = before;
    expected["webhooks"][0]["failurePolicy"] = json!("Fail");
    let mut after = cluster.edit(|objects| objects.configuration.clone());
    for configuration in [&mut expected, &mut after] {
        configuration["metadata"]["resourceVersion"].take();
    }
    assert_eq!(after, expected);
}

#[tokio::test]
async fn a_pass_with_nothing_to_do_writes_nothing() {
    let cluster = Cluster::new();
    let mut replica = Replica::of(&cluster);
    replica.pass(start()).await;
    let version = cluster.edit(|objects| objects.version);
    replica.pass(start() + Duration::hours(1)).await;
    Replica::of(&cluster)
        .pass(start() + Duration::hours(1))
        .await;
    assert_eq!(cluster.edit(|objects| objects.version), version);
}

#[tokio::test]
async fn a_leaf_made_while_the_clock_was_ahead_is_replaced_when_it_is_put_right() {
    let cluster = Cluster::new();
    let mut replica = Replica::of(&cluster);
    replica.pass(start()).await;
    let ahead = start() + Duration::days(6);
    replica.pass(ahead).await;
    assert!(!replica.is_trusted(&cluster, start()), "not valid yet");

    replica.pass(start()).await;
    assert!(replica.is_trusted(&cluster, start()));
}

#[tokio::test]
async fn an_authority_made_while_the_clock_was_ahead_is_replaced_when_it_is_put_right() {
    let cluster = Cluster::new();
    let mut replica = Replica::of(&cluster);
    replica.pass(start() + Duration::days(6)).await;
    let ahead = cluster.bundle();
    assert!(!replica.is_trusted(&cluster, start()), "not valid yet");

    replica.pass(start()).await;
    let authority = Validity::of(&cluster.bundle()[0]).expect("a certificate");
    assert!(authority.not_before <= start());
    assert!(replica.is_trusted(&cluster, start()));
    // One that has no leaf yet, or whose clock is still ahead, does not undo it.
    let mut fresh = Replica::of(&cluster);
    let mut still_ahead = Replica::of(&cluster);
    fresh.pass(start() + SETTLE).await;
    still_ahead.pass(start() + Duration::days(6)).await;
    fresh.pass(start() + SETTLE * 2).await;
    assert!(fresh.is_ready().await && fresh.is_trusted(&cluster, start() + SETTLE * 2));
    fresh.pass(start() + HANDOVER).await;
    let left = cluster.bundle();
    assert!(left.len() == 1 && left[0] != ahead[0]);
}

#[tokio::test]
async fn a_clock_that_is_put_back_during_a_rotation_keeps_nobody_waiting() {
    let cluster = Cluster::new();
    let mut old = Replica::of(&cluster);
    old.pass(start()).await;
    cluster.edit(|objects| {
        objects.secret.as_mut().expect("a secret")["data"] = json!(null);
        objects.version += 1;
    });
    old.pass(start()).await;
    let mut fresh = Replica::of(&cluster);
    // Ahead, but not far enough for the new bundle to have been there for long.
    fresh.pass(start() + Duration::seconds(30)).await;
    assert!(!fresh.is_ready().await);
    fresh.pass(start() + Duration::seconds(1)).await;
    fresh.pass(start() + Duration::seconds(1) + SETTLE).await;
    assert!(fresh.is_ready().await);
}

#[tokio::test]
async fn an_unreadable_authority_is_replaced() {
    for data in [
        json!({ "ca.crt": STANDARD.encode("nonsense"), "ca.key": STANDARD.encode("nonsense") }),
        json!({ "ca.crt": STANDARD.encode([0xff, 0xfe]) }),
    ] {
        let cluster = Cluster::new();
        cluster.edit(|objects| objects.secret.as_mut().expect("a secret")["data"] = data);
        let mut replica = Replica::of(&cluster);
        replica.pass(start()).await;
        assert!(replica.is_trusted(&cluster, start()));
    }
}

#[tokio::test]
async fn a_key_of_another_authority_is_not_signed_with() {
    let (cluster, elsewhere) = (Cluster::new(), Cluster::new());
    Replica::of(&cluster).pass(start()).await;
    Replica::of(&elsewhere).pass(start()).await;
    let foreign = elsewhere
        .edit(|objects| objects.secret.as_ref().expect("a secret")["data"]["ca.key"].clone());
    cluster.edit(|objects| objects.secret.as_mut().expect("a secret")["data"]["ca.key"] = foreign);

    let mut replica = Replica::of(&cluster);
    replica.pass(start()).await;
    // The authority in the bundle may be another replica's, so the new one is not used at once.
    replica.pass(start() + SETTLE).await;
    assert!(replica.is_trusted(&cluster, start() + SETTLE));
}

/// The API server would not accept what it signs.
#[tokio::test]
async fn a_certificate_that_is_no_authority_is_replaced() {
    let no_authority = rcgen::IsCa::ExplicitNoCa;
    let authority = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let for_servers = vec![rcgen::KeyUsagePurpose::DigitalSignature];
    for (is_ca, key_usages) in [
        (rcgen::IsCa::NoCa, vec![]),
        (no_authority, vec![]),
        (authority, for_servers),
    ] {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = is_ca;
        params.key_usages = key_usages;
        params.not_before = start() - Duration::days(1);
        params.not_after = start() + Duration::days(365);
        let found = params.self_signed(&key).expect("a certificate");
        let cluster = Cluster::new();
        cluster.store(&[("ca.crt", &found.pem()), ("ca.key", &key.serialize_pem())]);

        let mut replica = Replica::of(&cluster);
        replica.pass(start()).await;
        assert!(!cluster.bundle().contains(found.der()));
        assert!(replica.is_trusted(&cluster, start()));
    }
}

#[tokio::test]
async fn of_the_secret_s_text_nothing_but_the_certificate_is_published() {
    let cluster = Cluster::new();
    Replica::of(&cluster).pass(start()).await;
    let authority = cluster.bundle();
    let (certificate, key) = (cluster.stored("ca.crt"), cluster.stored("ca.key"));
    // A key beside it, words before it, no end of its last line.
    let text = format!("{key}subject=CN = somebody\n{}", certificate.trim_end());
    cluster.store(&[("ca.crt", &text)]);
    let mut replica = Replica::of(&cluster);
    replica.pass(start()).await;
    assert_eq!(cluster.bundle(), authority);

    // Now it becomes the one before another, and is published behind that one.
    replica.pass(start() + Duration::days(244)).await;
    assert_eq!(cluster.bundle().len(), 2);
    assert_eq!(cluster.bundle()[1], authority[0]);
    let published = cluster.edit(|objects| {
        let bundle = &objects.configuration["webhooks"][0]["clientConfig"]["caBundle"];
        STANDARD
            .decode(bundle.as_str().expect("a bundle"))
            .expect("base64")
    });
    let published = String::from_utf8(published).expect("text");
    let certificates = [&cluster.bundle()[0], &authority[0]].map(|der| {
        AuthorityCertificate::from_der(der.clone())
            .expect("an authority")
            .pem()
    });
    assert_eq!(published, certificates.concat());
}

#[tokio::test]
async fn somebody_else_s_webhook_in_the_configuration_keeps_its_bundle() {
    let cluster = Cluster::new();
    let own = STANDARD.encode("theirs");
    let others = json!([
        { "name": "other.example.com", "clientConfig": { "caBundle": own,
            "service": { "name": "other", "namespace": "ray-serve-system" } } },
        { "name": "namesake.example.com", "clientConfig": { "caBundle": own,
            "service": { "name": "ray-serve-webhook", "namespace": "elsewhere" } } },
        { "name": "url.example.com", "clientConfig": { "caBundle": own, "url": "https://example.com" } },
    ]);
    cluster.edit(|objects| {
        let ours = objects.configuration["webhooks"][0].clone();
        let mut all = others.as_array().expect("a list").clone();
        all.push(ours);
        objects.configuration["webhooks"] = json!(all);
    });
    let mut replica = Replica::of(&cluster);
    replica.pass(start()).await;
    assert!(replica.is_ready().await);
    let mut after = cluster.edit(|objects| objects.configuration["webhooks"].clone());
    let ours = after.as_array_mut().expect("a list").pop().expect("ours");
    assert!(ours["clientConfig"]["caBundle"].is_string());
    assert_eq!(after, others);
}

/// As under Argo CD, which lets two installs take one object in turns.
#[tokio::test]
async fn a_configuration_that_calls_another_install_is_left_to_it() {
    let cluster = Cluster::new();
    cluster.edit(|objects| {
        let service = &mut objects.configuration["webhooks"][0]["clientConfig"]["service"];
        service["namespace"] = json!("team-b");
    });
    let before = cluster.edit(|objects| objects.configuration.clone());
    let mut replica = Replica::of(&cluster);
    let error = replica.manager.pass(start()).await.expect_err("not ours");
    assert_eq!(
        error.to_string(),
        "MutatingWebhookConfiguration ray-serve-webhook calls Service team-b/ray-serve-webhook, not our Service \
         ray-serve-system/ray-serve-webhook: of two installs under one full name, give one another \
         fullnameOverride"
    );
    assert_eq!(
        cluster.edit(|objects| objects.configuration.clone()),
        before
    );
    assert!(!replica.is_ready().await);
}

#[tokio::test]
async fn a_leaf_is_renewed_before_it_ends() {
    let cluster = Cluster::new();
    let mut replica = Replica::of(&cluster);
    let mut now = start();
    for _ in 0..12 {
        replica.pass(now).await;
        now += Duration::days(2);
        assert!(replica.is_trusted(&cluster, now));
    }
}

#[tokio::test]
async fn a_missing_secret_is_named_with_what_to_do() {
    let cluster = Cluster::new();
    let mut replica = Replica::of(&cluster);
    replica.pass(start()).await;
    cluster.edit(|objects| objects.secret = None);

    let error = replica
        .manager
        .pass(start())
        .await
        .expect_err("nothing to read")
        .to_string();
    assert_eq!(
        error,
        "cannot read Secret ray-serve-system/ray-serve-webhook-ca: it does not exist; \
         `helm upgrade` of the chart makes it again"
    );
    assert!(replica.is_trusted(&cluster, start()), "it goes on serving");
    assert!(replica.is_ready().await);
}
