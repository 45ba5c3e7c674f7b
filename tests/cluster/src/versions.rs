//! Every version and name this cluster is made of.

pub const KUBERNETES: &str = "1.36.3";
pub const ETCD: &str = "3.6.16";
pub const CONTAINERD: &str = "2.3.7";
pub const HELM: &str = "3.22.0";
pub const COREDNS: &str = "1.15.0";

/// What `up` takes when nothing is said.
pub const KUBERAY: &str = "1.6.2";
/// What `up` takes when nothing is said.
pub const RAY: &str = "2.60.0";

/// Operators whose published module builds and runs here.
pub const KUBERAY_KNOWN: &[&str] = &["1.1.1", "1.2.2", "1.3.2", "1.4.2", "1.5.1", "1.6.2"];
/// Ray versions whose Python dependencies are pinned in `image::ray`.
pub const RAY_KNOWN: &[&str] = &["2.8.0", "2.60.0"];

/// The version of both programs and of the chart: one workspace, one version.
pub const PROJECT: &str = env!("CARGO_PKG_VERSION");
