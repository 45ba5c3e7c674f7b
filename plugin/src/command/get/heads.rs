//! What the heads of many RayClusters say, asked side by side.

use std::time::Duration;

use futures::stream::{self, StreamExt};
use kuberay::head::{Pods, choose};
use ray_serve_client::Details;
use ray_serve_client::text::seconds;

use crate::connect::client::{AGENT, Client};
use crate::connect::head::Heads;
use crate::connect::obstacle::{Obstacle, Seen, judge};
use crate::connect::{self, Api, Next, RayCluster, Target};
use crate::error::Failure;
use crate::hint::in_one;

/// Heads asked at the same time, each through a tunnel of its own.
const AT_ONCE: usize = 32;
/// What one head may take; a busy one was seen to take 4 s. Every head of 500 that hangs costs the
/// list 80 s with these two.
const PER_CLUSTER: Duration = Duration::from_secs(5);

/// Namespace and name.
pub(super) fn key(cluster: &RayCluster) -> (String, String) {
    let metadata = &cluster.metadata;
    (metadata.namespace.clone(), metadata.name.clone())
}

/// Each cluster's state or the reason why there is none, in the order of `clusters`.
pub(super) async fn ask(
    api: &Api,
    clusters: &[RayCluster],
    mut heads: Heads,
    limit: Option<Duration>,
) -> Vec<Result<Details, String>> {
    let limit = limit.map_or(PER_CLUSTER, |limit| limit.min(PER_CLUSTER));
    let questions = clusters.iter().enumerate().map(|(index, cluster)| {
        let api = api.in_namespace(&cluster.metadata.namespace);
        let pods = heads.remove(&key(cluster)).unwrap_or_default();
        async move {
            let asked = async {
                let api = api.map_err(|error| reason(&error))?;
                ask_one(api, cluster.clone(), &pods, limit).await
            };
            let answer = tokio::time::timeout(limit, asked).await;
            (
                index,
                answer.unwrap_or_else(|_| Err(late(cluster, &pods, limit))),
            )
        }
    });
    let asking = stream::iter(questions).buffer_unordered(AT_ONCE);
    let mut answers: Vec<_> = asking.collect().await;
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// Where there is no head to answer, it was the reasons for it that did not come.
fn late(cluster: &RayCluster, pods: &Pods, limit: Duration) -> String {
    match choose(cluster, pods) {
        Some(_) => format!("the head did not answer within {}", seconds(limit)),
        None => no_head(&judge(cluster, pods, &Seen::default(), &Next::default())),
    }
}

async fn ask_one(
    api: Api,
    cluster: RayCluster,
    pods: &Pods,
    limit: Duration,
) -> Result<Details, String> {
    let target = Target::known(api, cluster, pods).await;
    let target = target.map_err(|error| reason(&error))?;
    let answer = Client::new(target, Some(limit), AGENT).applications().await;
    Ok(answer
        .map_err(|error| match Failure::from(error) {
            Failure::Cluster(error) => reason(&error),
            other => in_one(&other),
        })?
        .details)
}

/// Without the cluster's name, which the line begins with.
fn reason(error: &connect::Error) -> String {
    match error {
        connect::Error::HeadNotReady { obstacle, .. } => no_head(obstacle),
        other => in_one(other),
    }
}

fn no_head(obstacle: &Obstacle) -> String {
    format!("no ready head: {}", obstacle.why)
}
