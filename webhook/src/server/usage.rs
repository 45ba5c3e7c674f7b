//! What one connection has been used for: to tell a silent one from an idle one, and a busy one
//! from one that is only said to be busy.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// From a connection to the end of its first request's head, TLS handshake included.
pub(crate) const FIRST_REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than the 90 s after which the API server itself drops an idle connection: whoever
/// closes first must not be us, or a request could be on its way meanwhile.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(120);

/// So many requests a connection may have in flight whatever the others do.
const FAIR_SHARE: usize = 4;

/// In the order in which connections have to give way to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Use {
    /// It has never asked for anything.
    Silent,
    /// It has taken all its answers.
    Idle,
    /// A request is on its way in, or its answer on its way out.
    Busy,
}

pub(crate) struct Activity {
    state: Mutex<State>,
    eviction: Notify,
    /// One permit for each request that may be in flight on all connections together, beyond what
    /// is each one's share.
    requests: Arc<Semaphore>,
}

struct State {
    /// When each request in flight began, in the order in which they came.
    in_flight: BTreeMap<u64, Instant>,
    served: bool,
    idle_since: Instant,
    evicted_as: Option<Use>,
}

impl Activity {
    pub(crate) fn new(requests: Arc<Semaphore>) -> Self {
        Self {
            state: Mutex::new(State {
                in_flight: BTreeMap::new(),
                served: false,
                idle_since: Instant::now(),
                evicted_as: None,
            }),
            eviction: Notify::new(),
            requests,
        }
    }

    /// To be called when a request's head is there; the request ends with what this returns.
    /// None if there are too many already, and more of this connection than its share.
    pub(crate) fn begin(self: &Arc<Self>) -> Option<InFlight> {
        let mut state = self.state();
        let permit = self.requests.clone().try_acquire_owned().ok();
        if permit.is_none() && state.in_flight.len() >= FAIR_SHARE {
            return None;
        }
        let id = state
            .in_flight
            .last_key_value()
            .map_or(0, |(last, _)| last + 1);
        state.in_flight.insert(id, Instant::now());
        state.served = true;
        Some(InFlight {
            activity: self.clone(),
            id,
            _permit: permit,
        })
    }

    /// What it is used for, and since when; None for one that is on its way out already.
    pub(crate) fn current_use(&self) -> Option<(Use, Instant)> {
        let state = self.state();
        state.evicted_as.is_none().then(|| state.current_use())
    }

    /// When the connection is to be closed if nothing happens, its requests not taking longer
    /// than `answer_timeout`.
    pub(crate) fn deadline(&self, answer_timeout: Duration) -> Instant {
        let state = self.state();
        match state.current_use() {
            (Use::Busy, began) => began + answer_timeout,
            (_, since) if state.evicted_as.is_some() => since,
            (Use::Silent, since) => since + FIRST_REQUEST_TIMEOUT,
            (Use::Idle, since) => since + IDLE_TIMEOUT,
        }
    }

    /// Lets the connection know that another one needs its place.
    pub(crate) fn evict(&self) {
        let mut state = self.state();
        let (current, _) = state.current_use();
        state.evicted_as = Some(current);
        self.eviction.notify_one();
    }

    pub(crate) async fn evicted(&self) {
        self.eviction.notified().await;
    }

    /// Whether an evicted connection is ended on the spot. An idle one is closed properly, and
    /// after a request that has come in between.
    pub(crate) fn is_cut_off(&self) -> bool {
        let state = self.state();
        match state.evicted_as {
            Some(Use::Busy) => true,
            Some(Use::Silent) => !state.served,
            Some(Use::Idle) | None => false,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn current_use(&self) -> (Use, Instant) {
        match self.in_flight.first_key_value() {
            Some((_, began)) => (Use::Busy, *began),
            None if self.served => (Use::Idle, self.idle_since),
            None => (Use::Silent, self.idle_since),
        }
    }
}

/// A request, from its head to its answer's last byte.
pub(crate) struct InFlight {
    activity: Arc<Activity>,
    id: u64,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.in_flight.remove(&self.id);
        state.idle_since = Instant::now();
    }
}
