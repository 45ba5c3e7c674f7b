//! All RayClusters that the watches have told of, with what belongs to each.
//!
//! Three watches run side by side, so anything may come first: a pod is kept until its RayCluster is
//! known, and when a RayCluster goes its pods stay until they are told to be gone, in case that a new one
//! of its name is there already. After a watch broke, the API server lists all objects again: what is not
//! in that list went away unseen.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::traffic::pod::SeenPod;
use crate::traffic::service::ServeService;
use crate::traffic::{Cluster, ClusterState};

/// Namespace and name of a RayCluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub namespace: String,
    pub name: String,
}

/// An object that a watch tells of, with the key of the RayCluster that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    Cluster(Cluster),
    Pod(Key, SeenPod),
    Service(Key, ServeService),
}

/// The three watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Cluster,
    Pod,
    Service,
}

/// Where a watch looks: one of them lists all namespaces, or each one of several lists its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    pub kind: Kind,
    /// None for all namespaces.
    pub namespace: Option<String>,
}

#[derive(Debug, Default)]
pub struct World {
    clusters: BTreeMap<Key, Entry>,
    /// Of each watch that lists: what it has not told again so far.
    unconfirmed: BTreeMap<Source, BTreeSet<(Key, String)>>,
}

/// What is known under one key.
#[derive(Debug)]
enum Entry {
    Known(Box<ClusterState>),
    /// What belongs to a RayCluster that no watch has told of.
    Waiting {
        pods: BTreeMap<String, SeenPod>,
        service: Option<ServeService>,
    },
}

impl World {
    pub fn states(&self) -> impl Iterator<Item = (&Key, &ClusterState)> {
        self.clusters.iter().filter_map(|(key, entry)| match entry {
            Entry::Known(state) => Some((key, &**state)),
            Entry::Waiting { .. } => None,
        })
    }

    pub fn state(&self, key: &Key) -> Option<&ClusterState> {
        match self.clusters.get(key)? {
            Entry::Known(state) => Some(state),
            Entry::Waiting { .. } => None,
        }
    }

    pub fn state_mut(&mut self, key: &Key) -> Option<&mut ClusterState> {
        match self.clusters.get_mut(key)? {
            Entry::Known(state) => Some(state),
            Entry::Waiting { .. } => None,
        }
    }

    /// Keeps what a watch tells, and returns whose it is: there a decision may have changed.
    pub fn see(&mut self, seen: Seen, now: Instant) -> Key {
        let (key, uid, kind) = seen.identity();
        self.confirm(kind, &key, uid);
        let entry = self.clusters.entry(key.clone()).or_default();
        match seen {
            Seen::Cluster(cluster) => entry.know(cluster, now),
            Seen::Pod(_, pod) => match entry {
                Entry::Known(state) => state.see_pod(pod, now),
                Entry::Waiting { pods, .. } => {
                    pods.insert(pod.uid.clone(), pod);
                }
            },
            Seen::Service(_, seen) => match entry {
                Entry::Known(state) => state.see_service(Some(seen)),
                Entry::Waiting { service, .. } => *service = Some(seen),
            },
        }
        key
    }

    /// Forgets what a watch tells to be gone. Its uid counts: under its name there may be another one.
    pub fn forget(&mut self, kind: Kind, key: &Key, uid: &str, now: Instant) {
        self.confirm(kind, key, uid.to_owned());
        let Some(entry) = self.clusters.get_mut(key) else {
            return;
        };
        match (kind, &mut *entry) {
            (Kind::Cluster, Entry::Known(state)) if state.cluster().uid == uid => {
                *entry = Entry::left_by(state);
            }
            (Kind::Pod, Entry::Known(state)) => state.forget_pod(uid, now),
            (Kind::Pod, Entry::Waiting { pods, .. }) => {
                pods.remove(uid);
            }
            (Kind::Service, Entry::Known(state)) if state.has_service(uid) => {
                state.see_service(None);
            }
            (Kind::Service, Entry::Waiting { service, .. }) => {
                service.take_if(|service| service.uid == uid);
            }
            (Kind::Cluster | Kind::Service, _) => {}
        }
        if entry.is_empty() {
            self.clusters.remove(key);
        }
    }

