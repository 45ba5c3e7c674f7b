//! When each pod is probed next: its pace, and a budget for all pods together.

mod pace;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

pub use pace::Paces;

/// Probes a second, and probes at once, of one controller: some four per cent of a core, and a megabyte.
/// Beyond them all intervals stretch evenly.
pub const PER_SECOND: u32 = 1000;
pub const AT_ONCE: u32 = 256;

/// How far an interval is moved at random, so that the pods of a restarted controller spread out.
const JITTER: f64 = 0.2;
/// The weight of the newest probe in the mean of how long they take.
const NEWEST: f64 = 0.05;

/// Which pod is due when. `K` names a pod; `R` gives numbers from 0 to 1.
#[derive(Debug)]
pub struct Schedule<K, R> {
    entries: BTreeMap<K, Entry>,
    due: BTreeSet<(Instant, K)>,
    /// What all paces ask for together, in probes per 1000 s.
    demand: u64,
    running: u32,
    mean_seconds: f64,
    /// How many probes may start at once, refilled at [`PER_SECOND`].
    allowance: f64,
    refilled_at: Instant,
    random: R,
}

#[derive(Debug)]
struct Entry {
    pace: Duration,
    started_at: Option<Instant>,
    /// None while its probe runs.
    due_at: Option<Instant>,
}

impl<K: Clone + Ord, R: FnMut() -> f64> Schedule<K, R> {
    pub fn new(random: R, now: Instant) -> Self {
        Self {
            entries: BTreeMap::new(),
            due: BTreeSet::new(),
            demand: 0,
            running: 0,
            mean_seconds: 0.0,
            allowance: f64::from(AT_ONCE),
            refilled_at: now,
            random,
        }
    }

    /// Sets the pace of a pod, or ends its probes. A new one is due at once; one whose pace stays the
    /// same stays where it is.
    pub fn plan(&mut self, key: &K, pace: Option<Duration>, now: Instant) {
        let Some(pace) = pace else {
            self.forget(key);
            return;
        };
        let Some(entry) = self.entries.get_mut(key) else {
            let entry = Entry {
                pace,
                started_at: None,
                due_at: Some(now),
            };
            self.demand += demand(pace);
            self.due.insert((now, key.clone()));
            self.entries.insert(key.clone(), entry);
            return;
        };
        if entry.pace == pace {
            return;
        }
        self.demand = self.demand - demand(entry.pace) + demand(pace);
        entry.pace = pace;
        if let (Some(due_at), Some(started_at)) = (entry.due_at, entry.started_at) {
            self.due.remove(&(due_at, key.clone()));
            self.put_off(key, started_at, now);
        }
    }

    /// Takes the pods whose probes are to start now, as many as the budget allows.
    pub fn start(&mut self, now: Instant) -> Vec<K> {
        self.refill(now);
        let mut started = Vec::new();
        while self.running < AT_ONCE && self.allowance >= 1.0 {
            let is_due = self.due.first().is_some_and(|(due_at, _)| *due_at <= now);
            let Some((_, key)) = is_due.then(|| self.due.pop_first()).flatten() else {
                break;
            };
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.started_at = Some(now);
                entry.due_at = None;
            }
            self.running += 1;
            self.allowance -= 1.0;
            started.push(key);
        }
        started
    }

    /// Takes note that the probe of a pod ended. The pod may have been forgotten meanwhile.
    pub fn finish(&mut self, key: &K, took: Duration, now: Instant) {
        self.running = self.running.saturating_sub(1);
        self.mean_seconds += (took.as_secs_f64() - self.mean_seconds) * NEWEST;
        if let Some(entry) = self.entries.get(key)
            && let (None, Some(started_at)) = (entry.due_at, entry.started_at)
        {
            self.put_off(key, started_at, now);
        }
    }

    pub fn forget(&mut self, key: &K) {
        if let Some(entry) = self.entries.remove(key) {
            self.demand -= demand(entry.pace);
            if let Some(due_at) = entry.due_at {
                self.due.remove(&(due_at, key.clone()));
            }
        }
    }

    /// When to call [`start`](Self::start) next, if no probe ends before. None where only the end of a
    /// probe can make room, or nothing is planned.
    pub fn next(&self, now: Instant) -> Option<Instant> {
        if self.running >= AT_ONCE {
            return None;
        }
        let (due_at, _) = self.due.first()?;
        let due_at = (*due_at).max(now);
        if self.allowance >= 1.0 {
            return Some(due_at);
        }
        let missing = (1.0 - self.allowance) / f64::from(PER_SECOND);
        Some(due_at.max(self.refilled_at + Duration::from_secs_f64(missing)))
    }

    /// By how much intervals are longer than their pace, because the budget is spent: a metric says so.
    pub fn stretch(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a ratio")]
        let per_second = self.demand as f64 / 1000.0;
        let by_rate = per_second / f64::from(PER_SECOND);
        // Where probes time out, a second each, those at once are the narrower bound.
        let by_room = per_second * self.mean_seconds / f64::from(AT_ONCE);
        by_rate.max(by_room).max(1.0)
    }

    /// Plans the next probe of a pod whose last one started at `started_at`.
    fn put_off(&mut self, key: &K, started_at: Instant, now: Instant) {
        let jitter = 1.0 + JITTER * (2.0 * (self.random)().clamp(0.0, 1.0) - 1.0);
        let factor = self.stretch() * jitter;
        if let Some(entry) = self.entries.get_mut(key) {
            let due_at = (started_at + entry.pace.mul_f64(factor)).max(now);
            entry.due_at = Some(due_at);
            self.due.insert((due_at, key.clone()));
        }
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.refilled_at);
        let refilled = self.allowance + passed.as_secs_f64() * f64::from(PER_SECOND);
        self.allowance = refilled.min(f64::from(AT_ONCE));
        self.refilled_at = self.refilled_at.max(now);
    }
}

/// Probes per 1000 s.
fn demand(pace: Duration) -> u64 {
    let milliseconds = u64::try_from(pace.as_millis()).unwrap_or(u64::MAX);
    1_000_000 / milliseconds.max(1)
}

#[cfg(test)]
mod tests;
