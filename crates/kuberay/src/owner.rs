//! Who owns a RayCluster: the RayService or RayJob that the operator made it for.
//!
//! The operator reconciles such a cluster: it overwrites what is injected into it, and undoes what is
//! deployed on it. It says whose the cluster is by a label; where somebody removed that, the owner
//! reference still does, because garbage collection needs it. A reference counts only with KubeRay's
//! API group: another group's `RayJob` overwrites nothing. The API server takes none without a group.

use std::fmt;

use serde_json::Value;

use crate::labels::{ORIGIN_KIND, ORIGIN_NAME};
use crate::resource::is_of_kuberay;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OwnerKind {
    RayService,
    RayJob,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner<'a> {
    pub kind: OwnerKind,
    /// Empty where neither label nor reference has it.
    pub name: &'a str,
}

/// The owner reference of a controller, of which an object has at most one.
#[derive(Debug, Clone, Copy)]
pub struct Controller<'a> {
    pub api_version: &'a str,
    pub kind: &'a str,
    pub name: &'a str,
}

impl OwnerKind {
    fn read(kind: &str) -> Option<Self> {
        match kind {
            "RayService" => Some(Self::RayService),
            "RayJob" => Some(Self::RayJob),
            _ => None,
        }
    }
}

impl<'a> Owner<'a> {
    /// Finds the owner by the cluster's labels, or else by its controller.
    pub fn find(
        label: impl Fn(&str) -> Option<&'a str>,
        controller: Option<Controller<'a>>,
    ) -> Option<Self> {
        if let Some(kind) = label(ORIGIN_KIND).and_then(OwnerKind::read) {
            let name = label(ORIGIN_NAME).unwrap_or_default();
            return Some(Self { kind, name });
        }
        let controller = controller.filter(|found| is_of_kuberay(found.api_version))?;
        Some(Self {
            kind: OwnerKind::read(controller.kind)?,
            name: controller.name,
        })
    }

    /// The same, of the `metadata` of any JSON.
    pub fn in_metadata(metadata: &'a Value) -> Option<Self> {
        let text = |value: &'a Value| value.as_str().unwrap_or_default();
        let references = metadata["ownerReferences"].as_array();
        let mut references = references.into_iter().flatten();
        let controller = references.find(|reference| reference["controller"] == true);
        Self::find(
            |key| metadata["labels"][key].as_str(),
            controller.map(|found| Controller {
                api_version: text(&found["apiVersion"]),
                kind: text(&found["kind"]),
                name: text(&found["name"]),
            }),
        )
    }
}

impl fmt::Display for Owner<'_> {
    /// As kubectl takes it: `rayservice/NAME`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            OwnerKind::RayService => "rayservice",
            OwnerKind::RayJob => "rayjob",
        };
        write!(f, "{kind}/{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::RayCluster;

    /// The owner, which typed and untyped readers agree on.
    fn owner(metadata: &Value) -> Option<String> {
        let untyped = Owner::in_metadata(metadata).map(|owner| owner.to_string());
        let typed: RayCluster =
            serde_json::from_value(json!({ "metadata": metadata })).expect("a RayCluster");
        let typed = typed.owner().map(|owner| owner.to_string());
        assert_eq!(untyped, typed, "{metadata}");
        untyped
    }

    fn labelled(kind: &str) -> Value {
        json!({ "labels": { ORIGIN_KIND: kind, ORIGIN_NAME: "s" } })
    }

    fn controlled(api_version: &str, kind: &str) -> Value {
        json!({ "ownerReferences": [
            { "apiVersion": "v1", "kind": "ConfigMap", "name": "other" },
            { "apiVersion": api_version, "kind": kind, "name": "j", "controller": true },
        ] })
    }

    #[test]
    fn the_label_says_whose_a_cluster_is() {
        for (kind, expected) in [
            ("RayService", Some("rayservice/s")),
            ("RayJob", Some("rayjob/s")),
            ("RayCluster", None),
            ("rayservice", None),
            ("", None),
        ] {
            assert_eq!(owner(&labelled(kind)).as_deref(), expected, "{kind}");
        }
        let nameless = json!({ "labels": { ORIGIN_KIND: "RayJob" } });
        assert_eq!(owner(&nameless).as_deref(), Some("rayjob/"));
    }

    #[test]
    fn a_controller_of_kuberay_owns_its_cluster() {
        for (api_version, kind, expected) in [
            ("ray.io/v1", "RayJob", Some("rayjob/j")),
            ("ray.io/v1alpha1", "RayService", Some("rayservice/j")),
            ("ray.io/v1", "RayCluster", None),
            ("example.com/v1", "RayJob", None),
            ("", "RayJob", None),
            ("workload.codeflare.dev/v1beta2", "AppWrapper", None),
        ] {
            let found = owner(&controlled(api_version, kind));
            assert_eq!(found.as_deref(), expected, "{api_version} {kind}");
        }
        let mut not_controlled = controlled("ray.io/v1", "RayJob");
        not_controlled["ownerReferences"][1]["controller"] = false.into();
        assert_eq!(owner(&not_controlled), None);
    }

    #[test]
    fn the_label_comes_before_the_reference() {
        let mut both = labelled("RayService");
        both["ownerReferences"] = controlled("ray.io/v1", "RayJob")["ownerReferences"].clone();
        assert_eq!(owner(&both).as_deref(), Some("rayservice/s"));
        both["labels"][ORIGIN_KIND] = "RayCluster".into();
        assert_eq!(owner(&both).as_deref(), Some("rayjob/j"));
    }
}
