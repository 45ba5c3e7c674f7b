//! What the API server tells of some objects while a drill goes on, with the time of each change.

use std::{
    io::BufReader,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Instant,
};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process::dies_with_us;

/// A `kubectl get -w`; it ends with the value.
pub(super) struct Watch {
    child: Child,
    seen: Arc<Mutex<Vec<(Instant, Value)>>>,
}

impl Watch {
    /// `kubectl` gets what to watch by its caller, such as `get pods`.
    pub(super) fn start(kubectl: &mut Command) -> Result<Self> {
        kubectl
            .args(["--watch", "--output-watch-events", "-o", "json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = dies_with_us(kubectl)
            .spawn()
            .context("cannot start kubectl")?;
        let stdout = child.stdout.take().context("kubectl has no output")?;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let store = Arc::clone(&seen);
        thread::spawn(move || {
            let events = serde_json::Deserializer::from_reader(BufReader::new(stdout));
            for event in events.into_iter::<Value>().map_while(Result::ok) {
                let mut seen = store.lock().unwrap_or_else(PoisonError::into_inner);
                seen.push((Instant::now(), event));
            }
        });
        Ok(Self { child, seen })
    }

    /// All that came until now: `{"type": …, "object": …}`.
    pub(super) fn events(&self) -> Vec<(Instant, Value)> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.clone()
    }

    /// When it first held after some time of what the API server told.
    pub(super) fn first(&self, after: Instant, holds: impl Fn(&Value) -> bool) -> Option<Instant> {
        let events = self.events().into_iter();
        let mut later = events.filter(|(at, _)| *at >= after);
        later.find(|(_, event)| holds(event)).map(|(at, _)| at)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
