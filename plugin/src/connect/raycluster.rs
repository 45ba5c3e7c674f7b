//! RayClusters of the API server: one, all, or a new one.

use kuberay::RayCluster;
use kuberay::resource;
use kuberay::start_params::NotAPort;
use ray_serve_client::http::request::percent;
use serde_json::Value;

use super::api::{Api, Scope};
use super::cluster_name::ClusterName;
use super::created::Created;
use super::error::Error;
use super::object_name::checked;

pub async fn get(api: &Api, name: &ClusterName) -> Result<RayCluster, Error> {
    let namespace = api.namespace();
    let action = format!("get raycluster/{name} in namespace {namespace}");
    let object = checked("a RayCluster", name.as_str())?;
    let path = format!("{}/{object}", resource::path(namespace));
    api.get(&action, &path).await.map_err(|error| match error {
        // A 404 names a missing object; for a missing CRD it is a bare "page not found".
        Error::Api {
            code: 404, message, ..
        } if message.contains(&format!("\"{name}\"")) => Error::NotFound {
            name: name.to_string(),
            namespace: namespace.to_owned(),
            all: api
                .next()
                .kubectl_anywhere("get", &[resource::PLURAL], "-A"),
        },
        Error::Api { code: 404, .. } => Error::NoKubeRay,
        other => other,
    })
}

/// `selector` is a label selector, as for kubectl.
pub async fn list(
    api: &Api,
    scope: &Scope,
    selector: Option<&str>,
) -> Result<Vec<RayCluster>, Error> {
    let selector = percent(selector.unwrap_or_default());
    let path = scope.path(resource::API_PATH, resource::PLURAL);
    let path = format!("{path}?labelSelector={selector}");
    let action = format!("list rayclusters in {scope}");
    api.list(&action, &path).await.map_err(|error| match error {
        Error::Api { code: 404, .. } => Error::NoKubeRay,
        other => other,
    })
}

pub async fn create(
    api: &Api,
    name: &ClusterName,
    manifest: &Value,
    dry_run: bool,
) -> Result<Created, Error> {
    let namespace = api.namespace();
    let action = format!("create raycluster/{name} in namespace {namespace}");
    let path = resource::path(namespace);
    let created = api.create(&action, &path, manifest, dry_run).await;
    created.map_err(|error| match error {
        Error::Api { code: 409, .. } => Error::AlreadyExists {
            name: name.to_string(),
            namespace: namespace.to_owned(),
        },
        // A 404 names a missing namespace; for a missing CRD it is a bare "page not found".
        Error::Api {
            code: 404, message, ..
        } if !message.contains("namespaces") => Error::NoKubeRay,
        other => other,
    })
}

/// Names the RayCluster, too.
pub fn bad_port(cluster: &RayCluster, NotAPort { param, value }: NotAPort) -> Error {
    Error::BadPort {
        name: cluster.metadata.name.clone(),
        param,
        value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_port_is_told_with_its_cluster() {
        let cluster: RayCluster = serde_json::from_value(serde_json::json!({
            "metadata": {"name": "x"},
            "spec": {"headGroupSpec": {"rayStartParams": {"dashboard-port": "0"}}},
        }))
        .unwrap();
        let bad = cluster.dashboard_port().unwrap_err();
        assert_eq!(
            bad_port(&cluster, bad).to_string(),
            "rayStartParams dashboard-port of raycluster/x is \"0\", not a port number"
        );
    }
}
