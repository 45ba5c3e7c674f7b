//! The caBundle of the `MutatingWebhookConfiguration`: whom the API server trusts to be us.
//!
//! Only this field is ours. Everything else in the object belongs to the chart, which in turn
//! leaves the field out, so that neither undoes the other's work.

use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::json;

use crate::authority::AuthorityCertificate;
use crate::kubernetes::Error;

/// PEM certificates, one after the other, as the API server reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaBundle(Vec<u8>);

impl CaBundle {
    /// The authority that signs now, and the one before it: a replica that has not looked yet
    /// still serves a leaf of that one.
    pub fn new(current: &AuthorityCertificate, previous: Option<&AuthorityCertificate>) -> Self {
        let mut pem = current.pem().as_bytes().to_vec();
        if let Some(previous) = previous.filter(|previous| *previous != current) {
            pem.extend_from_slice(previous.pem().as_bytes());
        }
        Self(pem)
    }

    fn contains(&self, authority: &AuthorityCertificate) -> bool {
        self.authorities().any(|trusted| trusted == *authority)
    }

    fn authorities(&self) -> impl Iterator<Item = AuthorityCertificate> {
        let pem = str::from_utf8(&self.0).unwrap_or_default();
        pem.split_inclusive("-----END CERTIFICATE-----")
            .filter_map(|one| AuthorityCertificate::from_pem(one).ok())
    }
}

pub struct WebhookConfiguration {
    api: Api<MutatingWebhookConfiguration>,
    object: String,
    name: String,
}

/// The bundles of every webhook of the configuration at one moment.
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
    pub fn new(client: Client, name: &str) -> Self {
        Self {
            api: Api::all(client),
            object: format!("MutatingWebhookConfiguration {name}"),
            name: name.to_owned(),
        }
    }

    pub async fn read(&self) -> Result<Registered, Error> {
        let configuration = self
            .api
            .get(&self.name)
            .await
            .map_err(|error| Error::from_call("read", self.object.clone(), &error))?;
        let webhooks = configuration.webhooks.unwrap_or_default();
        Ok(Registered {
            bundles: webhooks
                .into_iter()
                .map(|webhook| {
                    let bundle = webhook.client_config.ca_bundle;
                    (webhook.name, bundle.map(|ByteString(pem)| CaBundle(pem)))
                })
                .collect(),
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
