//! The Lease that makes one of several controllers act: [`Election`], with its I/O.

use std::time::{Duration, Instant, SystemTime};

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use kube::api::PostParams;
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::error::Error;
use crate::election::{Election, RENEW_WITHIN, RETRY, Record, Step};

/// For one request. A leader that waits longer could not act in time on what it is told.
const PATIENCE: Duration = Duration::from_secs(5);

/// A Lease in the controller's own namespace.
pub(super) struct LeaseClient {
    api: Api<Lease>,
    name: String,
}

/// What is known of the Lease, for whoever acts only while it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Standing {
    /// Whether the API server has said anything of it.
    pub(super) is_known: bool,
    /// Until when this process leads, unless it is told otherwise before.
    pub(super) leads_until: Option<Instant>,
}

impl Standing {
    pub(super) fn leads(self, now: Instant) -> bool {
        self.leads_until.is_some_and(|until| now < until)
    }
}

impl LeaseClient {
    pub(super) fn new(client: Client, namespace: &str, name: &str) -> Self {
        Self {
            api: Api::namespaced(client, namespace),
            name: name.to_owned(),
        }
    }

    /// Takes the Lease whenever it is free, and keeps it. Never ends.
    pub(super) async fn keep(&self, election: &mut Election, standing: &watch::Sender<Standing>) {
        loop {
            if let Err(error) = self.look(election, standing).await {
                tracing::warn!(%error, "cannot renew or take the Lease");
            }
            sleep(RETRY).await;
        }
    }

    /// Gives the Lease up, for an end in good order.
    pub(super) async fn release(&self, election: &mut Election) {
        let Ok(Some(lease)) = self.read().await else {
            return;
        };
        // Not one that somebody else has taken meanwhile.
        let is_ours = lease
            .spec
            .as_ref()
            .is_some_and(|spec| spec.holder_identity.as_deref() == Some(election.me()));
        if let Some(record) = election.release(SystemTime::now()).filter(|_| is_ours)
            && let Err(error) = self.update(lease, &record).await
        {
            tracing::warn!(%error, "cannot give the Lease up; the next leader waits until it has run out");
        }
    }

    /// Takes the Lease whoever holds it, so that whoever holds it stops. Returns who that was.
    pub(super) async fn seize(
        &self,
        holder: &str,
        duration: Duration,
    ) -> Result<Option<String>, Error> {
        let Some(lease) = self.read().await? else {
            return Ok(None);
        };
        let before = record(&lease);
        let clock = SystemTime::now();
        let seized = Record {
            holder: holder.to_owned(),
            duration,
            acquired: clock,
            renewed: clock,
            transitions: before.transitions.saturating_add(1),
        };
        self.update(lease, &seized).await?;
        Ok(Some(before.holder).filter(|holder| !holder.is_empty()))
    }

    async fn look(
        &self,
        election: &mut Election,
        standing: &watch::Sender<Standing>,
    ) -> Result<(), Error> {
        let lease = self.read().await?;
        let asked = Instant::now();
        let step = election.see(lease.as_ref().map(record), asked, SystemTime::now());
        let taken = match (step, lease) {
            (Step::Create(record), _) => self.create(&record).await.map(|()| Some(record)),
            (Step::Update(record), Some(lease)) => {
                self.update(lease, &record).await.map(|()| Some(record))
            }
            (Step::Update(_), None) | (Step::Wait, _) => Ok(None),
        };
        match taken {
            Ok(Some(record)) => election.took(record, asked),
            Ok(None) => election.lost(),
            // Somebody else wrote it between the two: the next look says who.
            Err(Error::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
        standing.send_replace(Standing {
            is_known: true,
            leads_until: election.ends(),
        });
        Ok(())
    }

    async fn read(&self) -> Result<Option<Lease>, Error> {
        self.within("read", self.api.get_opt(&self.name)).await
    }

    async fn create(&self, record: &Record) -> Result<(), Error> {
        let lease = Lease {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                ..ObjectMeta::default()
            },
            spec: Some(spec(record)),
        };
        let params = PostParams::default();
        self.within("create", self.api.create(&params, &lease))
            .await?;
        Ok(())
    }

    /// With the resourceVersion that was read: of two that write, one is refused.
    async fn update(&self, mut lease: Lease, record: &Record) -> Result<(), Error> {
        lease.spec = Some(spec(record));
        let params = PostParams::default();
        self.within("update", self.api.replace(&self.name, &params, &lease))
            .await?;
        Ok(())
    }

    async fn within<T>(
        &self,
        verb: &'static str,
        call: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, Error> {
        let object = || format!("lease/{}", self.name);
        match timeout(PATIENCE, call).await {
            Ok(answer) => answer.map_err(|error| Error::of_call(verb, object(), &error)),
            Err(_) => Err(Error::NoAnswer {
                verb,
                object: object(),
            }),
        }
    }
}

/// A look that takes longer than its limit must not outlive the leadership that it renews.
const _: () = assert!(PATIENCE.as_secs() * 2 <= RENEW_WITHIN.as_secs());

fn record(lease: &Lease) -> Record {
    let spec = lease.spec.clone().unwrap_or_default();
    let time =
        |time: Option<MicroTime>| time.map_or(SystemTime::UNIX_EPOCH, |MicroTime(at)| at.into());
    Record {
        holder: spec.holder_identity.unwrap_or_default(),
        duration: Duration::from_secs(
            spec.lease_duration_seconds
                .and_then(|seconds| u64::try_from(seconds).ok())
                .unwrap_or_default(),
        ),
        acquired: time(spec.acquire_time),
        renewed: time(spec.renew_time),
        transitions: spec.lease_transitions.unwrap_or_default(),
    }
}

fn spec(record: &Record) -> LeaseSpec {
    let time = |at: SystemTime| Timestamp::try_from(at).ok().map(MicroTime);
    LeaseSpec {
        holder_identity: Some(record.holder.clone()),
        lease_duration_seconds: i32::try_from(record.duration.as_secs()).ok(),
        acquire_time: time(record.acquired),
        renew_time: time(record.renewed),
        lease_transitions: Some(record.transitions),
        ..LeaseSpec::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_what_was_written_to_the_microsecond() {
        let written = Record {
            holder: "a".to_owned(),
            duration: Duration::from_secs(15),
            acquired: SystemTime::UNIX_EPOCH + Duration::from_micros(1_764_000_000_123_456),
            renewed: SystemTime::UNIX_EPOCH + Duration::from_micros(1_764_000_009_000_001),
            transitions: 3,
        };
        let lease = serde_json::to_vec(&Lease {
            spec: Some(spec(&written)),
            ..Lease::default()
        });
        let read: Lease = serde_json::from_slice(&lease.unwrap()).unwrap();
        assert_eq!(record(&read), written);
        assert_eq!(record(&Lease::default()).holder, "");
    }
}
