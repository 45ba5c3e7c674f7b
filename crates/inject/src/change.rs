//! What the rules add to a cluster, and how that is said in RFC 6902.

use std::collections::HashSet;

use json_patch::jsonptr::{Pointer, PointerBuf, Token};
use json_patch::{AddOperation, Patch, PatchOperation, ReplaceOperation};
use kuberay::drain::{GRACE_SECONDS, TIMEOUT_ENV, pre_stop};
use kuberay::labels::{SERVE, SERVE_IN};
use kuberay::ports::{HeadPort, PROTOCOL};
use kuberay::start_params::{POD_IP_ENV, StartParam};
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::place::Place;
use crate::reference::Path;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    StartParam(StartParam),
    AddPort {
        port: HeadPort,
        number: u16,
    },
    RenamePort {
        index: usize,
        port: HeadPort,
        number: u16,
        had_name: bool,
    },
    /// A field of the head container that named a renamed port.
    FollowPort {
        path: Path,
        port: HeadPort,
    },
    PodIp {
        place: Place,
        has_env: bool,
    },
    /// `terminationGracePeriodSeconds`.
    Grace {
        place: Place,
    },
    DrainTimeout {
        place: Place,
        seconds: u64,
        has_env: bool,
    },
    PreStop {
        place: Place,
        has_lifecycle: bool,
    },
    HeadLabel {
        has_metadata: bool,
        has_labels: bool,
    },
}

const START_PARAMS: &Pointer = Pointer::from_static("/spec/headGroupSpec/rayStartParams");

/// Writes `changes`, which the rules found for `cluster`, as operations that only append or rename.
///
/// A list or object to write to is created first where it is absent: RFC 6902 does not do that.
pub(crate) fn patch(cluster: &Cluster<'_>, changes: &[Change]) -> Patch {
    let mut writer = Writer::default();
    for change in changes {
        match *change {
            Change::StartParam(param) => {
                if cluster.start_params.is_null() {
                    writer.create(START_PARAMS, json!({}));
                }
                writer.add(
                    START_PARAMS.with_trailing_token(param.name),
                    param.value().into(),
                );
            }
            Change::AddPort { port, number } => {
                let ports = Place::Head.container_field("ports");
                if cluster.ports.is_none() {
                    writer.create(&ports, json!([]));
                }
                let port =
                    json!({ "name": port.name, "containerPort": number, "protocol": PROTOCOL });
                writer.append(ports, port);
            }
            Change::RenamePort {
                index,
                port,
                had_name,
                ..
            } => {
                let mut name = Place::Head.container_field("ports");
                name.push_back(index);
                name.push_back("name");
                writer.set(name, port.name.into(), had_name);
            }
            Change::FollowPort { path, port } => {
                let (first, rest) = path.split_first().unwrap_or((&"", &[]));
                let mut field = Place::Head.container_field(first);
                for key in rest {
                    field.push_back(*key);
                }
                writer.set(field, port.name.into(), true);
            }
            Change::PodIp { place, has_env } => {
                let variable = json!({
                    "name": POD_IP_ENV,
                    "valueFrom": { "fieldRef": { "fieldPath": "status.podIP" } },
                });
                writer.add_variable(place, has_env, variable);
            }
            Change::Grace { place } => {
                let grace = place.template_field(["spec", "terminationGracePeriodSeconds"]);
                writer.add(grace, GRACE_SECONDS.into());
            }
            Change::DrainTimeout {
                place,
                seconds,
                has_env,
            } => {
                let variable = json!({ "name": TIMEOUT_ENV, "value": seconds.to_string() });
                writer.add_variable(place, has_env, variable);
            }
            Change::PreStop {
                place,
                has_lifecycle,
            } => {
                let mut lifecycle = place.container_field("lifecycle");
                if !has_lifecycle {
                    writer.create(&lifecycle, json!({}));
                }
                lifecycle.push_back("preStop");
                writer.add(lifecycle, pre_stop());
            }
            Change::HeadLabel {
                has_metadata,
                has_labels,
            } => {
                if !has_metadata {
                    writer.create(&Place::Head.template_field(["metadata"]), json!({}));
                }
                let mut labels = Place::Head.template_field(["metadata", "labels"]);
                if !has_labels {
                    writer.create(&labels, json!({}));
                }
                labels.push_back(SERVE);
                writer.add(labels, SERVE_IN.into());
            }
        }
    }
    Patch(writer.operations)
}

#[derive(Default)]
struct Writer {
    operations: Vec<PatchOperation>,
    /// The parents that were made: a second one would take away what was put into the first.
    created: HashSet<PointerBuf>,
}

impl Writer {
    fn create(&mut self, path: &Pointer, empty: Value) {
        if self.created.insert(path.to_owned()) {
            self.add(path.to_owned(), empty);
        }
    }

    fn add_variable(&mut self, place: Place, has_env: bool, variable: Value) {
        let env = place.container_field("env");
        if !has_env {
            self.create(&env, json!([]));
        }
        self.append(env, variable);
    }

    fn append(&mut self, mut list: PointerBuf, value: Value) {
        list.push_back(Token::new("-"));
        self.add(list, value);
    }

    fn set(&mut self, path: PointerBuf, value: Value, exists: bool) {
        if exists {
            let replace = ReplaceOperation { path, value };
            self.operations.push(PatchOperation::Replace(replace));
        } else {
            self.add(path, value);
        }
    }

    fn add(&mut self, path: PointerBuf, value: Value) {
        let add = AddOperation { path, value };
        self.operations.push(PatchOperation::Add(add));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rules write in any order: a parent that is made once more would lose what is in it.
    #[test]
    fn a_parent_is_made_once_whatever_comes_between() {
        let mut writer = Writer::default();
        let other = Pointer::from_static("/spec/other");
        for parent in [START_PARAMS, other, START_PARAMS] {
            writer.create(parent, json!({}));
        }
        let made: Vec<&str> = writer
            .operations
            .iter()
            .map(|operation| operation.path().as_str())
            .collect();
        assert_eq!(made, [START_PARAMS.as_str(), other.as_str()]);
    }
}
