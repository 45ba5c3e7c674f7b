//! Looks for the serve service of a RayCluster, and for the pods its traffic goes to.

use kuberay::endpoints::{self, Slice};
use kuberay::{labels, names};
use ray_serve_client::http::request::percent;

pub use kuberay::endpoints::Endpoint;
pub use kuberay::service::Service;

use super::api::{Api, Scope};
use super::error::Error;
use super::object_name::checked;

/// Label of every EndpointSlice of a service.
const SERVICE_NAME_LABEL: &str = "kubernetes.io/service-name";

/// The serve services of all clusters, possibly including those of a `RayService`.
pub async fn list(api: &Api, scope: &Scope) -> Result<Vec<Service>, Error> {
    let path = scope.path("/api/v1", "services");
    let path = format!("{path}?labelSelector={}", percent(labels::SERVE));
    api.list(&format!("list services in {scope}"), &path).await
}

/// The serve service of one cluster, by its labels or else by its name.
pub async fn of(api: &Api, cluster: &str) -> Result<Option<Service>, Error> {
    let namespace = api.namespace();
    let all = list(api, &Scope::Namespace(namespace.to_owned())).await?;
    if let Some(found) = all
        .into_iter()
        .find(|service| service.cluster() == Some(cluster))
    {
        return Ok(Some(found));
    }
    // The operator adopts any service of that name.
    let name = names::serve_service(cluster);
    let name = checked("a Service", &name)?;
    let path = format!("/api/v1/namespaces/{namespace}/services/{name}");
    let action = format!("get service/{name} in namespace {namespace}");
    match api.get(&action, &path).await {
        Ok(service) => Ok(Some(service)),
        Err(Error::Api { code: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The pods sorted by address, without duplicates.
pub async fn endpoints(api: &Api, service: &str) -> Result<Vec<Endpoint>, Error> {
    let namespace = api.namespace();
    let selector = percent(&format!("{SERVICE_NAME_LABEL}={service}"));
    let scope = Scope::Namespace(namespace.to_owned());
    let path = scope.path("/apis/discovery.k8s.io/v1", "endpointslices");
    let path = format!("{path}?labelSelector={selector}");
    let slices: Vec<Slice> = api
        .list(&format!("list endpointslices in {scope}"), &path)
        .await?;
    Ok(endpoints::endpoints(slices))
}
