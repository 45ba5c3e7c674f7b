//! What an update needs beyond the rules: leave running pods alone, and say nothing twice.
//!
//! An old object *is ready* when the rules find nothing to add to it. It then was injected when it
//! was created, or its author wrote everything down. `kubectl apply` strips what was injected from
//! such an object, and putting it back changes nothing in the cluster.
//!
//! | old object                   | `upgradeStrategy` | outcome                                        |
//! | ---------------------------- | ----------------- | ---------------------------------------------- |
//! | not annotated                | `None`            | inject, warn that running pods keep their spec |
//! | not annotated                | `Recreate`        | inject as asked, warn that all pods restart    |
//! | annotated, ready             | `None`            | inject; silent, except for what is new         |
//! | annotated, ready             | `Recreate`        | inject; silent: only a user's edit restarts    |
//! | annotated, not ready         | `None`            | inject, warn that running pods keep their spec |
//! | annotated, not ready         | `Recreate`        | leave alone and warn: the update may be the operator's or the autoscaler's own, and would restart every pod |
//!
//! "Annotated, not ready" is a cluster from before the webhook. Whatever the old object is, an
//! object to which nothing has to be added is left as it is, and a warning that the old object
//! would have had too is not repeated.

use serde_json::Value;

use crate::change::Change;
use crate::cluster::{Cluster, Place};
use crate::decide::is_annotated;
use crate::warning::OldPods;
use crate::{Mutation, Outcome, Review, Warning, inject, rules};

/// Whether the injection, and not its author, would make the operator delete every pod.
pub(crate) fn would_recreate_pods(object: &Value, old: &Value) -> bool {
    is_recreate(object) && is_annotated(old) && !is_ready(old) && lacks_something(object)
}

/// Takes back the warnings that were due before, and adds what a change means for running pods.
pub(crate) fn settle(mutation: Mutation, object: &Value, old: &Value) -> Outcome {
    let Mutation {
        mut outcome,
        changes,
    } = mutation;
    let before = inject(&Review::create(old));
    let old_cluster = Cluster::read(old).ok();
    outcome.warnings.retain(|warning| {
        let carried = match (warning, &old_cluster) {
            (Warning::PortRenamed { number, to, .. }, Some(old)) => old.declares(to, *number),
            _ => false,
        };
        !carried && !before.warnings.contains(warning)
    });
    let recreate = is_recreate(object);
    if let Some(pods) = old_pods(&changes, object, old, old_cluster.as_ref()) {
        if !recreate {
            outcome.warnings.push(Warning::PodsKeepOldSpec(pods));
        } else if !is_annotated(old) {
            outcome.warnings.push(Warning::RecreatesPods);
        }
    }
    outcome
}

