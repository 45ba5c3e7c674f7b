//! What the proxies themselves say while a drill goes on, with the time of each change.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle, sleep},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use super::{cluster::PORT, pod::Pod};
use crate::http;

/// Finer than the controller's own second.
const POLL: Duration = Duration::from_millis(100);

/// Asks some pods for their health, again and again.
pub(super) struct Health {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Vec<Change>>>,
}

#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) at: Instant,
    pub(super) ip: String,
    /// None where nobody answers.
    pub(super) status: Option<u16>,
}

impl Health {
    pub(super) fn watch(pods: &[Pod]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let is_stopped = Arc::clone(&stop);
        let ips: Vec<String> = pods.iter().map(|pod| pod.ip.clone()).collect();
        let thread = thread::spawn(move || {
            let mut last = BTreeMap::new();
            let mut changes = Vec::new();
            while !is_stopped.load(Ordering::Relaxed) {
                for ip in &ips {
                    let status = http::status(&format!("{ip}:{PORT}"), "/-/healthz");
                    if last.insert(ip, status) != Some(status) {
                        let (at, ip) = (Instant::now(), ip.clone());
                        changes.push(Change { at, ip, status });
                    }
                }
                sleep(POLL);
            }
            changes
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }

    pub(super) fn end(mut self) -> Result<Vec<Change>> {
        self.stop.store(true, Ordering::Relaxed);
        let changes = self.thread.take().map(JoinHandle::join);
        let changes = changes.and_then(Result::ok);
        changes.context("asking the proxies panicked")
    }
}

impl Drop for Health {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
