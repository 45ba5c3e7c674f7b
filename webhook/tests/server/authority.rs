//! The certificate authority that replicas share: made, agreed on, renewed, mended.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ray_serve_webhook::kubernetes;
use ray_serve_webhook::self_managed::{Error, SETTLE};
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