/// The pods that run without these changes: all pods of a group that was changed and is not new.
fn old_pods(
    changes: &[Change],
    object: &Value,
    old: &Value,
    old_cluster: Option<&Cluster<'_>>,
) -> Option<OldPods> {
    let (mut head, mut workers) = (false, false);
    for change in changes {
        let carried = |test: &dyn Fn(&Cluster<'_>) -> bool| old_cluster.is_some_and(test);
        match change {
            Change::StartParam(param) => {
                head |= !carried(&|old| old.start_params[param.name] == param.value);
            }
            Change::AddPort { port, number } | Change::RenamePort { port, number, .. } => {
                head |= !carried(&|old| old.declares(port.name, *number));
            }
            Change::PodIp(Place::Head) => {
                head |= !carried(&|old| {
                    let mut groups = old.pod_ip_groups.iter();
                    groups.any(|group| group.place == Place::Head && group.has_pod_ip())
                });
            }
            Change::PodIp(Place::Worker(index)) => {
                let name = &object["spec"]["workerGroupSpecs"][index]["groupName"];
                let is_new = !worker_groups(old).any(|group| group["groupName"] == *name);
                workers |= !is_new
                    && !carried(&|old| {
                        let mut groups = old.pod_ip_groups.iter();
                        groups.any(|group| group.name == name && group.has_pod_ip())
                    });
            }
        }
    }
    let text = |key| object["metadata"][key].as_str().map(str::to_owned);
    (head || workers).then(|| OldPods {
        namespace: text("namespace"),
        cluster: text("name").unwrap_or_default(),
        head,
        workers,
    })
}

fn worker_groups(object: &Value) -> impl Iterator<Item = &Value> {
    object["spec"]["workerGroupSpecs"]
        .as_array()
        .into_iter()
        .flatten()
}

fn is_recreate(object: &Value) -> bool {
    object["spec"]["upgradeStrategy"]["type"] == "Recreate"
}

fn is_ready(object: &Value) -> bool {
    Cluster::read(object).is_ok_and(|cluster| rules::plan(&cluster).changes.is_empty())
}

fn lacks_something(object: &Value) -> bool {
    Cluster::read(object).is_ok_and(|cluster| !rules::plan(&cluster).changes.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Operation, Reason};

    fn cluster(annotated: bool, strategy: &str) -> Value {
        json!({
            "apiVersion": "ray.io/v1",
            "kind": "RayCluster",
            "metadata": {
                "name": "c",
                "annotations": annotated.then(|| json!({ "ray.io/enable-serve-service": "true" })),
            },
            "spec": {
                "upgradeStrategy": { "type": strategy },
                "headGroupSpec": { "template": { "spec": { "containers": [{ "name": "ray-head" }] } } },
            },
        })
    }

    fn injected(mut object: Value) -> Value {
        let patch = crate::mutate(&object).patch;
        json_patch::patch(&mut object, &patch).unwrap();
        object
    }

    #[test]
    fn the_table_above() {
        let keeps_spec: fn(&Warning) -> bool = |w| matches!(w, Warning::PodsKeepOldSpec(_));
        for (strategy, turned_on, not_ready) in [
            ("None", keeps_spec, (Reason::Injected, keeps_spec)),
            (
                "Recreate",
                |w| matches!(w, Warning::RecreatesPods),
                (Reason::UpgradeRecreatesPods, |w| {
                    matches!(w, Warning::WouldRecreatePods)
                }),
            ),
        ] {
            let object = cluster(true, strategy);
            let update = |old: &Value| inject(&Review::update(&object, old));

            let outcome = update(&cluster(false, strategy));
            assert_eq!(outcome.reason, Reason::Injected, "{strategy}");
            assert!(
                matches!(&outcome.warnings[..], [w] if turned_on(w)),
                "{outcome:?}"
            );

            let outcome = update(&injected(object.clone()));
            assert_eq!(outcome.reason, Reason::Injected, "{strategy}");
            assert_eq!(outcome.warnings, [], "{strategy}");

            let (reason, warned) = not_ready;
            let outcome = update(&object);
            assert_eq!(outcome.reason, reason, "{strategy}");
            assert!(
                matches!(&outcome.warnings[..], [w] if warned(w)),
                "{outcome:?}"
            );
            assert_eq!(outcome.patch.is_empty(), reason != Reason::Injected);
        }
    }

    #[test]
    fn an_object_that_lacks_nothing_is_never_in_the_way() {
        for strategy in ["None", "Recreate"] {
            let object = injected(cluster(true, strategy));
            for old in [cluster(true, strategy), cluster(false, strategy)] {
                let outcome = inject(&Review::update(&object, &old));
                assert_eq!(outcome.reason, Reason::AlreadyReady);
                assert_eq!(outcome.warnings, []);
            }
        }
    }

    #[test]
    fn an_update_without_its_old_object_is_taken_for_a_creation() {
        let object = cluster(true, "Recreate");
        let outcome = inject(&Review {
            operation: Operation::Update,
            object: &object,
            old_object: None,
        });
        assert_eq!(outcome, inject(&Review::create(&object)));
    }
}
