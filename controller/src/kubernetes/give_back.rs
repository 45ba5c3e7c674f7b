//! Gives every serve service the selector back that KubeRay made, for the end of this product.

use std::time::Duration;

use kube::api::ListParams;
use kube::{Api, Client};
use kuberay::labels::SERVE;
use tokio::time::sleep;

use super::error::Error;
use super::lease::LeaseClient;
use super::objects::Service;
use super::writer::Writer;
use super::{Options, Place};
use crate::election::RETRY;
use crate::traffic::change::{Change, SelectPods};
use crate::traffic::give_back;
use crate::world::Key;

/// How long the Lease is held that keeps controllers from narrowing again what was given back. Helm removes
/// them right after; one that is installed anew waits so long.
const HOLD: Duration = Duration::from_secs(30);
/// How often it looks whether all is given back.
const LOOKS: u32 = 10;

/// Stops the controllers, then gives back. Ends with an error if a selector could not be changed.
pub async fn give_all_back(
    client: Client,
    place: &Place,
    options: &Options,
) -> Result<usize, Error> {
    let lease = LeaseClient::new(client.clone(), &place.namespace, &options.lease);
    let holder = format!("{}_give-back", place.pod);
    seize(&lease, &holder).await?;
    let writer = Writer::new(client.clone());
    let mut given = 0;
    let mut last = None;
    for _ in 0..LOOKS {
        let narrowed = narrowed(&client, options).await?;
        if narrowed.is_empty() {
            return Ok(given);
        }
        last = None;
        for (key, change) in narrowed {
            let name = key.name.clone();
            let changed = writer.make(key, vec![Change::SelectPods(change)]).await;
            match changed.failed {
                None => {
                    given += 1;
                    tracing::info!(
                        raycluster = name,
                        "gave the selector of its serve service back"
                    );
                }
                Some((_, error)) => last = Some(error),
            }
        }
        // Until a controller knows that it does not lead any more, it may narrow once more.
        sleep(RETRY).await;
    }
    if let Some(error) = last {
        return Err(error);
    }
    // Ours have long stopped: what is narrowed again is another release's to keep up to date.
    tracing::warn!(
        "another controller narrows selectors that were given back; does another release run?"
    );
    Ok(given)
}

/// Takes the Lease, also from a controller that renews it at this moment.
async fn seize(lease: &LeaseClient, holder: &str) -> Result<(), Error> {
    loop {
        match lease.seize(holder, HOLD).await {
            Ok(None) => return Ok(()),
            Ok(Some(before)) => {
                tracing::info!(before, "took the Lease; waiting for its holder to notice");
                sleep(RETRY + Duration::from_secs(1)).await;
                return Ok(());
            }
            Err(Error::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
}

/// The serve services that are narrowed by us.
async fn narrowed(client: &Client, options: &Options) -> Result<Vec<(Key, SelectPods)>, Error> {
    let apis: Vec<Api<Service>> = match &options.namespaces[..] {
        [] => vec![Api::all(client.clone())],
        some => {
            let in_each = some
                .iter()
                .map(|namespace| Api::namespaced(client.clone(), namespace));
            in_each.collect()
        }
    };
    let params = ListParams::default().labels(SERVE);
    let mut found = Vec::new();
    for api in apis {
        let services = api.list(&params).await;
        let services =
            services.map_err(|error| Error::of_call("list", "services".to_owned(), &error))?;
        for service in services {
            if let Some(key) = service.key()
                && let Some(seen) = service.seen()
                && seen
                    .owner_uid
                    .as_deref()
                    .is_some_and(|owner| seen.belongs_to(&key.name, owner))
                && let Some(change) = give_back(&seen, &key.name, options.mode)
            {
                found.push((key, change));
            }
        }
    }
    Ok(found)
}
