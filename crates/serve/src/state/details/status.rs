//! The states that Ray gives to applications, deployments, replicas and proxies.

pub const RUNNING: &str = "RUNNING";
pub const DELETING: &str = "DELETING";
pub const DEPLOYING: &str = "DEPLOYING";
pub const DEPLOY_FAILED: &str = "DEPLOY_FAILED";
pub const UNHEALTHY: &str = "UNHEALTHY";
pub const HEALTHY: &str = "HEALTHY";

/// Whether an application, deployment or proxy has this status because it failed.
pub fn has_failed(status: &str) -> bool {
    matches!(status, DEPLOY_FAILED | UNHEALTHY)
}

/// How much a status asks for attention.
pub(super) fn severity(status: &str) -> u8 {
    match status {
        RUNNING => 0,
        DELETING => 1,
        "NOT_STARTED" | DEPLOYING => 2,
        UNHEALTHY => 4,
        DEPLOY_FAILED => 5,
        // Newer than this program.
        _ => 3,
    }
}
