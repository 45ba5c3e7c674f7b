//! A thousand RayClusters that serve, in a namespace of their own that goes with them.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinSet, time::sleep};

use super::{
    api::{Api, Caller},
    manifest::{Cluster, PODS_EACH},
};
use crate::{
    progress::{note, step},
    wait::is_interrupted,
};

pub(super) const NAMESPACE: &str = "kubectl-ray-bench-controller";

/// Those of RayClusters: the controller's own pod is another matter.
const PODS: &str = "pods?labelSelector=ray.io/cluster";

/// Clusters that are created at once: more keep two cores no busier.
const AT_ONCE: usize = 16;
/// For the end of everything.
const ENDS: Duration = Duration::from_secs(300);
const POLL: Duration = Duration::from_millis(500);

pub(super) struct Fleet<'a> {
    api: &'a Api,
}

impl<'a> Fleet<'a> {
    /// Whose pods answer on `port`.
    pub(super) fn create(api: &'a Api, clusters: u32, port: u16) -> Result<Self> {
        let pods = clusters * PODS_EACH;
        let progress = step(format!("creating {clusters} RayClusters with {pods} pods"));
        // From here on whatever fails removes what was made.
        let fleet = Self { api };
        api.wait(create_all(&api.caller(), clusters, port))?;
        progress.done();
        Ok(fleet)
    }

    /// Every object that a controller may write, with its version.
    pub(super) fn versions(&self) -> Result<Versions> {
        let caller = self.api.caller();
        let mut versions = BTreeMap::new();
        for (kind, list) in [
            ("pod", core(PODS)),
            ("service", core("services")),
            (
                "event",
                core("events?fieldSelector=involvedObject.kind%3DRayCluster"),
            ),
            ("raycluster", rayclusters()),
        ] {
            for object in self.api.wait(caller.list(&list))? {
                let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
                versions.insert(
                    format!("{kind}/{}", text("name")),
                    text("resourceVersion").to_owned(),
                );
            }
        }
        Ok(Versions(versions))
    }
}

impl Drop for Fleet<'_> {
    fn drop(&mut self) {
        let progress = step("deleting the RayClusters");
        match self.api.wait(delete(&self.api.caller())) {
            Ok(()) => progress.done(),
            Err(error) => note(format!("cannot delete namespace {NAMESPACE}: {error:#}")),
        }
    }
}

/// The version of each object, by kind and name.
pub(super) struct Versions(BTreeMap<String, String>);

impl Versions {
    /// The objects that are new or another since then: each was written at least once.
    pub(super) fn written_since(&self, before: &Self) -> Vec<&str> {
        let is_other = |(name, version): &(&String, &String)| before.0.get(*name) != Some(version);
        let written = self.0.iter().filter(is_other);
        written.map(|(name, _)| name.as_str()).collect()
    }
}

/// The path of a list of the core group.
fn core(list: &str) -> String {
    format!("/api/v1/namespaces/{NAMESPACE}/{list}")
}

fn rayclusters() -> String {
    format!("/apis/ray.io/v1/namespaces/{NAMESPACE}/rayclusters")
}

async fn create_all(caller: &Caller, clusters: u32, port: u16) -> Result<()> {
    // Of a bench that was killed.
    delete(caller).await?;
    create_namespace(caller).await?;
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    for number in 0..clusters {
        let (caller, permits) = (caller.clone(), permits.clone());
        tasks.spawn(async move {
            let _permit = permits.acquire().await?;
            ensure!(!is_interrupted(), "interrupted");
            create(&caller, Cluster::new(number), port).await
        });
    }
    while let Some(created) = tasks.join_next().await {
        created??;
    }
    Ok(())
}

async fn create(caller: &Caller, mut cluster: Cluster, port: u16) -> Result<()> {
    let created = caller.create(&rayclusters(), &cluster.manifest()).await?;
    cluster.uid = created["metadata"]["uid"].clone();
    for (pod, status) in cluster.pods() {
        let created = caller.create(&core("pods"), &pod).await?;
        let name = created["metadata"]["name"]
            .as_str()
            .context("a pod without a name")?;
        caller
            .patch(&core(&format!("pods/{name}/status")), &status)
            .await?;
    }
    // Last, so that its endpoints are written once.
    caller
        .create(&core("services"), &cluster.service(port))
        .await?;
    Ok(())
}

/// Pods can be created in it when it has its service account.
async fn create_namespace(caller: &Caller) -> Result<()> {
    let namespace = json!({"metadata": {"name": NAMESPACE}});
    caller.create("/api/v1/namespaces", &namespace).await?;
    until("the service account", || async {
        Ok(!caller.list(&core("serviceaccounts")).await?.is_empty())
    })
    .await
}

/// Pods first: no kubelet is there that would end them, and the namespace would wait for one.
async fn delete(caller: &Caller) -> Result<()> {
    // Owners later, or the garbage collector would delete pod after pod.
    until("the end of the pods", || async {
        caller.delete(&core(PODS)).await?;
        Ok(caller.list(&core(PODS)).await?.is_empty())
    })
    .await?;
    caller
        .delete(&format!("/api/v1/namespaces/{NAMESPACE}"))
        .await?;
    until("the end of the namespace", || async {
        let all = caller.list("/api/v1/namespaces").await?;
        let is_ours = |namespace: &Value| namespace["metadata"]["name"] == NAMESPACE;
        Ok(!all.iter().any(is_ours))
    })
    .await
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let until = Instant::now() + ENDS;
    while !is_so().await? {
        if Instant::now() > until {
            bail!("{what}: not after {} s", ENDS.as_secs());
        }
        sleep(POLL).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions<const N: usize>(objects: [(&str, &str); N]) -> Versions {
        Versions(
            objects
                .map(|(name, version)| (name.into(), version.into()))
                .into(),
        )
    }

    #[test]
    fn an_object_that_is_new_or_another_was_written() {
        let before = versions([("pod/a", "1"), ("pod/b", "2"), ("pod/gone", "3")]);
        assert!(before.written_since(&before).is_empty());
        let after = versions([("pod/a", "1"), ("pod/b", "4"), ("pod/new", "5")]);
        assert_eq!(after.written_since(&before), ["pod/b", "pod/new"]);
    }
}
