//! The groups of a `RayCluster`: the head and the workers, and where each is in the object.

use std::fmt;

use json_patch::jsonptr::PointerBuf;
use serde_json::{Map, Value};

/// Where a group is in the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Head,
    Worker(usize),
}

impl Place {
    /// The pointer to a field of the group's Ray container.
    pub(crate) fn container_field(self, field: &str) -> PointerBuf {
        self.template_field(["spec", "containers", "0", field])
    }

    /// The pointer to a field of the group's pod template.
    pub(crate) fn template_field<const N: usize>(self, field: [&str; N]) -> PointerBuf {
        let field = ["template"].into_iter().chain(field);
        match self {
            Self::Head => {
                PointerBuf::from_tokens(["spec", "headGroupSpec"].into_iter().chain(field))
            }
            Self::Worker(index) => PointerBuf::from_tokens(
                ["spec", "workerGroupSpecs", &index.to_string()]
                    .into_iter()
                    .chain(field),
            ),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head => f.write_str("headGroupSpec"),
            Self::Worker(index) => write!(f, "workerGroupSpecs[{index}]"),
        }
    }
}

/// The head and the worker groups.
pub(crate) fn groups(spec: &Value) -> impl Iterator<Item = (Place, &Value)> {
    let workers = spec["workerGroupSpecs"].as_array().into_iter().flatten();
    let workers = workers
        .enumerate()
        .map(|(index, group)| (Place::Worker(index), group));
    std::iter::once((Place::Head, &spec["headGroupSpec"])).chain(workers)
}

/// The operator runs Ray in a group's first container, whatever its name.
pub(crate) fn ray_container(group: &Value) -> Option<&Map<String, Value>> {
    group["template"]["spec"]["containers"]
        .get(0)
        .and_then(Value::as_object)
}
