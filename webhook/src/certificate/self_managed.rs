//! The webhook's certificate without anybody's help: one authority in a Secret, shared by the
//! replicas; a leaf of each replica's own, in memory; the authority in the caBundle.
//!
//! One pass looks at all three and mends what is missing, expired or wiped. Passes repeat every
//! few seconds, so a wiped caBundle or an emptied Secret heals by itself.
//!
//! Rotation never breaks a handshake, because trust always runs ahead of use: the new authority
//! joins the old one in the bundle first, and signs a leaf only when the bundle has been in place
//! for [`SETTLE`]. A replica that starts meanwhile has no leaf of the old one, and is not ready until
//! then.

use std::sync::Arc;

use time::OffsetDateTime;
use tokio::time::timeout;

use crate::certificate::authority::{self, Authority, AuthorityCertificate, Leaf};
use crate::certificate::ca_bundle::{self, CaBundle, Registered, WebhookConfiguration};
use crate::certificate::ca_secret::{CaSecret, Stored};
use crate::certificate::tls::ServingCertificate;
use crate::kubernetes;
use crate::metrics::{Metrics, ReloadResult};
use crate::readiness::{Condition, Readiness};

const INTERVAL: std::time::Duration = std::time::Duration::from_secs(10);
/// While there is no certificate to serve yet.
const START_RETRY: std::time::Duration = std::time::Duration::from_secs(2);
/// After another replica was faster: what it wrote is there already.
const CONFLICT_RETRY: std::time::Duration = std::time::Duration::from_millis(50);
const PASS_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15);

/// Every API server has seen a new caBundle after this long.
pub const SETTLE: time::Duration = time::Duration::seconds(10);
/// An authority that was made longer ago than this, by the clock of whichever node, has been in the
/// bundle for [`SETTLE`] if it is there at all.
pub const YOUNG: time::Duration = time::Duration::seconds(60);

/// An authority is trusted for this long after its successor was made. Every replica has long had
/// a leaf of the successor by then; whoever has stolen the old key can use it no longer.
pub const HANDOVER: time::Duration = time::Duration::hours(1);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Api(#[from] kubernetes::Error),
    #[error(transparent)]
    Configuration(#[from] ca_bundle::ReadError),
    #[error(transparent)]
    Authority(#[from] authority::Error),
    #[error("the API server did not answer within {} s", PASS_TIMEOUT.as_secs())]
    Timeout,
}

pub struct SelfManaged {
    pub secret: CaSecret,
    pub configuration: WebhookConfiguration,
    /// The names the API server may call us by.
    pub dns_names: Vec<String>,
    pub serving: Arc<ServingCertificate>,
    pub readiness: Arc<Readiness>,
    pub metrics: Arc<Metrics>,
    pub state: State,
}

/// What this replica remembers from pass to pass.
#[derive(Default)]
pub struct State {
    leaf: Option<(AuthorityCertificate, crate::certificate::validity::Validity)>,
    /// The authority in the bundle, and since when it has been there, as far as this replica knows.
    trusted: Option<(AuthorityCertificate, OffsetDateTime)>,
}

impl SelfManaged {
    /// Runs for as long as the process lives.
    pub async fn run(mut self) {
        loop {
            let result = timeout(PASS_TIMEOUT, self.pass(OffsetDateTime::now_utc()))
                .await
                .unwrap_or(Err(Error::Timeout));
            let pause = match result {
                Ok(()) if self.serving.is_installed() => INTERVAL,
                Ok(()) => START_RETRY,
                Err(Error::Api(kubernetes::Error::Conflict { .. })) => CONFLICT_RETRY,
                Err(error) => {
                    self.metrics.count_reload(ReloadResult::Error);
                    tracing::warn!(%error, "certificate not checked, trying again");
                    if self.serving.is_installed() {
                        INTERVAL
                    } else {
                        START_RETRY
                    }
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    pub async fn pass(&mut self, now: OffsetDateTime) -> Result<(), Error> {
        // The configuration first, the Secret second: if another replica rotates in between, our
        // write of the bundle carries a version that is too old, and does not undo its work.
        let registered = self.configuration.read().await?;
        let stored = self.secret.read(now).await?;
        let (authority, previous) = self.current_authority(stored, &registered, now).await?;
        let current = authority.certificate();

        let bundle = CaBundle::new(current, previous.as_ref());
        if !registered.trusts_only(&bundle) {
            self.configuration.trust(&registered, &bundle).await?;
            tracing::info!("caBundle written");
        }
        let known = self.state.trusted.as_ref();
        // The clock may have been put back since.
        if known.is_none_or(|(trusted, since)| trusted != current || *since > now) {
            let made = current.made_at();
            let long_there = registered.trusts(current) && now - made >= YOUNG;
            let since = if long_there { made } else { now };
            self.state.trusted = Some((current.clone(), since));
        }

        // Nobody has a leaf that the bundle as it was does not know: there is nothing to run ahead of.
        let was_trusted = previous
            .as_ref()
            .filter(|previous| registered.trusts(previous));
        if self.wants_leaf(current, was_trusted, now) {
            let Leaf {
                key,
                signer,
                validity,
            } = authority.sign(&self.dns_names, now)?;
            self.serving.install(key, validity);
            self.metrics.count_reload(ReloadResult::Success);
            tracing::info!(not_after = %validity.not_after, "serving certificate signed");
            self.state.leaf = Some((signer, validity));
        }
        if self.state.leaf.is_some() {
            self.readiness.set(Condition::Certificate);
            self.readiness.set(Condition::CaBundle);
        } else {
            tracing::info!("waiting for every API server to read the new caBundle");
        }
        Ok(())
    }

    /// The authority to sign with, made anew where there is none or its time is wrong, and the one
    /// before it, as long as that is to be trusted.
    async fn current_authority(
        &self,
        stored: Stored,
        registered: &Registered,
        now: OffsetDateTime,
    ) -> Result<(Authority, Option<AuthorityCertificate>), Error> {
        let previous = match stored.authority {
            Some(current) if current.certificate().is_in_use(now) => {
                let age = now - current.certificate().made_at();
                return Ok((current, stored.previous.filter(|_| age < HANDOVER)));
            }
            Some(other) => Some(other.certificate().clone()),
            // An emptied Secret: leaves in memory, ours or other replicas', are still of the
            // authority that was in it.
            None => match &self.state.leaf {
                Some((signer, _)) => Some(signer.clone()),
                None => registered.authority(),
            },
        };
        let authority = Authority::generate(now)?;
        self.secret
            .replace(stored.version.as_deref(), &authority, previous.as_ref())
            .await?;
        tracing::info!(
            not_after = %authority.certificate().validity.not_after,
            "certificate authority made"
        );
        Ok((authority, previous))
    }

    fn wants_leaf(
        &self,
        current: &AuthorityCertificate,
        previous: Option<&AuthorityCertificate>,
        now: OffsetDateTime,
    ) -> bool {
        let settled = self
            .state
            .trusted
            .as_ref()
            .is_some_and(|(trusted, since)| trusted == current && now - *since >= SETTLE);
        let Some((signer, validity)) = &self.state.leaf else {
            return settled || previous.is_none();
        };
        if signer == current {
            return validity.is_due(now) || validity.is_ahead(now);
        }
        let still_trusted = previous == Some(signer) && validity.holds(now);
        settled || !still_trusted
    }
}
