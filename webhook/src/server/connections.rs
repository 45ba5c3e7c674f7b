//! Which connections are open, and which of them has to go when there are too many.
//!
//! A connection costs its opener nothing and us memory. When all slots are taken, the next client
//! gets that of the connection that has been open longest without asking for anything, or else of
//! the one that has been idle longest, or else of one whose request does not come to its end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::metrics::ServerMetrics;
use crate::server::usage::{Activity, Use};

/// How often to look whether somebody has become old enough to go.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// Requests in flight on all connections together. Each takes memory even if all that is left of
/// it is a refusal that nobody reads.
const MAX_REQUESTS: usize = 1024;

/// How long a connection keeps its place while another one needs it.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// One that asks for nothing.
    silent: Duration,
    /// One whose request does not come to its end, or whose answer is not taken.
    stalled: Duration,
}

impl Patience {
    /// For the API server. It gets as far as its first request in less time, even while a flood of
    /// others is coming in, and it writes and reads at once.
    pub const REVIEWS: Self = Self {
        silent: Duration::from_millis(200),
        stalled: Duration::from_secs(2),
    };
    /// For probes. They need no handshake: their request is there when their connection is looked at,
    /// and is answered. Patience with silent connections would only keep the next probe waiting.
    pub const PROBES: Self = Self {
        silent: Duration::ZERO,
        stalled: Duration::from_millis(50),
    };
}

pub struct Connections {
    slots: Arc<Semaphore>,
    max: u32,
    patience: Patience,
    requests: Arc<Semaphore>,
    metrics: ServerMetrics,
    /// By number, in the order in which they came.
    open: Mutex<BTreeMap<u64, Arc<Activity>>>,
}

impl Connections {
    pub fn new(max: u32, patience: Patience, metrics: ServerMetrics) -> Arc<Self> {
        Arc::new(Self {
            slots: Arc::new(Semaphore::new(max as usize)),
            max,
            patience,
            requests: Arc::new(Semaphore::new(MAX_REQUESTS)),
            metrics,
            open: Mutex::default(),
        })
    }

    /// A slot for a connection that has been accepted, at another one's expense if need be.
    pub(crate) async fn admit(self: &Arc<Self>) -> Slot {
        loop {
            if let Ok(permit) = self.slots.clone().try_acquire_owned() {
                return self.register(permit);
            }
            self.evict_one();
            // Looks again even if nobody leaves: the next one may have become old enough.
            let _ = timeout(LOOK_INTERVAL, self.slots.acquire()).await;
        }
    }

    /// Ends the connection with the request that has been in flight longest, if that is too long.
    pub(crate) fn evict_stalled(&self) -> bool {
        self.evict_first(|current| current == Use::Busy)
    }

    /// Resolves when all connections are closed.
    pub(crate) async fn closed(&self) {
        let _ = self.slots.acquire_many(self.max).await;
    }

    pub(crate) fn count(&self) -> usize {
        self.open().len()
    }

    fn register(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Slot {
        let activity = Arc::new(Activity::new(self.requests.clone()));
        let mut open = self.open();
        let id = open.last_key_value().map_or(0, |(last, _)| last + 1);
        open.insert(id, activity.clone());
        self.metrics.connections.inc();
        Slot {
            activity,
            id,
            connections: self.clone(),
            _permit: permit,
        }
    }

    fn evict_one(&self) {
        // Those that never asked come first, whoever is the oldest among the rest: a flood of
        // newcomers has to wait, and does not cost the API server its connection.
        self.evict_first(|_| true);
    }

    fn evict_first(&self, among: impl Fn(Use) -> bool) -> bool {
        let open = self.open();
        let first = open
            .values()
            .filter_map(|activity| {
                let (current, since) = activity.current_use()?;
                among(current).then_some((current, since, activity))
            })
            .min_by_key(|(current, since, _)| (*current, *since));
        let Some((current, since, activity)) = first else {
            return false;
        };
        let patience = match current {
            Use::Silent | Use::Idle => self.patience.silent,
            Use::Busy => self.patience.stalled,
        };
        let evicted = since.elapsed() >= patience;
        if evicted {
            activity.evict();
            self.metrics.connections_evicted.inc();
        }
        evicted
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Activity>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open connection's place. Another one gets it when this is dropped.
pub(crate) struct Slot {
    pub(crate) activity: Arc<Activity>,
    id: u64,
    connections: Arc<Connections>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.connections.open().remove(&self.id);
        self.connections.metrics.connections.dec();
    }
}
