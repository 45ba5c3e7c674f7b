//! How far each application and its deployments are, in words to show.

use crate::state::details::{Application, Deployment};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    pub application: String,
    pub state: String,
    pub finished: bool,
    pub deployments: Vec<DeploymentState>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeploymentState {
    pub name: String,
    pub state: String,
    /// A replica is not up yet.
    pub starting: bool,
}

impl State {
    pub(super) fn of(name: &str, application: &Application) -> Self {
        let total = application.deployments.len();
        let state = if application.is_running() || total == 0 {
            application.status.clone()
        } else {
            let healthy = application.healthy_deployments();
            format!(
                "{}, {healthy}/{total} deployments healthy",
                application.status
            )
        };
        let deployments = application.deployments.iter();
        Self {
            application: name.to_owned(),
            state,
            finished: application.is_running(),
            deployments: deployments
                .map(|(name, deployment)| DeploymentState::of(name, deployment))
                .collect(),
        }
    }

    /// An application of the config that Ray does not show.
    pub(super) fn missing(name: &str) -> Self {
        Self {
            application: name.to_owned(),
            state: "not there yet".to_owned(),
            ..Self::default()
        }
    }

    /// An application that is to go, as long as Ray shows it and once it does not.
    pub(super) fn leaving(name: &str, application: Option<&Application>) -> Self {
        Self {
            application: name.to_owned(),
            state: application
                .map_or("removed", |leaving| &leaving.status)
                .to_owned(),
            finished: application.is_none(),
            deployments: Vec::new(),
        }
    }
}

impl DeploymentState {
    fn of(name: &str, deployment: &Deployment) -> Self {
        let running = deployment.running_replicas();
        let replicas = match deployment.target_replicas() {
            Some(target) => format!("{running}/{target} replicas"),
            None => format!("{running} replicas"),
        };
        Self {
            name: name.to_owned(),
            state: format!("{}, {replicas}", deployment.status),
            starting: deployment.is_starting(),
        }
    }
}
