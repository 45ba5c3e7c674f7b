//! Tells which version answers requests after an application's last deployment failed.
//!
//! Ray stops replicas of the old version only as new ones come up, and stops none if it could not
//! build the new version. It then reports no deployments any more, although the proxies still have
//! the route.

use crate::api::routes::Routes;
use crate::state::details::{Application, Replica};

/// Says what still answers for the application; `routes` are those of the proxy on `pod`.
pub fn told(
    name: &str,
    application: &Application,
    proxy: Option<(String, &Routes)>,
) -> Option<String> {
    if !application.has_failed() {
        return None;
    }
    if application.deployments.is_empty() {
        let (pod, routes) = proxy?;
        let route = routes.iter().find(|(_, application)| *application == name);
        return Some(match route {
            Some((route, _)) => {
                format!(
                    "the proxy on {pod} still has route {route} for it, so the version before answers"
                )
            }
            None => format!("the proxy on {pod} has no route for it, so nothing answers"),
        });
    }
    let deployed = application.last_deployed_time_s.unwrap_or_default();
    let is_older = |replica: &&Replica| {
        replica.is_running() && replica.start_time_s.is_some_and(|start| start < deployed)
    };
    let deployments = || application.deployments.iter();
    let older: Vec<String> = deployments()
        .filter_map(|(name, deployment)| {
            let count = deployment.replicas.iter().filter(is_older).count();
            (count > 0).then(|| format!("{name} {count}"))
        })
        .collect();
    let without: Vec<&str> = deployments()
        .filter(|(_, deployment)| deployment.running_replicas() == 0)
        .map(|(name, _)| name.as_str())
        .collect();
    if without.len() == application.deployments.len() {
        return Some("no replica of it runs, so nothing answers".to_owned());
    }
    if older.is_empty() {
        return None;
    }
    let older = format!(
        "replicas from before this deployment still run ({})",
        older.join(", ")
    );
    Some(if without.is_empty() {
        format!("{older}, so the version before answers")
    } else {
        format!("{older}, but none of {}", without.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn told_of(deployments: &Value, routes: Option<&Value>) -> Option<String> {
        let application = json!({"status": "DEPLOY_FAILED", "last_deployed_time_s": 100.0, "deployments": deployments});
        let application: Application = serde_json::from_value(application).unwrap();
        let routes: Option<Routes> =
            routes.map(|routes| serde_json::from_value(routes.clone()).unwrap());
        told(
            "a",
            &application,
            routes.as_ref().map(|routes| ("pod/h".to_owned(), routes)),
        )
    }

    #[test]
    fn replicas_that_are_older_than_the_deployment_are_the_version_before() {
        let old = json!({"state": "RUNNING", "start_time_s": 50.0});
        let new = json!({"state": "RUNNING", "start_time_s": 150.0});
        let starting = json!({"state": "STARTING", "start_time_s": 150.0});
        for (deployments, expected) in [
            (
                json!({"D": {"replicas": [old, old, starting]}, "E": {"replicas": [old]}}),
                Some(
                    "replicas from before this deployment still run (D 2, E 1), so the version before answers",
                ),
            ),
            (
                json!({"D": {"replicas": [old]}, "E": {"replicas": [starting]}}),
                Some("replicas from before this deployment still run (D 1), but none of E"),
            ),
            (
                json!({"D": {"replicas": [starting]}}),
                Some("no replica of it runs, so nothing answers"),
            ),
            (json!({"D": {"replicas": [new]}}), None),
        ] {
            assert_eq!(told_of(&deployments, None).as_deref(), expected);
        }
    }

    #[test]
    fn where_ray_tells_of_no_deployment_the_proxy_does() {
        let none = json!({});
        assert_eq!(told_of(&none, None), None);
        assert_eq!(
            told_of(&none, Some(&json!({"/fruit": "a"}))).as_deref(),
            Some("the proxy on pod/h still has route /fruit for it, so the version before answers")
        );
        assert_eq!(
            told_of(&none, Some(&json!({"/calc": "b"}))).as_deref(),
            Some("the proxy on pod/h has no route for it, so nothing answers")
        );
    }
}
