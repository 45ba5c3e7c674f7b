//! What Ray tells about Serve, read leniently: every field may be missing in some Ray version, and
//! a state this program has never heard of is shown as it is.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::ray_error::{cause, clean};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Details {
    pub applications: BTreeMap<String, Application>,
    /// Empty while Serve does not run.
    controller_info: Map<String, Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Application {
    pub status: String,
    pub message: Option<String>,
    pub route_prefix: Option<String>,
    pub last_deployed_time_s: Option<f64>,
    pub deployed_app_config: Option<Value>,
    pub source: Option<String>,
    pub deployments: BTreeMap<String, Deployment>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Deployment {
    pub status: String,
    pub message: Option<String>,
    pub deployment_config: DeploymentConfig,
    pub target_num_replicas: Option<u64>,
    pub replicas: Vec<Replica>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct DeploymentConfig {
    /// A number, "auto" or null.
    num_replicas: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Replica {
    pub state: String,
}

pub const RUNNING: &str = "RUNNING";
pub const DELETING: &str = "DELETING";
pub const HEALTHY: &str = "HEALTHY";

/// Of an application, deployment or proxy.
pub fn has_failed(status: &str) -> bool {
    matches!(status, "DEPLOY_FAILED" | "UNHEALTHY")
}

impl Details {
    /// Serve may run without any application.
    pub fn serve_is_running(&self) -> bool {
        !self.applications.is_empty() || !self.controller_info.is_empty()
    }
}

impl Application {
    pub fn is_running(&self) -> bool {
        self.status == RUNNING
    }

    pub fn has_failed(&self) -> bool {
        has_failed(&self.status)
    }

    /// Started from Python with `serve.run`; a Serve config neither changes nor removes it.
    pub fn is_imperative(&self) -> bool {
        self.source.as_deref() == Some("imperative")
    }

    pub fn healthy_deployments(&self) -> usize {
        self.deployments
            .values()
            .filter(|deployment| deployment.status == HEALTHY)
            .count()
    }

    pub fn running_replicas(&self) -> usize {
        self.deployments
            .values()
            .map(Deployment::running_replicas)
            .sum()
    }

    /// How many replicas Serve wants, as far as it says so.
    pub fn target_replicas(&self) -> Option<u64> {
        self.deployments
            .values()
            .map(Deployment::target_replicas)
            .sum()
    }

    /// In one line why the application is not running, if Ray gives a reason.
    ///
    /// An application whose deployments fail says only that they do; the reason is theirs.
    pub fn problem(&self) -> Option<String> {
        if self.is_running() {
            return None;
        }
        let of_deployments: Vec<String> = self
            .deployments
            .iter()
            .filter(|(_, deployment)| deployment.status != HEALTHY)
            .filter_map(|(name, deployment)| {
                let message = said(deployment.message.as_deref())?;
                Some(format!("{}: {message}", clean(name)))
            })
            .collect();
        if of_deployments.is_empty() {
            said(self.message.as_deref())
        } else {
            Some(of_deployments.join("; "))
        }
    }
}

impl Deployment {
    pub fn running_replicas(&self) -> usize {
        self.replicas
            .iter()
            .filter(|replica| replica.state == RUNNING)
            .count()
    }

    /// Ray before 2.9 does not give the target, but what it was configured with.
    pub fn target_replicas(&self) -> Option<u64> {
        self.target_num_replicas
            .or_else(|| self.deployment_config.num_replicas.as_u64())
    }
}

fn said(message: Option<&str>) -> Option<String> {
    message
        .map(str::trim)
        .filter(|message| !message.is_empty())
        .map(cause)
}
