//! One authority after the other: no replica is distrusted at any step.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ray_serve_webhook::certificate::self_managed::{Error, HANDOVER, SETTLE, YOUNG};
use ray_serve_webhook::kubernetes;
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};
use time::Duration;

use crate::replicas::{Cluster, Replica, start};

/// The authority lives a year and is replaced when a third is left: on this day it is not due...
const BEFORE_ROTATION: Duration = Duration::days(243);
/// ...and a day later it is.
const ROTATION: Duration = Duration::days(244);

#[tokio::test]
async fn no_replica_is_distrusted_at_any_step_of_a_rotation() {
    let cluster = Cluster::new();
    let mut one = Replica::of(&cluster);
    let mut other = Replica::of(&cluster);
    for replica in [&mut one, &mut other] {
        replica.pass(start()).await;
        replica.pass(start() + BEFORE_ROTATION).await;
    }
    let first = cluster.bundle();

    let mut now = start() + ROTATION;
    one.pass(now).await;
    assert_eq!(cluster.bundle().len(), 2, "the old authority and the new");
    assert_eq!(cluster.bundle()[1], first[0]);
    assert!(one.is_trusted(&cluster, now) && other.is_trusted(&cluster, now));
    // An API server that has not seen the new bundle yet trusts both as well.
    let behind = Cluster::new();
    behind.edit(|objects| {
        objects.configuration["webhooks"][0]["clientConfig"]["caBundle"] =
            json!(STANDARD.encode(pem(&first[0])));
    });
    assert!(one.is_trusted(&behind, now) && other.is_trusted(&behind, now));

    now += SETTLE;
    one.pass(now).await;
    assert!(
        !one.is_trusted(&behind, now),
        "a leaf of the new authority by now"
    );
    assert!(one.is_trusted(&cluster, now) && other.is_trusted(&cluster, now));

    other.pass(now).await;
    now += SETTLE;
    other.pass(now).await;
    assert!(
        !other.is_trusted(&behind, now),
        "a leaf of the new authority by now"
    );
    assert!(one.is_trusted(&cluster, now) && other.is_trusted(&cluster, now));
    assert!(one.is_ready().await && other.is_ready().await);
}

#[tokio::test]
async fn a_replica_that_starts_during_a_rotation_is_ready_when_every_api_server_trusts_it() {
    let cluster = Cluster::new();
    let mut old = Replica::of(&cluster);
    old.pass(start()).await;
    let mut now = start() + ROTATION;
    old.pass(now).await;

    // Nothing tells it for how long the bundle has been there, only that it is new.
    now += Duration::seconds(1);
    let mut fresh = Replica::of(&cluster);
    fresh.pass(now).await;
    assert!(!fresh.is_ready().await);
    now += SETTLE - Duration::seconds(1);
    fresh.pass(now).await;
    assert!(!fresh.is_ready().await);
    assert!(old.is_trusted(&cluster, now), "the others go on serving");
    now += Duration::seconds(1);
    fresh.pass(now).await;
    assert!(fresh.is_ready().await && fresh.is_trusted(&cluster, now));

    // Later, while the old authority is still in the bundle, there is nothing to wait for.
    now = start() + ROTATION + YOUNG;
    let mut late = Replica::of(&cluster);
    late.pass(now).await;
    assert_eq!(cluster.bundle().len(), 2);
    assert!(late.is_ready().await && late.is_trusted(&cluster, now));
}

#[tokio::test]
async fn a_replica_that_writes_the_bundle_anew_is_ready_when_every_api_server_trusts_it() {
    let cluster = Cluster::new();
    let mut old = Replica::of(&cluster);
    old.pass(start()).await;
    let before = cluster.edit(|objects| objects.configuration["webhooks"].clone());
    let mut now = start() + ROTATION;
    old.pass(now).await;
    // As if the one that rotated had ended before it wrote the bundle.
    cluster.edit(|objects| objects.configuration["webhooks"] = before);

    now += HANDOVER / 2;
    let mut fresh = Replica::of(&cluster);
    fresh.pass(now).await;
    assert!(!fresh.is_ready().await);
    assert!(old.is_trusted(&cluster, now));
    now += SETTLE;
    fresh.pass(now).await;
    assert!(fresh.is_ready().await && fresh.is_trusted(&cluster, now));
}

#[tokio::test]
async fn a_fresh_replica_that_fills_an_emptied_secret_leaves_the_others_trusted() {
    let cluster = Cluster::new();
    let mut old = Replica::of(&cluster);
    old.pass(start()).await;
    cluster.edit(|objects| {
        objects.secret.as_mut().expect("a secret")["data"] = Value::Null;
        objects.version += 1;
    });

    let mut now = start() + Duration::days(1);
    let mut fresh = Replica::of(&cluster);
    fresh.pass(now).await;
    assert!(old.is_trusted(&cluster, now));
    now += SETTLE;
    fresh.pass(now).await;
    old.pass(now).await;
    for replica in [&fresh, &old] {
        assert!(replica.is_ready().await && replica.is_trusted(&cluster, now));
    }
}

