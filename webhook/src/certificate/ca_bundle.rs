//! The caBundle of the `MutatingWebhookConfiguration`: whom the API server trusts to be us.
//!
//! Only this field is ours, and only in the webhooks that call our Service. Everything else in the
//! object belongs to the chart, which in turn leaves the field out, so that neither undoes the
//! other's work.

use std::fmt;

use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, WebhookClientConfig,
};
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde_json::json;

use crate::certificate::authority::AuthorityCertificate;
use crate::kubernetes::Error;

/// PEM certificates, one after the other, as the API server reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaBundle(Vec<u8>);

impl CaBundle {
    /// The authority that signs now, and the one before it: a replica that has not looked yet
    /// still serves a leaf of that one.
    pub fn new(current: &AuthorityCertificate, previous: Option<&AuthorityCertificate>) -> Self {
        let mut pem = current.pem().into_bytes();
        if let Some(previous) = previous.filter(|previous| *previous != current) {
            pem.extend_from_slice(previous.pem().as_bytes());
        }
        Self(pem)
    }

    fn contains(&self, authority: &AuthorityCertificate) -> bool {
        self.authorities().any(|trusted| trusted == *authority)
    }

    fn authorities(&self) -> impl Iterator<Item = AuthorityCertificate> {
        CertificateDer::pem_slice_iter(&self.0)
            .filter_map(|der| AuthorityCertificate::from_der(der.ok()?).ok())
    }
}

/// A Service of some namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub namespace: String,
    pub name: String,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

pub struct WebhookConfiguration {
    api: Api<MutatingWebhookConfiguration>,
    object: String,
    name: String,
    service: Service,
}

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Api(#[from] Error),
    #[error(
        "{object} calls {called}, not our Service {ours}: of two installs under one full name, \
         give one another fullnameOverride"
    )]
    Elsewhere {
        object: String,
        called: String,
        ours: Service,
    },
}

/// The bundles of our webhooks in the configuration at one moment.
pub struct Registered {
    bundles: Vec<(String, Option<CaBundle>)>,
    resource_version: Option<String>,
}

impl Registered {
    pub fn trusts_only(&self, bundle: &CaBundle) -> bool {
        self.bundles
            .iter()
            .all(|(_, registered)| registered.as_ref() == Some(bundle))
    }

    /// Whether `authority` is trusted, perhaps among others, to be every one of the webhooks.
    pub fn trusts(&self, authority: &AuthorityCertificate) -> bool {
        self.bundles.iter().all(|(_, registered)| {
            registered
                .as_ref()
                .is_some_and(|registered| registered.contains(authority))
        })
    }

    /// The first authority that is trusted: the one that signed last.
    pub fn authority(&self) -> Option<AuthorityCertificate> {
        let (_, registered) = self.bundles.first()?;
        registered.as_ref()?.authorities().next()
    }
}

impl WebhookConfiguration {
    pub fn new(client: Client, name: &str, service: Service) -> Self {
        Self {
            api: Api::all(client),
            object: format!("MutatingWebhookConfiguration {name}"),
            name: name.to_owned(),
            service,
        }
    }

    /// An error if none of its webhooks is ours: that the API server trusts us there, in place of
    /// whom it calls, would help nobody.
    pub async fn read(&self) -> Result<Registered, ReadError> {
        let configuration = self
            .api
            .get(&self.name)
            .await
            .map_err(|error| Error::from_call("read", self.object.clone(), &error))?;
        let mut bundles = Vec::new();
        let mut others = Vec::new();
        for webhook in configuration.webhooks.unwrap_or_default() {
            let bundle = webhook.client_config.ca_bundle.clone();
            match called(webhook.client_config) {
                Some(service) if service == self.service => {
                    bundles.push((webhook.name, bundle.map(|ByteString(pem)| CaBundle(pem))));
                }
                Some(service) => others.push(format!("Service {service}")),
                None => others.push("a URL".to_owned()),
            }
        }
        if bundles.is_empty() {
            let called = if others.is_empty() {
                "nobody".to_owned()
            } else {
                others.join(" and ")
            };
            return Err(ReadError::Elsewhere {
                object: self.object.clone(),
                called,
                ours: self.service.clone(),
            });
        }
        Ok(Registered {
            bundles,
            resource_version: configuration.metadata.resource_version,
        })
    }

    /// Writes `bundle` into what was `read`; a conflict if the configuration has changed since.
    pub async fn trust(&self, read: &Registered, bundle: &CaBundle) -> Result<(), Error> {
        let webhooks: Vec<_> = read
            .bundles
            .iter()
            .map(|(name, _)| {
                json!({ "name": name, "clientConfig": { "caBundle": ByteString(bundle.0.clone()) } })
            })
            .collect();
        // A strategic merge finds each webhook by its name; the others' fields are not touched.
        let patch = Patch::Strategic(json!({
            "metadata": { "resourceVersion": read.resource_version },
            "webhooks": webhooks,
        }));
        self.api
            .patch_metadata(&self.name, &PatchParams::default(), &patch)
            .await
            .map_err(|error| {
                Error::from_call("write the caBundle of", self.object.clone(), &error)
            })?;
        Ok(())
    }
}

/// None where it is a URL.
fn called(config: WebhookClientConfig) -> Option<Service> {
    let service = config.service?;
    Some(Service {
        namespace: service.namespace,
        name: service.name,
    })
}
