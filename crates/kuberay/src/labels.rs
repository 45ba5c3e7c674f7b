//! The labels and annotations by which KubeRay and others know its objects.

/// The annotation that asks for Serve. The operator honours [`ANNOTATION_ON`] and no other value.
pub const ANNOTATION: &str = "ray.io/enable-serve-service";
pub const ANNOTATION_ON: &str = "true";

/// The annotation by which a RayCluster does without what lets its pods drain: [`DRAIN_OFF`], in
/// any case. Ours.
pub const DRAIN: &str = "ray.io/serve-drain";
pub const DRAIN_OFF: &str = "false";

/// The older of two ways to ask for GCS fault tolerance. The operator takes [`FAULT_TOLERANT_ON`] in
/// any case.
pub const FAULT_TOLERANT: &str = "ray.io/ft-enabled";
pub const FAULT_TOLERANT_ON: &str = "true";

/// The name of its RayCluster, on every pod, service and Secret of one.
pub const CLUSTER: &str = "ray.io/cluster";
/// The role of a pod in its RayCluster: [`HEAD`] or [`WORKER`].
pub const NODE_TYPE: &str = "ray.io/node-type";
pub const HEAD: &str = "head";
pub const WORKER: &str = "worker";
/// The group of a pod; that of the head is [`HEAD_GROUP`].
pub const GROUP: &str = "ray.io/group";
pub const HEAD_GROUP: &str = "headgroup";
/// "yes" on every pod of a RayCluster.
pub const IS_RAY_NODE: &str = "ray.io/is-ray-node";
/// The one label that a head pod shares with its head service and nothing else.
pub const IDENTIFIER: &str = "ray.io/identifier";
/// On every serve service that the operator makes, with a value of its own; on a pod, whether a
/// narrowed serve service sends it traffic: [`SERVE_IN`] or [`SERVE_OUT`]. The operator knows the same
/// key and values on the pods of a RayService (ray-operator constant.go, `RayClusterServingServiceLabelKey`).
pub const SERVE: &str = "ray.io/serve";
pub const SERVE_IN: &str = "true";
pub const SERVE_OUT: &str = "false";

/// The kind and the name of the RayService or RayJob that a RayCluster was made for.
pub const ORIGIN_KIND: &str = "ray.io/originated-from-crd";
pub const ORIGIN_NAME: &str = "ray.io/originated-from-cr-name";

/// The value of [`IDENTIFIER`] on a head pod and on its head service.
pub fn head_identifier(cluster: &str) -> String {
    format!("{cluster}-{HEAD}")
}

/// Selects the head pods of all RayClusters.
pub fn heads() -> String {
    format!("{NODE_TYPE}={HEAD}")
}

/// Selects the head pods of one RayCluster.
pub fn head_of(cluster: &str) -> String {
    format!("{CLUSTER}={cluster},{}", heads())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_those_of_the_operator_s_objects() {
        assert_eq!(head_of("x"), "ray.io/cluster=x,ray.io/node-type=head");
        assert_eq!(
            format!("{IDENTIFIER}={}", head_identifier("x")),
            "ray.io/identifier=x-head"
        );
    }
}
