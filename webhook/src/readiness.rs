//! Whether the API server may be sent here.

use std::sync::atomic::{AtomicBool, Ordering};

/// What has to be true before the API server may be sent here.
#[derive(Clone, Copy, Debug)]
pub enum Condition {
    Certificate,
    Listener,
    CaBundle,
}

/// The conditions that have come true. None goes back: a webhook that stops answering because the
/// API server is away for a moment would turn a small fault into an outage.
#[derive(Debug, Default)]
pub struct Readiness {
    certificate: AtomicBool,
    listener: AtomicBool,
    ca_bundle: AtomicBool,
}

impl Readiness {
    pub fn set(&self, condition: Condition) {
        let flag = match condition {
            Condition::Certificate => &self.certificate,
            Condition::Listener => &self.listener,
            Condition::CaBundle => &self.ca_bundle,
        };
        flag.store(true, Ordering::Release);
    }

    pub(crate) fn checks(&self) -> [(&'static str, bool); 3] {
        [
            ("certificate", self.certificate.load(Ordering::Acquire)),
            ("listener", self.listener.load(Ordering::Acquire)),
            ("ca-bundle", self.ca_bundle.load(Ordering::Acquire)),
        ]
    }
}
