//! What has to be true before this replica is of any use.

use std::sync::atomic::{AtomicBool, Ordering};

/// The conditions that have come true. None goes back: a controller that is not ready for a moment is not
/// mended by anything that Kubernetes does about it.
#[derive(Debug, Default)]
pub struct Health {
    lease: AtomicBool,
    watches: AtomicBool,
}

impl Health {
    pub(super) fn lease_is_known(&self) {
        self.lease.store(true, Ordering::Release);
    }

    pub(super) fn watches_are_listed(&self) {
        self.watches.store(true, Ordering::Release);
    }

    pub fn checks(&self) -> [(&'static str, bool); 2] {
        [
            ("lease", self.lease.load(Ordering::Acquire)),
            ("watches", self.watches.load(Ordering::Acquire)),
        ]
    }
}
