//! How the API server and kubectl name a RayCluster.

pub const API_GROUP: &str = "ray.io";
/// The version that every supported operator stores.
pub const API_VERSION: &str = "ray.io/v1";
/// The path of all resources of that version.
pub const API_PATH: &str = "/apis/ray.io/v1";
pub const KIND: &str = "RayCluster";
pub const PLURAL: &str = "rayclusters";
/// The resource with its group, as `kubectl get -o name` prints it.
pub const QUALIFIED: &str = "raycluster.ray.io";

/// Who manages a RayCluster unless its `spec.managedBy` names another.
pub const OPERATOR: &str = "ray.io/kuberay-operator";
/// The condition of a RayCluster for which a pod could not be made.
pub const REPLICA_FAILURE: &str = "ReplicaFailure";

/// What stands before the slash where kubectl takes `raycluster/NAME`.
pub fn is_kind_of_kubectl(kind: &str) -> bool {
    matches!(
        kind,
        "raycluster" | PLURAL | QUALIFIED | "rayclusters.ray.io"
    )
}

/// The path of a namespace's RayClusters.
pub fn path(namespace: &str) -> String {
    format!("{API_PATH}/namespaces/{namespace}/{PLURAL}")
}

/// Whether an object of this `apiVersion` is KubeRay's, whatever its version.
pub fn is_of_kuberay(api_version: &str) -> bool {
    api_version
        .split_once('/')
        .is_some_and(|(group, _)| group == API_GROUP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_names_agree() {
        assert_eq!(path("team"), "/apis/ray.io/v1/namespaces/team/rayclusters");
        assert_eq!(API_PATH, format!("/apis/{API_VERSION}"));
        assert_eq!(QUALIFIED, format!("{}.{API_GROUP}", KIND.to_lowercase()));
    }

    #[test]
    fn kinds_are_taken_as_kubectl_takes_them() {
        for kind in [
            "raycluster",
            "rayclusters",
            "raycluster.ray.io",
            "rayclusters.ray.io",
        ] {
            assert!(is_kind_of_kubectl(kind), "{kind}");
        }
        for kind in ["rayservice", "RayCluster", "raycluster.", ""] {
            assert!(!is_kind_of_kubectl(kind), "{kind}");
        }
    }

    #[test]
    fn the_group_makes_an_object_kuberay_s() {
        for version in ["ray.io/v1", "ray.io/v1alpha1", "ray.io/v2"] {
            assert!(is_of_kuberay(version), "{version}");
        }
        for version in ["", "v1", "ray.io", "my-ray.io/v1", "apps/v1"] {
            assert!(!is_of_kuberay(version), "{version}");
        }
    }
}
