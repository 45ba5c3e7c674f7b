//! A RayCluster's name as users give it.

use std::fmt;
use std::str::FromStr;

use kuberay::RayCluster;
use kuberay::resource;

use super::object_name;

/// A `RayCluster`'s name as given on the command line: `NAME` or `raycluster/NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterName(String);

/// See [`ClusterName::local`].
pub const LOCAL: &str = "local";

impl ClusterName {
    pub fn of(cluster: &RayCluster) -> Self {
        Self(cluster.metadata.name.clone())
    }

    /// What a Ray without Kubernetes is called where nobody names it.
    pub fn local() -> Self {
        Self(LOCAL.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClusterName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = match text.split_once('/') {
            None => text,
            Some((kind, name)) if resource::is_kind_of_kubectl(kind) => name,
            Some((kind, _)) => {
                return Err(format!(
                    "\"{kind}\" is not a kind this command works on, only raycluster is"
                ));
            }
        };
        if object_name::is_valid(name) {
            Ok(Self(name.to_owned()))
        } else {
            Err("not a valid name of a RayCluster".to_owned())
        }
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_as_kubectl_takes_them() {
        for (text, name) in [
            ("x", Some("x")),
            ("raycluster/x-1", Some("x-1")),
            ("rayservice/x", None),
            ("a b", None),
            ("x/../y", None),
            (".", None),
            ("..", None),
            ("raycluster/..", None),
            ("x.", None),
            ("-x", None),
            ("", None),
        ] {
            assert_eq!(
                text.parse::<ClusterName>()
                    .ok()
                    .map(|parsed| parsed.to_string())
                    .as_deref(),
                name,
                "{text}"
            );
        }
    }
}
