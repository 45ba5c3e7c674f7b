//! Which connections are open, and which of them has to go when there are too many.
//!
//! A connection costs its opener nothing and us memory. When all slots are taken, the next client
//! gets that of the connection that has been open longest without asking for anything, or else of
//! the one that has been idle longest; never of one with a request in flight.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use crate::metrics::Metrics;

/// From a connection to the end of its first request's head, TLS handshake included.
pub(crate) const FIRST_REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than the 90 s after which the API server itself drops an idle connection: whoever
/// closes first must not be us, or a request could be on its way meanwhile.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(120);
/// An honest client gets as far as its first request in less, even while a flood of others is
/// coming in: before that it is not sent away.
const GRACE: Duration = Duration::from_millis(200);

pub(crate) struct Connections {
    slots: Arc<Semaphore>,
    max: u32,
    metrics: Arc<Metrics>,
    /// By number, in the order in which they came.
    open: Mutex<BTreeMap<u64, Arc<Activity>>>,
}

impl Connections {
    pub(crate) fn new(max: u32, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            slots: Arc::new(Semaphore::new(max as usize)),
            max,
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
            let _ = timeout(GRACE / 4, self.slots.acquire()).await;
        }
    }

    /// Resolves when all connections are closed.
    pub(crate) async fn closed(&self) {
        let _ = self.slots.acquire_many(self.max).await;
    }

    pub(crate) fn count(&self) -> usize {
        self.open().len()
    }

    fn register(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Slot {
        let activity = Arc::new(Activity::default());
        let mut open = self.open();
        let id = open.last_key_value().map_or(0, |(last, _)| last + 1);
        open.insert(id, activity.clone());
        Slot {
            activity,
            id,
            connections: self.clone(),
            _permit: permit,
        }
    }

    fn evict_one(&self) {
        let open = self.open();
        let idle = open.values().filter_map(|activity| {
            let usage = activity.usage();
            (usage.in_flight == 0 && !usage.evicted).then_some((
                usage.served,
                usage.since,
                activity,
            ))
        });
        // Those that never asked come first, whoever is the oldest among the rest: a flood of
        // newcomers has to wait, and does not cost the API server its connection.
        if let Some((_, since, activity)) = idle.min_by_key(|(served, since, _)| (*served, *since))
            && since.elapsed() >= GRACE
        {
            activity.usage().evicted = true;
            activity.eviction.notify_one();
            self.metrics.connections_evicted.inc();
        }
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
    }
}

/// What a connection has been used for, to tell an idle one from a busy one.
pub(crate) struct Activity {
    usage: Mutex<Usage>,
    eviction: Notify,
}

struct Usage {
    in_flight: u32,
    served: bool,
    since: Instant,
    evicted: bool,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            usage: Mutex::new(Usage {
                in_flight: 0,
                served: false,
                since: Instant::now(),
                evicted: false,
            }),
            eviction: Notify::new(),
        }
    }
}

impl Activity {
    /// To be called when a request's head is there; the request ends with what this returns.
    pub(crate) fn begin(self: &Arc<Self>) -> InFlight {
        let mut usage = self.usage();
        usage.in_flight += 1;
        usage.served = true;
        InFlight(self.clone())
    }

    /// When the connection is to be closed if nothing happens.
    pub(crate) fn deadline(&self) -> Instant {
        let usage = self.usage();
        match (usage.in_flight, usage.served) {
            (0, _) if usage.evicted => usage.since,
            (0, false) => usage.since + FIRST_REQUEST_TIMEOUT,
            (0, true) => usage.since + IDLE_TIMEOUT,
            _ => Instant::now() + IDLE_TIMEOUT,
        }
    }

    /// Whether it has asked for anything yet.
    pub(crate) fn has_served(&self) -> bool {
        self.usage().served
    }

    /// Resolves when another connection needs the slot.
    pub(crate) async fn evicted(&self) {
        self.eviction.notified().await;
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct InFlight(Arc<Activity>);

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut usage = self.0.usage();
        usage.in_flight -= 1;
        usage.since = Instant::now();
    }
}
