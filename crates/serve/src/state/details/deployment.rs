//! A deployment of an application, and its replicas.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::status::{HEALTHY, RUNNING};
use crate::ray_error::cause;
use crate::state::lenient;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Deployment {
    #[serde(deserialize_with = "lenient::field")]
    pub status: String,
    #[serde(deserialize_with = "lenient::field")]
    pub message: Option<String>,
    #[serde(deserialize_with = "lenient::field")]
    pub deployment_config: DeploymentConfig,
    #[serde(deserialize_with = "lenient::field")]
    pub target_num_replicas: Option<u64>,
    /// What one replica asks of its node, such as `{"CPU": 1}`; told since Ray 2.9.
    #[serde(deserialize_with = "lenient::field")]
    pub required_resources: Map<String, Value>,
    #[serde(deserialize_with = "lenient::list")]
    pub replicas: Vec<Replica>,
    /// Since Ray 2.9.
    #[serde(deserialize_with = "lenient::list")]
    pub recent_dead_replicas: Vec<Replica>,
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
    #[serde(deserialize_with = "lenient::field")]
    pub replica_id: String,
    #[serde(deserialize_with = "lenient::field")]
    pub state: String,
    #[serde(deserialize_with = "lenient::field")]
    pub node_ip: Option<String>,
    #[serde(deserialize_with = "lenient::field")]
    pub start_time_s: Option<f64>,
    /// Missing until the replica has a place to start on.
    #[serde(deserialize_with = "lenient::field")]
    pub node_id: Option<String>,
    #[serde(deserialize_with = "lenient::field")]
    pub actor_id: Option<String>,
    #[serde(deserialize_with = "lenient::field")]
    pub log_file_path: Option<String>,
}

impl Deployment {
    pub fn is_healthy(&self) -> bool {
        self.status == HEALTHY
    }

    /// What a replica asks of its node, where Ray tells it.
    pub fn wants(&self) -> Option<String> {
        let resources: Vec<String> = self
            .required_resources
            .iter()
            .map(|(name, amount)| format!("{amount} {name}"))
            .collect();
        (!resources.is_empty()).then(|| resources.join(" and "))
    }

    pub fn running_replicas(&self) -> usize {
        self.replicas
            .iter()
            .filter(|replica| replica.is_running())
            .count()
    }

    /// In one line why the deployment is not healthy, if Ray gives a reason.
    pub fn problem(&self) -> Option<String> {
        if self.is_healthy() {
            return None;
        }
        said(self.message.as_deref())
    }

    pub fn is_starting(&self) -> bool {
        self.replicas.iter().any(Replica::is_starting)
    }

    /// Whether a replica waits for a node that has room for it.
    pub fn is_homeless(&self) -> bool {
        self.replicas
            .iter()
            .any(|replica| replica.is_starting() && replica.node_id.is_none())
    }

    /// Ray before 2.9 does not give the target, but what it was configured with.
    pub fn target_replicas(&self) -> Option<u64> {
        self.target_num_replicas
            .or_else(|| self.deployment_config.num_replicas.as_u64())
    }
}

impl Replica {
    pub fn is_running(&self) -> bool {
        self.state == RUNNING
    }

    /// Ray before 2.9 puts the application and the deployment before it.
    pub fn short_id(&self) -> &str {
        let id = &self.replica_id;
        id.rsplit_once('#').map_or(id, |(_, last)| last)
    }

    fn is_starting(&self) -> bool {
        self.state == "STARTING"
    }
}

/// A message of Ray in one line, unless it says nothing.
pub(super) fn said(message: Option<&str>) -> Option<String> {
    message
        .map(str::trim)
        .filter(|message| !message.is_empty())
        .map(cause)
}
