//! What Ray reports about Serve, read leniently: every field may be missing in some Ray version,
//! and a state this program has never heard of is shown as it is.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::ray_error::cause;
use crate::state::lenient;
use crate::text;

#[derive(Debug, Clone, Default, Deserialize)]
pub struct Details {
    /// The one field that every answer has: one without is not Serve's.
    #[serde(deserialize_with = "lenient::map")]
    pub applications: BTreeMap<String, Application>,
    /// Empty while Serve does not run.
    #[serde(default, deserialize_with = "lenient::field")]
    controller_info: Map<String, Value>,
    /// By the id of the node.
    #[serde(default, deserialize_with = "lenient::map")]
    pub proxies: BTreeMap<String, Proxy>,
    #[serde(default, deserialize_with = "lenient::field")]
    pub proxy_location: Option<String>,
    #[serde(default, deserialize_with = "lenient::field")]
    pub http_options: HttpOptions,
    #[serde(default, deserialize_with = "lenient::field")]
    pub grpc_options: GrpcOptions,
    /// In percent; what is asked of Serve while another cluster takes part of the traffic.
    #[serde(default, deserialize_with = "lenient::field")]
    pub target_capacity: Option<f64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct HttpOptions {
    #[serde(deserialize_with = "lenient::field")]
    pub host: Option<String>,
    #[serde(deserialize_with = "lenient::field")]
    pub port: Option<u16>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct GrpcOptions {
    #[serde(deserialize_with = "lenient::field")]
    port: Option<u16>,
    #[serde(deserialize_with = "lenient::field")]
    grpc_servicer_functions: Vec<Value>,
}

impl GrpcOptions {
    /// Where Serve listens for gRPC, which it does only for servicers that it was given.
    pub fn listens(&self) -> Option<u16> {
        self.port
            .filter(|_| !self.grpc_servicer_functions.is_empty())
    }
}

/// What listens for Serve's requests on one node.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Proxy {
    #[serde(deserialize_with = "lenient::field")]
    pub node_ip: String,
    #[serde(deserialize_with = "lenient::field")]
    pub status: String,
    #[serde(deserialize_with = "lenient::field")]
    pub log_file_path: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Application {
    #[serde(deserialize_with = "lenient::field")]
    pub status: String,
    #[serde(deserialize_with = "lenient::field")]
    pub message: Option<String>,
    #[serde(deserialize_with = "lenient::field")]
    pub route_prefix: Option<String>,
    #[serde(deserialize_with = "lenient::field")]
    pub docs_path: Option<String>,
    #[serde(deserialize_with = "lenient::field")]
    pub last_deployed_time_s: Option<f64>,
    pub deployed_app_config: Option<Value>,
    #[serde(deserialize_with = "lenient::field")]
    pub source: Option<String>,
    #[serde(deserialize_with = "lenient::map")]
    pub deployments: BTreeMap<String, Deployment>,
}

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

impl Details {
    /// What names this very start of Serve: another head, or a shutdown, makes another.
    pub fn controller(&self) -> Option<&str> {
        self.controller_info.get("actor_id")?.as_str()
    }

    /// Node and file of the controller's log.
    pub fn controller_log(&self) -> Option<(&str, &str)> {
        let text = |key| self.controller_info.get(key).and_then(Value::as_str);
        Some((text("node_id")?, text("log_file_path")?))
    }

    /// Serve may run without any application.
    pub fn serve_is_running(&self) -> bool {
        !self.applications.is_empty() || !self.controller_info.is_empty()
    }

    pub fn running_applications(&self) -> usize {
        self.applications
            .values()
            .filter(|application| application.is_running())
            .count()
    }

    pub fn healthy_proxies(&self) -> usize {
        self.proxies
            .values()
            .filter(|proxy| proxy.is_healthy())
            .count()
    }

    /// Whether a proxy sends requests on, or none is meant to.
    pub fn takes_requests(&self) -> bool {
        self.proxy_location.as_deref() == Some("Disabled") || self.healthy_proxies() > 0
    }

    /// The application that most needs attention.
    pub fn worst_application(&self) -> Option<(&String, &Application)> {
        // The first of equals, which max_by_key would not give.
        self.applications
            .iter()
            .rev()
            .max_by_key(|(_, application)| severity(&application.status))
    }
}

fn severity(status: &str) -> u8 {
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

impl Proxy {
    pub fn is_healthy(&self) -> bool {
        self.status == HEALTHY
    }
}

impl HttpOptions {
    /// Whether Serve listens where only processes on its own node reach it.
    pub fn is_local_only(&self) -> bool {
        let host = self.host.as_deref().unwrap_or_default();
        host == "localhost" || host == "::1" || host.starts_with("127.")
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

    pub fn import_path(&self) -> Option<&str> {
        self.deployed_app_config.as_ref()?["import_path"].as_str()
    }

    pub fn healthy_deployments(&self) -> usize {
        self.deployments
            .values()
            .filter(|deployment| deployment.is_healthy())
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
            .try_fold(0_u64, |sum, target| Some(sum.saturating_add(target?)))
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
            .filter_map(|(name, deployment)| {
                let message = deployment.problem()?;
                Some(format!("{}: {message}", text::name(name)))
            })
            .collect();
        if of_deployments.is_empty() {
            said(self.message.as_deref())
        } else {
            Some(of_deployments.join("; "))
        }
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
    fn is_starting(&self) -> bool {
        self.state == "STARTING"
    }
}

fn said(message: Option<&str>) -> Option<String> {
    message
        .map(str::trim)
        .filter(|message| !message.is_empty())
        .map(cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_field_of_another_type_or_of_the_future_hides_the_others() {
        let details: Details = serde_json::from_value(json!({
            "applications": {
                "odd": {
                    "status": "PAUSED", "message": 7, "route_prefix": ["/a"], "last_deployed_time_s": "today",
                    "deployed_app_config": 3, "source": null, "new": {},
                    "deployments": {
                        "a": {"status": "HEALTHY", "target_num_replicas": -1, "replicas": [{"state": "RUNNING"}, 5, null]},
                        "b": null,
                        "c": {"status": null, "replicas": "many", "deployment_config": []},
                    },
                },
                "text": "RUNNING",
            },
            "proxies": null,
            "http_options": {"host": 1, "port": 70_000},
            "target_capacity": "all",
            "controller_info": [],
        }))
        .unwrap();
        let odd = &details.applications["odd"];
        assert_eq!(
            (odd.status.as_str(), odd.route_prefix.as_ref()),
            ("PAUSED", None)
        );
        assert_eq!(
            (
                odd.deployments.len(),
                odd.healthy_deployments(),
                odd.running_replicas()
            ),
            (3, 1, 1)
        );
        assert_eq!(odd.target_replicas(), None);
        assert_eq!(details.applications["text"].status, "");
        assert_eq!(details.worst_application().unwrap().0, "odd");
    }

    #[test]
    fn an_answer_without_applications_is_not_serve_s() {
        assert!(serde_json::from_value::<Details>(json!({"error": "log in"})).is_err());
    }

    #[test]
    fn the_worst_is_what_somebody_must_look_at_first() {
        let worst = |statuses: &[&str]| {
            let applications: Map<String, Value> = statuses
                .iter()
                .enumerate()
                .map(|(index, status)| (index.to_string(), json!({"status": status})))
                .collect();
            let details: Details =
                serde_json::from_value(json!({"applications": applications})).unwrap();
            details
                .worst_application()
                .map(|(_, application)| application.status.clone())
        };
        assert_eq!(
            worst(&["RUNNING", "UNHEALTHY", "DEPLOY_FAILED"]).as_deref(),
            Some("DEPLOY_FAILED")
        );
        assert_eq!(
            worst(&["DELETING", "DEPLOYING", "RUNNING"]).as_deref(),
            Some("DEPLOYING")
        );
        assert_eq!(worst(&["DEPLOYING", "PAUSED"]).as_deref(), Some("PAUSED"));
        assert_eq!(worst(&[]), None);
    }
}