#[tokio::test]
async fn a_replica_that_is_behind_does_not_undo_a_rotation() {
    let cluster = Cluster::new();
    let mut one = Replica::of(&cluster);
    let other = Arc::new(tokio::sync::Mutex::new(Replica::of(&cluster)));
    one.pass(start()).await;
    cluster.edit(|objects| {
        objects.configuration["webhooks"][0]["clientConfig"]["caBundle"] = Value::Null;
    });

    // It has read the old authority and is about to write it, when the other one rotates.
    let now = start() + ROTATION - Duration::days(1);
    let rotating = other.clone();
    cluster.before_next_write_of(
        "mutatingwebhookconfigurations",
        Box::new(move || {
            Box::pin(async move { rotating.lock().await.pass(start() + ROTATION).await })
        }),
    );
    let error = one
        .manager
        .pass(now)
        .await
        .expect_err("its version is too old");
    assert!(
        matches!(error, Error::Api(kubernetes::Error::Conflict { .. })),
        "{error}"
    );
    assert_eq!(cluster.bundle().len(), 2, "the other's work stays");
}

#[tokio::test]
async fn an_emptied_secret_is_filled_while_the_old_authority_stays_trusted() {
    let cluster = Cluster::new();
    let mut one = Replica::of(&cluster);
    let mut other = Replica::of(&cluster);
    one.pass(start()).await;
    other.pass(start()).await;
    cluster.edit(|objects| {
        objects.secret.as_mut().expect("a secret")["data"] = Value::Null;
        objects.version += 1;
    });

    one.pass(start()).await;
    assert_eq!(cluster.bundle().len(), 2);
    assert!(one.is_trusted(&cluster, start()) && other.is_trusted(&cluster, start()));
}

#[tokio::test]
async fn an_old_authority_is_trusted_for_no_longer_than_a_replica_can_lag() {
    let cluster = Cluster::new();
    let mut replicas = [Replica::of(&cluster), Replica::of(&cluster)];
    for replica in &mut replicas {
        replica.pass(start()).await;
    }
    let old = cluster.bundle();
    cluster.edit(|objects| {
        objects.secret.as_mut().expect("a secret")["data"] = Value::Null;
        objects.version += 1;
    });
    let made = start() + Duration::days(1);
    let last = made + HANDOVER - Duration::seconds(1);
    for now in [made, made + SETTLE, last] {
        for replica in &mut replicas {
            replica.pass(now).await;
            assert!(replica.is_trusted(&cluster, now));
        }
        assert!(cluster.bundle().contains(&old[0]), "some replica's, still");
    }
    let now = made + HANDOVER;
    for replica in &mut replicas {
        replica.pass(now).await;
        assert_eq!(cluster.bundle().len(), 1);
        assert!(!cluster.bundle().contains(&old[0]));
    }
    for replica in &replicas {
        assert!(replica.is_trusted(&cluster, now));
    }
    // One that starts now finds nobody to wait for.
    let mut fresh = Replica::of(&cluster);
    fresh.pass(now).await;
    assert!(fresh.is_ready().await && fresh.is_trusted(&cluster, now));
    assert_eq!(cluster.bundle().len(), 1);
}

#[tokio::test]
async fn an_authority_that_is_revoked_is_trusted_no_longer() {
    let cluster = Cluster::new();
    let mut replicas = [Replica::of(&cluster), Replica::of(&cluster)];
    for replica in &mut replicas {
        replica.pass(start()).await;
    }
    // As the README says: a new authority, and then the old one out of the Secret.
    cluster.edit(|objects| {
        objects.secret.as_mut().expect("a secret")["data"] = Value::Null;
        objects.version += 1;
    });
    let mut now = start();
    for _ in 0..2 {
        for replica in &mut replicas {
            replica.pass(now).await;
        }
        now += SETTLE;
    }
    assert_eq!(cluster.bundle().len(), 2);
    cluster.edit(|objects| {
        let data = &mut objects.secret.as_mut().expect("a secret")["data"];
        data.as_object_mut()
            .expect("data")
            .remove("previous-ca.crt");
        objects.version += 1;
    });
    replicas[0].pass(now).await;
    assert_eq!(cluster.bundle().len(), 1);
    for replica in &replicas {
        assert!(replica.is_trusted(&cluster, now), "a leaf of the new one");
    }
}

fn pem(certificate: &CertificateDer<'_>) -> String {
    let body = STANDARD.encode(certificate);
    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
}
