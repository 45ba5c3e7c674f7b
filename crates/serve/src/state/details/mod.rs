//! What Ray reports about Serve, read leniently: every field may be missing in some Ray version,
//! and a state this program has never heard of is shown as it is.

mod application;
mod deployment;
mod proxy;
mod status;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

pub use application::Application;
pub use deployment::{Deployment, Replica};
pub use proxy::{GrpcOptions, HttpOptions, Proxy};
pub use status::{DELETING, DEPLOY_FAILED, DEPLOYING, HEALTHY, RUNNING, UNHEALTHY, has_failed};

use crate::state::lenient;
use status::severity;

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
