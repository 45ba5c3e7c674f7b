//! How much of the process's memory requests may have at once.
//!
//! What comes on top is turned away at once: an admission that queues past the API server's
//! patience costs it the whole `timeoutSeconds`.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use crate::body::MAX_BODY_BYTES;

/// Nearly every review is smaller. A smaller one is charged like one of this size, so that the
/// budget also bounds their number.
const LARGE_BYTES: usize = 64 << 10;

/// One permit is one KiB.
pub(crate) struct Budget {
    all: Arc<Semaphore>,
    /// The half that large requests may have of it: however many of them come, small ones find room.
    large: Arc<Semaphore>,
    /// Large ones are read one after the other, each of which may take a multiple of its bytes.
    reading: Semaphore,
}

/// Given back when dropped.
pub(crate) struct Charge {
    _all: OwnedSemaphorePermit,
    _large: Option<OwnedSemaphorePermit>,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        let large = (bytes / 2).max(MAX_BODY_BYTES);
        Self {
            all: semaphore(bytes),
            large: semaphore(large),
            reading: Semaphore::new(1),
        }
    }

    /// Room for a request that declares this length, if there is any.
    pub(crate) fn charge(&self, declared: Option<usize>) -> Option<Charge> {
        let length = declared.unwrap_or(MAX_BODY_BYTES);
        let charge = kib(length.clamp(LARGE_BYTES, MAX_BODY_BYTES));
        let large = if length > LARGE_BYTES {
            Some(self.large.clone().try_acquire_many_owned(charge).ok()?)
        } else {
            None
        };
        Some(Charge {
            _all: self.all.clone().try_acquire_many_owned(charge).ok()?,
            _large: large,
        })
    }

    /// Waits until a body of this length may be read.
    pub(crate) async fn turn_to_read(&self, length: usize) -> Option<SemaphorePermit<'_>> {
        if length > LARGE_BYTES {
            self.reading.acquire().await.ok()
        } else {
            None
        }
    }
}

fn semaphore(bytes: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(kib(bytes) as usize))
}

fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}
