//! An application of Serve, and why it does not run.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::deployment::{Deployment, said};
use super::status::{RUNNING, has_failed};
use crate::state::lenient;
use crate::text;

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
