//! The serve service of a RayCluster, and who made its selector what it is.

use std::collections::BTreeMap;

use kuberay::labels::{CLUSTER, HEAD, NODE_TYPE, SERVE, SERVE_IN};
use kuberay::names::{serve_service, serve_service_before_1_4};

/// A selector as it stands in a service.
pub type Selector = BTreeMap<String, String>;

/// What the watch says of a serve service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeService {
    pub name: String,
    pub uid: String,
    /// The uid of the RayCluster that owns it.
    pub owner_uid: Option<String>,
    pub selector: Selector,
    /// The number on the pods of its port for Serve's HTTP: see `kuberay::role::serve_http`.
    pub port: Option<u16>,
}

/// What the controller may do: what the chart's `serveService.mode` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Label pods, and narrow the selector to that label.
    Pods,
    /// Narrow the selector to the head, without any right on pods and without looking at one.
    Head,
}

/// Whose a selector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// The operator's: every pod of the cluster.
    Broad,
    /// Ours: the pods with the label.
    Labelled,
    /// Ours where pods may not be labelled: the head.
    Head,
    /// Somebody's, who uses our label too.
    EditedLabelled,
    /// Somebody's.
    Edited,
}

impl ServeService {
    /// Whether it is the service that the operator made for the RayCluster with this name and uid. One
    /// of the same name may be somebody else's: the operator then makes none.
    pub fn belongs_to(&self, cluster: &str, uid: &str) -> bool {
        let is_named =
            self.name == serve_service(cluster) || self.name == serve_service_before_1_4(cluster);
        is_named && self.owner_uid.as_deref() == Some(uid)
    }

    pub fn selection(&self, cluster: &str) -> Selection {
        if self.selector == broad(cluster) {
            Selection::Broad
        } else if self.selector == labelled(cluster) {
            Selection::Labelled
        } else if self.selector == head(cluster) {
            Selection::Head
        } else if self.selector.get(SERVE).is_some_and(|is| is == SERVE_IN) {
            Selection::EditedLabelled
        } else {
            Selection::Edited
        }
    }
}

/// The operator's selector.
pub fn broad(cluster: &str) -> Selector {
    [(CLUSTER, cluster)].map(owned).into()
}

pub fn labelled(cluster: &str) -> Selector {
    [(CLUSTER, cluster), (SERVE, SERVE_IN)].map(owned).into()
}

pub fn head(cluster: &str) -> Selector {
    [(CLUSTER, cluster), (NODE_TYPE, HEAD)].map(owned).into()
}

fn owned((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, owner_uid: Option<&str>, selector: Selector) -> ServeService {
        ServeService {
            name: name.to_owned(),
            uid: "s".to_owned(),
            owner_uid: owner_uid.map(str::to_owned),
            selector,
            port: Some(8000),
        }
    }

    #[test]
    fn a_service_belongs_to_the_cluster_that_owns_it() {
        let belongs = |name: &str, owner| service(name, owner, broad("x")).belongs_to("x", "1");
        assert!(belongs("x-serve-svc", Some("1")));
        assert!(!belongs("x-serve-svc", Some("2")));
        assert!(!belongs("x-serve-svc", None));
        assert!(!belongs("x-head-svc", Some("1")));
        let long = "c".repeat(52);
        let cut = format!("{}-serve-svc", "c".repeat(40));
        assert!(service(&cut, Some("1"), broad(&long)).belongs_to(&long, "1"));
    }

    #[test]
    fn only_three_selectors_are_ours_or_the_operator_s() {
        let with = |pairs: &[(&str, &str)]| {
            let selector = pairs.iter().copied().map(owned).collect();
            service("x-serve-svc", Some("1"), selector).selection("x")
        };
        let cluster = ("ray.io/cluster", "x");
        let serve = ("ray.io/serve", "true");
        for (pairs, expected) in [
            (&[cluster][..], Selection::Broad),
            (&[cluster, serve], Selection::Labelled),
            (&[cluster, ("ray.io/node-type", "head")], Selection::Head),
            (&[cluster, serve, ("a", "b")], Selection::EditedLabelled),
            (&[serve], Selection::EditedLabelled),
            (&[cluster, ("ray.io/serve", "false")], Selection::Edited),
            (
                &[cluster, ("ray.io/node-type", "worker")],
                Selection::Edited,
            ),
            (&[("ray.io/cluster", "y")], Selection::Edited),
            (&[], Selection::Edited),
        ] {
            assert_eq!(with(pairs), expected, "{pairs:?}");
        }
    }
}
