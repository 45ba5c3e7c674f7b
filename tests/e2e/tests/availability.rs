//! What rotation, a rollout and a killed replica cost in admissions, with `failurePolicy: Fail`: counted.

use std::{thread::sleep, time::Duration};

use cluster::process;
use e2e::{Forward, Lab, Namespace, RELEASE, Stream, WEBHOOK_NAMESPACE, der, eventually, lab};
use serde_json::{Value, json};

/// The webhook with `failurePolicy: Fail` while it lives; then as it was.
struct Required(&'static Lab);

impl Required {
    fn new(lab: &'static Lab) -> Self {
        set_failure_policy(lab, "Fail");
        Self(lab)
    }
}

impl Drop for Required {
    fn drop(&mut self) {
        set_failure_policy(self.0, "Ignore");
    }
}

/// On the object itself: a `helm upgrade` would be a rollout of its own.
fn set_failure_policy(lab: &Lab, policy: &str) {
    let patch = json!([{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": policy}]);
    let arguments = [
        "patch",
        "mutatingwebhookconfiguration",
        RELEASE,
        "--type=json",
        "-p",
    ];
    lab.kubectl(&[&arguments[..], &[&patch.to_string()]].concat())
        .ok();
    // Every API server reads its webhooks anew within a moment.
    sleep(Duration::from_secs(2));
}

fn rollout_done(lab: &Lab) {
    lab.await_rollout();
    // Old replicas may still be draining.
    lab.await_webhook_pods(2);
}

fn namespace(name: &str) -> Namespace {
    lab().namespace(name)
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_rolling_restart_costs_no_admission() {
    let lab = lab();
    let _alone = lab.webhook_alone();
    let _required = Required::new(lab);
    let namespace = namespace("e2e-rollout");
    let stream = Stream::start(lab, &namespace.name);
    let deployment = format!("deployment/{RELEASE}");
    lab.kubectl(&["rollout", "restart", "-n", WEBHOOK_NAMESPACE, &deployment])
        .ok();
    rollout_done(lab);
    stream.await_more(5);
    assert_eq!(
        stream.finish("rolling restart of two replicas"),
        Vec::<String>::new()
    );
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_rotated_authority_costs_no_admission() {
    let lab = lab();
    let _alone = lab.webhook_alone();
    let _required = Required::new(lab);
    let namespace = namespace("e2e-rotation");
    let before = lab.authorities();
    let stream = Stream::start(lab, &namespace.name);
    // An emptied Secret makes the replicas agree on a new authority, as the end of its validity does.
    let secret = format!("secret/{RELEASE}-ca");
    let empty = json!({"data": Value::Null}).to_string();
    lab.kubectl(&[
        "patch",
        "-n",
        WEBHOOK_NAMESPACE,
        &secret,
        "--type=merge",
        "-p",
        &empty,
    ])
    .ok();
    let authority = eventually("a new authority", Duration::from_secs(90), || {
        let now = lab.authorities();
        if now == before {
            Err("the old one".to_owned())
        } else {
            assert_eq!(now[1..], before[..1], "trusted as long as it is in use");
            Ok(der(&now[0]))
        }
    });
    // Both replicas sign new leaves once the new bundle has settled; creates go on meanwhile.
    let forwards = Forward::to_all(lab);
    assert_eq!(forwards.len(), 2);
    for forward in &forwards {
        eventually(
            "a leaf of the new authority",
            Duration::from_secs(90),
            || forward.presents(&authority),
        );
    }
    stream.await_more(5);
    assert_eq!(
        stream.finish("rotation of the certificate authority"),
        Vec::<String>::new()
    );
}

/// What a killed replica may cost, and nothing else is excused: connections to its address before
/// anybody can know that it is dead, and reviews that it was answering.
const LEFT: [&str; 4] = [
    "connection refused",
    "EOF",
    "connection reset by peer",
    "broken pipe",
];

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_killed_replica_costs_only_what_is_sent_to_its_address() {
    let lab = lab();
    let _alone = lab.webhook_alone();
    let _required = Required::new(lab);
    let program = format!("/{RELEASE}");
    // Not the controller, which is the same program with a subcommand.
    let is_replica = |words: &[String]| {
        words.first() == Some(&program) && words.get(1).is_none_or(|word| word.starts_with("--"))
    };
    let replicas = process::find(is_replica);
    if replicas.len() != 2 {
        // An existing cluster's nodes are elsewhere; on the project's own the replicas run on this machine.
        assert!(
            replicas.is_empty(),
            "two replicas were expected: {replicas:?}"
        );
        return;
    }
    let namespace = namespace("e2e-kill");
    let stream = Stream::start(lab, &namespace.name);
    // One after the other: the API server's connection is to one of them, and nobody knows to which.
    for replica in replicas {
        replica.kill();
        stream.await_more(20);
        rollout_done(lab);
    }
    let failures = stream.finish("each of two replicas killed once with SIGKILL");
    for failure in &failures {
        let reason = LEFT.iter().any(|reason| failure.contains(reason));
        assert!(reason, "{failure}");
    }
}
