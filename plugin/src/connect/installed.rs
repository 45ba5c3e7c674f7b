//! Looks for the Deployments of the webhook and of the `KubeRay` operator, and for their versions.

use std::collections::BTreeMap;

use kuberay::operator::{APP_NAME, APP_VERSION, KUBERAY, OPERATOR, is_operator};
use ray_serve_client::http::request::percent;
use serde::{Deserialize, Serialize};

use super::api::{Api, Scope};
use super::error::Error;
use super::image;

/// The value of [`APP_NAME`] that the webhook's chart sets.
const WEBHOOK: &str = "ray-serve-webhook";

/// What is installed; more than one of a kind where each team has its own.
#[derive(Debug, Default)]
pub struct Installed {
    pub webhooks: Vec<Program>,
    pub operators: Vec<Program>,
}

/// One Deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Program {
    pub name: String,
    pub namespace: String,
    pub version: Option<String>,
    pub image: Option<String>,
}

#[derive(Deserialize)]
struct Deployment {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
struct Spec {
    #[serde(default)]
    template: Template,
}

#[derive(Default, Deserialize)]
struct Template {
    #[serde(default)]
    spec: PodSpec,
}

#[derive(Default, Deserialize)]
struct PodSpec {
    #[serde(default)]
    containers: Vec<Container>,
}

#[derive(Deserialize)]
struct Container {
    #[serde(default)]
    image: Option<String>,
}

/// One list tells of both, in whatever namespaces they are.
pub async fn look(api: &Api) -> Result<Installed, Error> {
    let scope = Scope::All;
    let selector = format!("{APP_NAME} in ({OPERATOR},{KUBERAY},{WEBHOOK})");
    let path = scope.path("/apis/apps/v1", "deployments");
    let path = format!("{path}?labelSelector={}", percent(&selector));
    let action = format!("list deployments in {scope}");
    let mut installed = Installed::default();
    for deployment in api.list::<Deployment>(&action, &path).await? {
        let labels = &deployment.metadata.labels;
        if labels.get(APP_NAME).is_some_and(|name| name == WEBHOOK) {
            installed.webhooks.push(deployment.into());
        } else if is_operator(labels) {
            installed.operators.push(deployment.into());
        }
    }
    Ok(installed)
}

impl From<Deployment> for Program {
    /// Both programs are the first container; what others add comes behind.
    fn from(deployment: Deployment) -> Self {
        let Metadata {
            name,
            namespace,
            labels,
        } = deployment.metadata;
        let containers = deployment.spec.template.spec.containers.into_iter();
        let image = containers.map(|container| container.image).next().flatten();
        Self {
            name,
            namespace,
            version: version(image.as_deref(), labels.get(APP_VERSION)),
            image,
        }
    }
}

impl Program {
    /// Whether the version is what the image's tag says, and not only the chart's label.
    pub fn is_tagged(&self) -> bool {
        let tag = self.image.as_deref().and_then(image::tag);
        tag.and_then(as_version).is_some()
    }
}

/// The tag says what runs, where it is a version; the label is the chart's, which may run another image.
fn version(image: Option<&str>, label: Option<&String>) -> Option<String> {
    let tag = image.and_then(image::tag);
    let version = tag.and_then(as_version);
    let version = version.or(label.map(|label| as_version(label).unwrap_or(label)));
    version.or(tag).map(str::to_owned)
}

/// `1.6.2` of `v1.6.2`; none of `nightly`.
fn as_version(text: &str) -> Option<&str> {
    let version = text.strip_prefix('v').unwrap_or(text);
    let begins = version.starts_with(|first: char| first.is_ascii_digit());
    (begins && version.contains('.')).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_of_the_image_comes_before_the_chart_s_label() {
        for (image, label, expected) in [
            (
                "quay.io/kuberay/operator:v1.6.2",
                Some("1.5.0"),
                Some("1.6.2"),
            ),
            ("r:5000/w:0.1.0@sha256:ab", None, Some("0.1.0")),
            ("kuberay/operator:nightly", Some("1.6.0"), Some("1.6.0")),
            ("kuberay/operator@sha256:ab", Some("v1.6.0"), Some("1.6.0")),
            ("kuberay/operator:nightly", None, Some("nightly")),
            ("r:5000/kuberay/operator", None, None),
        ] {
            let label = label.map(str::to_owned);
            let found = version(Some(image), label.as_ref());
            assert_eq!(found.as_deref(), expected, "{image}");
        }
        assert_eq!(version(None, None), None);
    }
}
