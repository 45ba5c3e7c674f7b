//! The labels and annotations by which KubeRay and others know its objects.

/// The annotation that asks for Serve. The operator honours [`ANNOTATION_ON`] and no other value.
pub const ANNOTATION: &str = "ray.io/enable-serve-service";
pub const ANNOTATION_ON: &str = "true";

/// The kind of the `RayService` or `RayJob` that a RayCluster was made for.
pub const ORIGIN_KIND: &str = "ray.io/originated-from-crd";
