//! Names of what is there: in the kubeconfig, on the API server, on a cluster's head.
//!
//! Whatever goes wrong, there are no names: somebody is typing and has not asked to be told.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use kuberay::raycluster::Metadata;
use ray_serve_client::logs::files::{self, Step};
use ray_serve_client::{Details, bare};
use serde::Deserialize;

use super::typed::Typed;
use crate::connect::client::client;
use crate::connect::flags::{ConnectionFlags, Limit};
use crate::connect::{Api, RayCluster, Scope, kubeconfig as config, raycluster};
use crate::error::Failure;

/// A shell does nothing else meanwhile. A credential plugin and a head that is asked for the first
/// time take a second each.
const LIMIT: Duration = Duration::from_secs(2);

#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    /// May be empty.
    pub about: String,
}

impl From<String> for Named {
    fn from(name: String) -> Self {
        let about = String::new();
        Self { name, about }
    }
}

/// Asks on a thread of its own, which the process does not wait for: a credential plugin and a look-up
/// of a name cannot be told to stop.
fn ask<T, F>(
    connection: &ConnectionFlags,
    question: impl FnOnce(ConnectionFlags) -> F + Send + 'static,
) -> Option<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Failure>>,
{
    let limit = connection
        .request_timeout
        .0
        .map_or(LIMIT, |given| given.min(LIMIT));
    let connection = ConnectionFlags {
        request_timeout: Limit(Some(limit)),
        unattended: true,
        ..connection.clone()
    };
    let (answer, answered) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        if let Ok(runtime) = runtime {
            // Nobody waits any more where this comes too late.
            let _ = answer.send(runtime.block_on(question(connection)));
        }
    });
    answered.recv_timeout(limit).ok()?.ok()
}

/// Those that ask to serve.
pub fn clusters(typed: &Typed) -> Vec<Named> {
    if typed.connection.address.is_some() {
        // Their name is then the user's to choose.
        return Vec::new();
    }
    let clusters = ask(&typed.connection, async |connection| {
        let api = Api::connect(&connection)?;
        let scope = Scope::Namespace(api.namespace().to_owned());
        Ok(raycluster::list(&api, &scope, None).await?)
    });
    let annotated = clusters
        .into_iter()
        .flatten()
        .filter(RayCluster::is_annotated);
    annotated
        .map(|cluster| {
            let ray = cluster.spec.ray_version.map(|ray| format!("Ray {ray}"));
            Named {
                name: cluster.metadata.name,
                about: ray.unwrap_or_default(),
            }
        })
        .collect()
}

#[derive(Deserialize)]
struct Namespace {
    metadata: Metadata,
}

pub fn namespaces(typed: &Typed) -> Vec<Named> {
    let namespaces = ask(&typed.connection, async |connection| {
        let api = Api::connect(&connection)?;
        let path = "/api/v1/namespaces?labelSelector=";
        Ok(api.list::<Namespace>("list namespaces", path).await?)
    });
    let names = namespaces.into_iter().flatten();
    names
        .map(|namespace| namespace.metadata.name.into())
        .collect()
}

pub fn kubeconfig(typed: &Typed, kind: config::Kind) -> Vec<Named> {
    let Ok(Some(config)) = config::merged(&typed.connection) else {
        return Vec::new();
    };
    config.names(kind).into_iter().map(Named::from).collect()
}

fn details(typed: &Typed) -> Option<Details> {
    let cluster = typed.cluster.clone()?;
    ask(&typed.connection, async move |connection| {
        let mut client = client(&connection, &cluster)?;
        Ok(client.applications().await?.details)
    })
}

/// Those that were not named yet.
pub fn applications(typed: &Typed) -> Vec<Named> {
    let given = |name: &str| {
        let mut given = typed.applications.iter();
        given.any(|given| bare(given) == name)
    };
    let applications = details(typed)
        .into_iter()
        .flat_map(|details| details.applications);
    applications
        .filter(|(name, _)| !given(name))
        .map(|(name, application)| Named {
            name,
            about: application.status,
        })
        .collect()
}

/// Where applications answer.
pub fn routes(typed: &Typed) -> Vec<Named> {
    let applications = details(typed)
        .into_iter()
        .flat_map(|details| details.applications);
    applications
        .filter_map(|(name, application)| {
            Some(Named {
                name: application.route_prefix?,
                about: name,
            })
        })
        .collect()
}

/// What `logs` takes after `path`, a step further.
pub fn logs(typed: &Typed, path: &str) -> Vec<Step> {
    details(typed).map_or_else(Vec::new, |details| files::steps(&details, path))
}
