//! The Secret in which the replicas share their certificate authority.
//!
//! The chart makes it empty, the first replica fills it. Every write names the version that was
//! read, so that of two replicas with the same idea one gets a conflict and reads the other's.

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::json;
use time::OffsetDateTime;

use crate::certificate::authority::{self, Authority, AuthorityCertificate};
use crate::kubernetes::Error;

const CERTIFICATE: &str = "ca.crt";
const KEY: &str = "ca.key";
/// The authority before this one. How long it stays trusted is decided in [`crate::certificate::self_managed`].
const PREVIOUS_CERTIFICATE: &str = "previous-ca.crt";

pub struct CaSecret {
    api: Api<Secret>,
    object: String,
    name: String,
}

/// What was in the Secret at one moment.
pub struct Stored {
    pub authority: Option<Authority>,
    pub previous: Option<AuthorityCertificate>,
    pub version: Option<String>,
}

impl CaSecret {
    pub fn new(client: Client, namespace: &str, name: &str) -> Self {
        Self {
            api: Api::namespaced(client, namespace),
            object: format!("Secret {namespace}/{name}"),
            name: name.to_owned(),
        }
    }

    pub async fn read(&self, now: OffsetDateTime) -> Result<Stored, Error> {
        let secret = self
            .api
            .get(&self.name)
            .await
            .map_err(|error| Error::from_call("read", self.object.clone(), &error))?;
        let data = secret.data.unwrap_or_default();
        let text = |key| {
            data.get(key)
                .and_then(|ByteString(bytes)| str::from_utf8(bytes).ok())
        };
        let authority = match (text(CERTIFICATE), text(KEY)) {
            (Some(certificate), Some(key)) => {
                self.usable(Authority::from_pem(certificate, key), now)
            }
            _ => None,
        };
        let previous = text(PREVIOUS_CERTIFICATE)
            .and_then(|pem| AuthorityCertificate::from_pem(pem).ok())
            .filter(|certificate| !certificate.validity.is_over(now));
        Ok(Stored {
            authority,
            previous,
            version: secret.metadata.resource_version,
        })
    }

    /// An authority nobody can use is replaced, not stumbled over for ever.
    fn usable(
        &self,
        authority: Result<Authority, authority::Error>,
        now: OffsetDateTime,
    ) -> Option<Authority> {
        match authority {
            Ok(authority) if authority.certificate().validity.is_over(now) => {
                tracing::warn!(
                    secret = self.object,
                    "the certificate authority has expired"
                );
                None
            }
            Ok(authority) => Some(authority),
            Err(error) => {
                tracing::warn!(secret = self.object, %error, "the certificate authority cannot be used");
                None
            }
        }
    }

    /// Puts `authority` in place of what was read at `version`; a conflict if the Secret has changed
    /// since.
    pub async fn replace(
        &self,
        version: Option<&str>,
        authority: &Authority,
        previous: Option<&AuthorityCertificate>,
    ) -> Result<(), Error> {
        let patch = json!({
            "metadata": { "resourceVersion": version },
            "data": {
                CERTIFICATE: ByteString(authority.certificate().pem().into()),
                KEY: ByteString(authority.key_pem().into()),
                // null takes the key out.
                PREVIOUS_CERTIFICATE: previous.map(|certificate| ByteString(certificate.pem().into())),
            }
        });
        self.api
            .patch_metadata(&self.name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .map_err(|error| Error::from_call("write", self.object.clone(), &error))?;
        Ok(())
    }
}
