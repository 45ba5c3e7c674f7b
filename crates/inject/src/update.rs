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
//! | annotated, not ready         | `Recreate`        | leave alone and warn: the update may be the operator's or the autoscaler's own, and would restart every pod; silent where the old object was left alone for the same changes |
//!
//! "Annotated, not ready" is a cluster from before the webhook. What a cluster serves without, the
//! drain of its pods, is not looked at here: see `running`. Whatever the old object is, an
//! object to which nothing has to be added is left as it is, and a warning that the old object
//! would have had too is not repeated.

use std::collections::HashMap;

use kuberay::ports::SERVE;
use serde_json::Value;

use crate::annotation::is_annotated;
use crate::change::Change;
use crate::cluster::{Cluster, PodIpGroup, Unreadable};
use crate::decide::{Decision, decide, skip_warning};
use crate::old::Old;
use crate::place::Place;
use crate::recreate::{is_recreate, was_left_alone};
use crate::rules::{self, Wanted};
use crate::warning::OldPods;
use crate::{Mutation, Outcome, Review, Warning, reference};

/// Takes back the warnings that were due before, and adds what a change means for running pods.
pub(crate) fn settle(mutation: Mutation, object: &Value, before: &Old<'_>) -> Outcome {
    let Mutation {
        mut outcome,
        changes,
    } = mutation;
    if outcome.warnings.is_empty() && changes.is_empty() {
        return outcome;
    }
    let (old, old_cluster) = (before.object, before.cluster());
    if !outcome.warnings.is_empty() {
        let before = warnings_before(old, old_cluster);
        outcome.warnings.retain(|warning| {
            let is_known = match (warning, old_cluster) {
                (Warning::WouldRecreatePods, _) => was_left_alone(object, old),
                (Warning::PortRenamed { number, to, .. }, Ok(old)) => old.declares(to, *number),
                (Warning::AddedBeside { name, other }, Ok(old)) => {
                    old.declares(SERVE.name, SERVE.number) && old.declares(name, *other)
                }
                _ => false,
            };
            !is_known && !before.contains(warning)
        });
    }
    let recreate = is_recreate(object);
    if let Some(pods) = old_pods(&changes, object, old, old_cluster.ok()) {
        if !recreate {
            outcome.warnings.push(Warning::PodsKeepOldSpec(pods));
        } else if !is_annotated(old) {
            outcome.warnings.push(Warning::RecreatesPods);
        }
    }
    outcome
}

/// What the old object would be told, were it created now.
fn warnings_before(old: &Value, cluster: Result<&Cluster<'_>, &Unreadable>) -> Vec<Warning> {
    match (decide(&Review::create(old)), cluster) {
        (Decision::Skip(reason), _) => skip_warning(reason, old).into_iter().collect(),
        (Decision::Mutate, Ok(cluster)) => {
            let mut plan = rules::plan(cluster);
            rules::add_wanted(cluster, &Wanted::at_creation(cluster, true), &mut plan);
            plan.warnings
        }
        (Decision::Mutate, Err(unreadable)) => vec![unreadable.warning.clone()],
    }
}

/// The pods that run without these changes: all pods of a group that was changed and is not new.
fn old_pods(
    changes: &[Change],
    object: &Value,
    old: &Value,
    old_cluster: Option<&Cluster<'_>>,
) -> Option<OldPods> {
    let (mut head, mut workers) = (false, false);
    let mut worker_groups = None;
    for change in changes {
        let carried = |test: &dyn Fn(&Cluster<'_>) -> bool| old_cluster.is_some_and(test);
        match change {
            Change::StartParam(param) => {
                head |= !carried(&|old| old.start_params[param.name] == param.value());
            }
            Change::AddPort { port, number } | Change::RenamePort { port, number, .. } => {
                head |= !carried(&|old| old.declares(port.name, *number));
            }
            Change::FollowPort { path, port } => {
                head |= !carried(&|old| reference::name_at(old.container, path) == Some(port.name));
            }
            Change::PodIp {
                place: Place::Head, ..
            } => {
                head |= !carried(&|old| {
                    let mut groups = old.pod_ip_groups.iter();
                    groups.any(|group| group.place == Place::Head && group.has_pod_ip())
                });
            }
            Change::PodIp {
                place: Place::Worker(index),
                ..
            } => {
                let before = worker_groups.get_or_insert_with(|| {
                    let old_groups = old_cluster.map(|old| old.pod_ip_groups.as_slice());
                    workers_with_pod_ip(old, old_groups.unwrap_or_default())
                });
                let name = object["spec"]["workerGroupSpecs"][index]["groupName"].as_str();
                workers |= before.get(&name) == Some(&false);
            }
            // What serves goes on serving without them.
            Change::Grace { .. }
            | Change::DrainTimeout { .. }
            | Change::PreStop { .. }
            | Change::HeadLabel { .. } => {}
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

/// The worker groups by name, and whether they have the variable for the pod's IP.
fn workers_with_pod_ip<'a>(
    object: &'a Value,
    pod_ip_groups: &[PodIpGroup<'a>],
) -> HashMap<Option<&'a str>, bool> {
    let all = object["spec"]["workerGroupSpecs"].as_array();
    let all = all.into_iter().flatten();
    let mut workers: HashMap<_, _> = all
        .map(|group| (group["groupName"].as_str(), false))
        .collect();
    let with_pod_ip = pod_ip_groups
        .iter()
        .filter(|group| group.place != Place::Head && group.has_pod_ip());
    workers.extend(with_pod_ip.map(|group| (group.name, true)));
    workers
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Operation, Reason, inject};

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
        for (strategy, turned_on, (reason, not_ready)) in [
            ("None", keeps_spec, (Reason::Injected, Some(keeps_spec))),
            (
                "Recreate",
                |w| matches!(w, Warning::RecreatesPods),
                (Reason::UpgradeRecreatesPods, None),
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

            let outcome = update(&object);
            assert_eq!(outcome.reason, reason, "{strategy}");
            let expected = match &outcome.warnings[..] {
                [] => not_ready.is_none(),
                [warning] => not_ready.is_some_and(|test| test(warning)),
                _ => false,
            };
            assert!(expected, "{outcome:?}");
            assert_eq!(outcome.patch.is_empty(), reason != Reason::Injected);
        }
    }

    #[test]
    fn what_recreate_forbids_is_said_when_it_is_news() {
        let object = cluster(true, "Recreate");
        let warnings = |object: &Value, old: &Value| {
            let outcome = inject(&Review::update(object, old));
            assert_eq!(outcome.reason, Reason::UpgradeRecreatesPods);
            outcome.warnings
        };
        let mut scaled = object.clone();
        scaled["spec"]["workerGroupSpecs"] = json!([{ "groupName": "g", "replicas": 3 }]);
        assert_eq!(warnings(&scaled, &object), []);

        let mut edited = object.clone();
        edited["spec"]["headGroupSpec"]["rayStartParams"] = json!({ "dashboard-host": "0.0.0.0" });
        assert_eq!(warnings(&edited, &object), [Warning::WouldRecreatePods]);
        let before = cluster(true, "None");
        assert_eq!(warnings(&object, &before), [Warning::WouldRecreatePods]);
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
