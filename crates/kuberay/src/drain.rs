//! How a pod of Ray ends without failing requests: what the kubelet and Ray have to be told.
//!
//! Serve's proxy drains for 30 s at least and looks every 5 s whether it is done. That is all of
//! Kubernetes' own grace period and of Ray's own timeout, so that a drain is always cut short.

use serde_json::{Value, json};

/// Seconds from a pod's deletion to SIGKILL: a drain, and Ray's own end.
pub const GRACE_SECONDS: u64 = 60;

/// How long `ray start --block` drains its node after SIGTERM. Ray knows it since 2.57.0, and older
/// ones ignore it (ray `_private/ray_constants.py`).
pub const TIMEOUT_ENV: &str = "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S";

/// For Ray to end by itself after the drain.
const EXIT_SECONDS: u64 = 5;

/// What is left of a shorter one is no more than Serve's proxy takes at least, and than Ray's own
/// timeout.
const LEAST_SECONDS: u64 = 30;

/// How long a pod whose Ray stops at SIGTERM goes on before it: endpoints are changed in the meantime.
const PRE_STOP_SECONDS: u64 = 10;

/// The first Ray 2 that drains at SIGTERM.
const DRAINS_SINCE: u16 = 57;

/// Whether Ray of this version (`rayVersion`) is known to drain its node at SIGTERM.
pub fn drains_at_sigterm(ray_version: &str) -> bool {
    let version = ray_version.trim().trim_start_matches('v');
    let mut numbers = version.split('.').map(|part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        part[..part.len() - rest.len()].parse::<u16>().ok()
    });
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(2), Some(minor)) => minor >= DRAINS_SINCE,
        (Some(major), Some(_)) => major > 2,
        _ => false,
    }
}

/// The value of [`TIMEOUT_ENV`] for a grace period, of which [`pre_stop`] takes its part first. None
/// if that leaves no time to drain.
pub fn timeout_seconds(grace_seconds: u64, has_our_pre_stop: bool) -> Option<u64> {
    let before = if has_our_pre_stop {
        PRE_STOP_SECONDS
    } else {
        0
    };
    grace_seconds
        .checked_sub(EXIT_SECONDS + before)
        .filter(|seconds| *seconds > LEAST_SECONDS)
}

/// The hook for a Ray that does not drain. Without a shell: an image that lacks one may have `sleep`,
/// and the kubelet goes on with SIGTERM where it is missing. The `sleep` action needs Kubernetes 1.30.
pub fn pre_stop() -> Value {
    json!({ "exec": { "command": ["sleep", PRE_STOP_SECONDS.to_string()] } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ray_drains_since_2_57() {
        for version in [
            "2.57.0",
            "2.60.0",
            "v2.58",
            "2.57.0rc1",
            "3.0.0.dev0",
            " 2.59.1 ",
        ] {
            assert!(drains_at_sigterm(version), "{version}");
        }
        for version in [
            "2.56.1",
            "2.8.0",
            "1.13.0",
            "",
            "nightly",
            "2",
            "2.x",
            "latest.57",
        ] {
            assert!(!drains_at_sigterm(version), "{version}");
        }
    }

    #[test]
    fn a_drain_ends_before_sigkill_or_is_not_asked_for() {
        for (grace, ours, expected) in [
            (GRACE_SECONDS, false, Some(55)),
            (GRACE_SECONDS, true, Some(45)),
            (600, false, Some(595)),
            (36, false, Some(31)),
            (35, false, None),
            (46, true, Some(31)),
            (45, true, None),
            (30, false, None),
            (0, true, None),
            (u64::MAX, true, Some(u64::MAX - 15)),
        ] {
            assert_eq!(timeout_seconds(grace, ours), expected, "{grace} {ours}");
        }
    }
}
