//! Has the API server make the changes of one RayCluster, in their order.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::error::Error;
use super::objects::{Pod, Service};
use crate::traffic::{Change, patch};
use crate::world::Key;

/// For one request.
const PATIENCE: Duration = Duration::from_secs(10);
/// Requests at once, however many clusters have changes: a controller that is new to a thousand clusters
/// must not be what the API server is busy with.
const AT_ONCE: usize = 16;

/// Changes what `decide` asks for.
#[derive(Clone)]
pub(super) struct Writer {
    client: Client,
    permits: Arc<Semaphore>,
}

/// How far the changes of one decision got.
#[derive(Debug)]
pub(super) struct Changed {
    pub(super) key: Key,
    /// Those that were taken, and when.
    pub(super) taken: Vec<(Change, Instant)>,
    /// The one that was not, which ended it.
    pub(super) failed: Option<(Change, Error)>,
}

impl Writer {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            permits: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    pub(super) async fn make(&self, key: Key, changes: Vec<Change>) -> Changed {
        let mut taken = Vec::new();
        for change in changes {
            let _permit = self.permits.acquire().await;
            match self.make_one(&key.namespace, &change).await {
                Ok(()) => taken.push((change, Instant::now())),
                Err(error) => {
                    let failed = Some((change, error));
                    return Changed { key, taken, failed };
                }
            }
        }
        Changed {
            key,
            taken,
            failed: None,
        }
    }

    async fn make_one(&self, namespace: &str, change: &Change) -> Result<(), Error> {
        let params = PatchParams::default();
        match change {
            Change::LabelPod(label) => {
                let api: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
                let merge = Patch::Merge(patch::label(label));
                let call = api.patch_metadata(&label.pod, &params, &merge);
                within("label", format!("pod/{}", label.pod), call).await
            }
            Change::SelectPods(select) => {
                let api: Api<Service> = Api::namespaced(self.client.clone(), namespace);
                let json: Patch<()> = Patch::Json(patch::selector(select));
                let call = api.patch_metadata(&select.service, &params, &json);
                within("patch", format!("service/{}", select.service), call).await
            }
            // Its event is the change.
            Change::Tell(_) => Ok(()),
        }
    }
}

async fn within<T>(
    verb: &'static str,
    object: String,
    call: impl Future<Output = Result<T, kube::Error>>,
) -> Result<(), Error> {
    match timeout(PATIENCE, call).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(Error::of_call(verb, object, &error)),
        Err(_) => Err(Error::NoAnswer { verb, object }),
    }
}