    /// A watch begins to list all there is.
    pub fn begin_list(&mut self, source: Source) {
        let is_listed = |key: &Key| {
            source
                .namespace
                .as_ref()
                .is_none_or(|n| *n == key.namespace)
        };
        let listed = self.clusters.iter().filter(|(key, _)| is_listed(key));
        let all = listed.flat_map(|(key, entry)| {
            let uids = entry.uids(source.kind).into_iter();
            uids.map(|uid| (key.clone(), uid))
        });
        let all = all.collect();
        self.unconfirmed.insert(source, all);
    }

    /// It has listed all: what it did not tell again is gone. Returns whose that was.
    pub fn end_list(&mut self, source: &Source, now: Instant) -> BTreeSet<Key> {
        let gone = self.unconfirmed.remove(source).unwrap_or_default();
        for (key, uid) in &gone {
            self.forget(source.kind, key, uid, now);
        }
        gone.into_iter().map(|(key, _)| key).collect()
    }

    fn confirm(&mut self, kind: Kind, key: &Key, uid: String) {
        // At rest no watch lists.
        if self.unconfirmed.is_empty() {
            return;
        }
        let told = (key.clone(), uid);
        for (source, unconfirmed) in &mut self.unconfirmed {
            if source.kind == kind {
                unconfirmed.remove(&told);
            }
        }
    }
}

impl Seen {
    fn identity(&self) -> (Key, String, Kind) {
        match self {
            Self::Cluster(cluster) => {
                let key = Key {
                    namespace: cluster.namespace.clone(),
                    name: cluster.name.clone(),
                };
                (key, cluster.uid.clone(), Kind::Cluster)
            }
            Self::Pod(key, pod) => (key.clone(), pod.uid.clone(), Kind::Pod),
            Self::Service(key, service) => (key.clone(), service.uid.clone(), Kind::Service),
        }
    }
}

impl Default for Entry {
    fn default() -> Self {
        Self::Waiting {
            pods: BTreeMap::new(),
            service: None,
        }
    }
}

impl Entry {
    fn know(&mut self, cluster: Cluster, now: Instant) {
        let (pods, service) = match self {
            // One of the same name and another uid begins anew, with the pods that are there.
            Self::Known(state) if state.cluster().uid == cluster.uid => {
                state.see_cluster(cluster);
                return;
            }
            Self::Known(state) => (state.seen_pods(), state.seen_service()),
            Self::Waiting { pods, service } => {
                (std::mem::take(pods).into_values().collect(), service.take())
            }
        };
        let mut state = ClusterState::new(cluster);
        state.see_service(service);
        for pod in pods {
            state.see_pod(pod, now);
        }
        *self = Self::Known(Box::new(state));
    }

    fn left_by(state: &ClusterState) -> Self {
        let pods = state.seen_pods().into_iter();
        Self::Waiting {
            pods: pods.map(|pod| (pod.uid.clone(), pod)).collect(),
            service: state.seen_service(),
        }
    }

    fn uids(&self, kind: Kind) -> Vec<String> {
        match (kind, self) {
            (Kind::Cluster, Self::Known(state)) => vec![state.cluster().uid.clone()],
            (Kind::Cluster, Self::Waiting { .. }) => Vec::new(),
            (Kind::Pod, Self::Known(state)) => {
                state.pods().map(|pod| pod.seen.uid.clone()).collect()
            }
            (Kind::Pod, Self::Waiting { pods, .. }) => pods.keys().cloned().collect(),
            (Kind::Service, Self::Known(state)) => state
                .seen_service()
                .map(|service| service.uid)
                .into_iter()
                .collect(),
            (Kind::Service, Self::Waiting { service, .. }) => {
                service.iter().map(|service| service.uid.clone()).collect()
            }
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Waiting { pods, service: None } if pods.is_empty())
    }
}
