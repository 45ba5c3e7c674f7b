//! How much of the process's memory requests and their answers may have at once.
//!
//! What comes on top is turned away at once: an admission that queues past the API server's
//! patience costs it the whole `timeoutSeconds`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::sleep;

use crate::server::body::MAX_BODY_BYTES;
use crate::server::connections::Connections;
use crate::server::response_body::Held;

/// Nearly every review is smaller.
const LARGE_BYTES: usize = 64 << 10;
/// What a request takes besides its bytes, so that the budget also bounds their number.
const BYTES_BESIDES: usize = 24 << 10;
/// For a connection that has been told to end to give back what it holds.
const RELEASE: Duration = Duration::from_millis(5);

/// One permit is one KiB.
pub(crate) struct Budget {
    all: Arc<Semaphore>,
    /// The half that large requests may have of it: however many of them come, small ones find room.
    large: Arc<Semaphore>,
    /// Large ones are read one after the other, each of which may take a multiple of its bytes.
    reading: Semaphore,
    /// Where those are who hold a part of the budget without need.
    connections: Arc<Connections>,
}

/// Given back when dropped.
pub(crate) struct Charge {
    all: OwnedSemaphorePermit,
    large: Option<OwnedSemaphorePermit>,
}

impl Budget {
    pub(crate) fn new(bytes: usize, connections: Arc<Connections>) -> Self {
        let large = (bytes / 2).max(MAX_BODY_BYTES);
        Self {
            all: semaphore(bytes),
            large: semaphore(large),
            reading: Semaphore::new(1),
            connections,
        }
    }

    /// Room for a request that declares this length, at the expense of requests that have stalled
    /// if need be.
    pub(crate) async fn charge(&self, declared: Option<usize>) -> Option<Charge> {
        let length = declared.unwrap_or(MAX_BODY_BYTES);
        loop {
            if let Some(charge) = self.try_charge(length) {
                return Some(charge);
            }
            if !self.connections.evict_stalled() {
                return None;
            }
            sleep(RELEASE).await;
        }
    }

    /// `answer`, charged in place of its request until its client has taken it; None if there is
    /// no room for what it has more.
    pub(crate) fn hold(&self, answer: Vec<u8>, mut charge: Charge) -> Option<Bytes> {
        let needed = answer.capacity();
        let more = match needed.checked_sub(charge.bytes()) {
            Some(more) if more > 0 => Some(self.try_charge(more)?),
            _ => {
                charge.shrink_to(needed);
                None
            }
        };
        Some(Held::until_written(answer, (charge, more)))
    }

    /// Waits until a body of this length may be read.
    pub(crate) async fn turn_to_read(&self, length: usize) -> Option<SemaphorePermit<'_>> {
        if length > LARGE_BYTES {
            self.reading.acquire().await.ok()
        } else {
            None
        }
    }

    fn try_charge(&self, length: usize) -> Option<Charge> {
        let permits = kib(length.saturating_add(BYTES_BESIDES).min(MAX_BODY_BYTES));
        let large = if length > LARGE_BYTES {
            Some(self.large.clone().try_acquire_many_owned(permits).ok()?)
        } else {
            None
        };
        Some(Charge {
            all: self.all.clone().try_acquire_many_owned(permits).ok()?,
            large,
        })
    }
}

impl Charge {
    fn bytes(&self) -> usize {
        self.all.num_permits() << 10
    }

    fn shrink_to(&mut self, bytes: usize) {
        let surplus = self.all.num_permits() - kib(bytes) as usize;
        drop(self.all.split(surplus));
        if let Some(large) = &mut self.large {
            drop(large.split(surplus));
        }
    }
}

fn semaphore(bytes: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(kib(bytes) as usize))
}

fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}
