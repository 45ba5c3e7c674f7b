//! The three watches, and what each event of them tells the world.

use std::collections::HashMap;
use std::fmt::Debug;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream, SelectAll};
use kube::api::DynamicObject;
use kube::core::{NamespaceResourceScope, PartialObjectMeta};
use kube::{Api, Client, Resource};
use kube_runtime::WatchStreamExt as _;
use kube_runtime::utils::Backoff;
use kube_runtime::watcher::{self, Event, watcher};
use kuberay::labels::{CLUSTER, SERVE};
use kuberay::scope::out_of_scope_by_metadata;
use serde::de::DeserializeOwned;

use super::objects::{Pod, Service, raycluster};
use crate::traffic::{Cluster, Mode};
use crate::world::{Key, Kind, Seen, Source};

/// Objects of one page of a list: a page is parsed at a time, and a pod is some 10 KB of JSON.
const PAGE: u32 = 500;
/// How long one watch lasts, in seconds. One whose connection died in silence is given up soon after that;
/// the next one goes on where it ended, and lists nothing again.
const TIMEOUT: u32 = 60;
/// Between two tries while the API server is away: at first, and at most. kube's own waits up to half a
/// minute, in which a pod that is new gets no traffic.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What the watches tell.
#[derive(Debug)]
pub(super) enum Told {
    ListBegins(Source),
    ListEnds(Source),
    Seen(Seen),
    Gone { kind: Kind, key: Key, uid: String },
    Failed(Source, watcher::Error),
}

pub(super) type Watches = SelectAll<BoxStream<'static, Told>>;

/// In `namespaces`, or in all where there are none. In mode Head without any right on pods.
pub(super) fn watches(client: &Client, namespaces: &[String], mode: Mode) -> Watches {
    let places: Vec<Option<String>> = match namespaces {
        [] => vec![None],
        some => some.iter().cloned().map(Some).collect(),
    };
    let mut watches = SelectAll::new();
    for place in places {
        watches.push(clusters(client, place.clone()));
        watches.push(services(client, place.clone()));
        if mode == Mode::Pods {
            watches.push(pods(client, place));
        }
    }
    watches
}

fn clusters(client: &Client, place: Option<String>) -> BoxStream<'static, Told> {
    let resource = raycluster();
    let api: Api<PartialObjectMeta<DynamicObject>> = match &place {
        None => Api::all_with(client.clone(), &resource),
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
    };
    tell(
        api,
        watcher::Config::default(),
        Kind::Cluster,
        place,
        |found| {
            let metadata = &found.metadata;
            let cluster = Cluster {
                namespace: metadata.namespace.clone()?,
                name: metadata.name.clone()?,
                uid: metadata.uid.clone()?,
                out_of_scope: out_of_scope_by_metadata(metadata),
            };
            let key = Key {
                namespace: cluster.namespace.clone(),
                name: cluster.name.clone(),
            };
            Some((key, Seen::Cluster(cluster)))
        },
    )
}

fn services(client: &Client, place: Option<String>) -> BoxStream<'static, Told> {
    let api: Api<Service> = namespaced(client, place.as_deref());
    let config = watcher::Config::default().labels(SERVE);
    tell(api, config, Kind::Service, place, |service| {
        let key = service.key()?;
        Some((key.clone(), Seen::Service(key, service.seen()?)))
    })
}

fn pods(client: &Client, place: Option<String>) -> BoxStream<'static, Told> {
    let api: Api<Pod> = namespaced(client, place.as_deref());
    let config = watcher::Config::default().labels(CLUSTER);
    tell(api, config, Kind::Pod, place, |pod| {
        let key = pod.key()?;
        Some((key.clone(), Seen::Pod(key, pod.seen()?)))
    })
}

fn namespaced<K>(client: &Client, place: Option<&str>) -> Api<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    match place {
        None => Api::all(client.clone()),
        Some(namespace) => Api::namespaced(client.clone(), namespace),
    }
}

/// One watch as what it tells. `read` says what an object is, and None for one that is none of ours.
fn tell<K>(
    api: Api<K>,
    config: watcher::Config,
    kind: Kind,
    namespace: Option<String>,
    read: impl Fn(&K) -> Option<(Key, Seen)> + Send + 'static,
) -> BoxStream<'static, Told>
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let config = config.page_size(PAGE).timeout(TIMEOUT);
    let events = watcher(api, config).backoff(Pauses(FIRST_PAUSE));
    let mut places = Places {
        source: Source { kind, namespace },
        keys: HashMap::new(),
    };
    events
        .flat_map(move |event| stream::iter(places.tell(event, &read)))
        .boxed()
}

/// The next pause after an error.
struct Pauses(Duration);

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let longer = (self.0 * 2).min(LONGEST_PAUSE);
        Some(std::mem::replace(&mut self.0, longer))
    }
}

impl Backoff for Pauses {
    fn reset(&mut self) {
        self.0 = FIRST_PAUSE;
    }
}

/// Under which RayCluster a watch has told of each object: its label, or its owner, may be changed.
struct Places {
    source: Source,
    keys: HashMap<String, Key>,
}

impl Places {
    fn tell<K: Resource>(
        &mut self,
        event: Result<Event<K>, watcher::Error>,
        read: impl Fn(&K) -> Option<(Key, Seen)>,
    ) -> Vec<Told> {
        let (object, is_gone) = match event {
            Ok(Event::Init) => {
                // What is listed elsewhere now is missing from where it was.
                self.keys.clear();
                return vec![Told::ListBegins(self.source.clone())];
            }
            Ok(Event::InitDone) => return vec![Told::ListEnds(self.source.clone())],
            Ok(Event::InitApply(object) | Event::Apply(object)) => (object, false),
            Ok(Event::Delete(object)) => (object, true),
            Err(error) => return vec![Told::Failed(self.source.clone(), error)],
        };
        let Some(uid) = object.meta().uid.clone() else {
            return Vec::new();
        };
        let found = if is_gone { None } else { read(&object) };
        let before = match &found {
            Some((key, _)) => self.keys.insert(uid.clone(), key.clone()),
            None => self.keys.remove(&uid),
        };
        let is_left = |before: &Key| found.as_ref().is_none_or(|(key, _)| key != before);
        let gone = before.filter(is_left).map(|key| Told::Gone {
            kind: self.source.kind,
            key,
            uid,
        });
        let seen = found.map(|(_, seen)| Told::Seen(seen));
        gone.into_iter().chain(seen).collect()
    }
}
