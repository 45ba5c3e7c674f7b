//! What clusters say of how their pods end.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// What decides for the whole cluster how its pods end.
#[derive(Clone, Debug)]
pub(super) struct WholeCluster {
    ray_version: Option<&'static str>,
    fault_tolerant: u8,
    drain: Option<&'static str>,
}

impl WholeCluster {
    pub(super) fn put_into(self, cluster: &mut Value) {
        if let Some(version) = self.ray_version {
            cluster["spec"]["rayVersion"] = version.into();
        }
        if let Some(drain) = self.drain {
            cluster["metadata"]["annotations"]["ray.io/serve-drain"] = drain.into();
        }
        match self.fault_tolerant {
            0 => cluster["spec"]["gcsFaultToleranceOptions"] = json!({ "redisAddress": "redis" }),
            1 => cluster["metadata"]["annotations"]["ray.io/ft-enabled"] = "True".into(),
            _ => {}
        }
    }
}

pub(super) fn whole_cluster() -> impl Strategy<Value = WholeCluster> {
    let versions = select(vec!["2.60.0", "2.57.0", "2.56.1", "2.8.0", "nightly"]);
    let drain = option::weighted(0.2, select(vec!["false", "true", ""]));
    (option::of(versions), 0..6_u8, drain).prop_map(|(ray_version, fault_tolerant, drain)| {
        WholeCluster {
            ray_version,
            fault_tolerant,
            drain,
        }
    })
}

/// What a template says of how its pods end.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    grace: Option<u64>,
    timeout: Option<Value>,
    from: Option<Value>,
    hook: bool,
    labels: Option<Value>,
}

impl Ending {
    pub(super) fn put_into(self, template: &mut Value) {
        if let Some(labels) = self.labels {
            template["metadata"]["labels"] = labels;
        }
        if let Some(grace) = self.grace {
            template["spec"]["terminationGracePeriodSeconds"] = grace.into();
        }
        let container = &mut template["spec"]["containers"][0];
        if let Some(from) = self.from {
            container["envFrom"] = from;
        }
        if let Some(timeout) = self.timeout {
            match container.get_mut("env").and_then(Value::as_array_mut) {
                Some(env) => env.push(timeout),
                None => container["env"] = json!([timeout]),
            }
        }
        if self.hook {
            container["lifecycle"]["preStop"] = json!({ "exec": { "command": ["sync"] } });
        }
    }
}

pub(super) fn ending() -> impl Strategy<Value = Ending> {
    const TIMEOUT: &str = "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S";
    let grace = select(vec![0, 30, 35, 36, 45, 46, 60, 600]);
    let timeout = select(vec![
        json!({ "name": TIMEOUT, "value": "7" }),
        json!({ "name": TIMEOUT, "valueFrom": { "configMapKeyRef": { "name": "c", "key": "k" } } }),
    ]);
    let from = select(vec![
        json!([]),
        json!(null),
        json!([{ "secretRef": { "name": "s" } }]),
    ]);
    let labels = select(vec![
        json!({}),
        json!({ "team": "fruit" }),
        json!({ "ray.io/serve": "false" }),
    ]);
    (
        option::of(grace),
        option::weighted(0.2, timeout),
        option::weighted(0.3, from),
        prop::bool::weighted(0.2),
        option::of(labels),
    )
        .prop_map(|(grace, timeout, from, hook, labels)| Ending {
            grace,
            timeout,
            from,
            hook,
            labels,
        })
}
