//! Every version and name this cluster is made of.

use clap::{Args, builder::PossibleValuesParser};

pub const KUBERNETES: &str = "1.36.3";
pub const ETCD: &str = "3.6.16";
pub const CONTAINERD: &str = "2.3.7";
pub const HELM: &str = "3.22.0";
pub const COREDNS: &str = "1.15.0";

/// What `up` takes when nothing is said.
pub const KUBERAY: &str = "1.6.2";
/// What `up` takes when nothing is said.
pub const RAY: &str = "2.60.0";

/// Operators that were seen to build and run here: the columns of `cargo cluster test --matrix`. `up`
/// takes others too.
pub const KUBERAY_KNOWN: &[&str] = &["1.1.1", "1.2.2", "1.3.2", "1.4.2", "1.5.1", "1.6.2"];
/// Ray versions whose Python dependencies are pinned in `image::ray`.
pub const RAY_KNOWN: &[&str] = &["2.8.0", "2.60.0"];

/// The version of both programs and of the chart: one workspace, one version.
pub const PROJECT: &str = env!("CARGO_PKG_VERSION");

/// Which Ray and which operator.
#[derive(Args, Clone, Debug)]
pub struct Versions {
    /// Ray's version
    #[arg(long, default_value = RAY, value_parser = PossibleValuesParser::new(RAY_KNOWN))]
    pub ray: String,
    /// The KubeRay operator's version: any that is published as a Go module
    #[arg(long, default_value = KUBERAY, value_parser = published)]
    pub kuberay: String,
}

impl Default for Versions {
    fn default() -> Self {
        Self {
            ray: RAY.into(),
            kuberay: KUBERAY.into(),
        }
    }
}

/// The version of a published Go module, as `1.7.0` or `1.7.0-rc.1`.
pub fn published(version: &str) -> Result<String, String> {
    let number = version.strip_prefix('v').unwrap_or(version);
    let core = number.split_once('-').map_or(number, |(core, _)| core);
    let parts: Vec<&str> = core.split('.').collect();
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    if parts.len() == 3 && parts.iter().all(digits) && number.bytes().all(plain) {
        Ok(number.to_owned())
    } else {
        Err("a version has three numbers, as 1.6.2 or 1.7.0-rc.1".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_one_of_a_go_module() {
        for (version, taken) in [
            ("1.7.0", Some("1.7.0")),
            ("v1.7.0", Some("1.7.0")),
            ("1.8.0-rc.1", Some("1.8.0-rc.1")),
            ("1.7", None),
            ("latest", None),
            ("1.7.x", None),
            ("1.7.0/../x", None),
            ("1.7.0-rc 1", None),
            ("", None),
        ] {
            assert_eq!(published(version).ok().as_deref(), taken, "{version}");
        }
        for known in KUBERAY_KNOWN {
            assert_eq!(published(known).as_deref(), Ok(*known));
        }
    }
}
