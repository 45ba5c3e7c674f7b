//! How long a RayCluster waits after a change that the API server did not take.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::error::Error;
use crate::world::Key;

/// After the first failure; each further one doubles it.
const FIRST: Duration = Duration::from_millis(500);
/// The API server is away, or somebody else writes too: both pass.
const LONGEST: Duration = Duration::from_secs(5);
/// A right is missing, or a policy refuses: a person has to do something.
const LONGEST_IF_REFUSED: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Delays(BTreeMap<Key, Delay>);

#[derive(Debug)]
struct Delay {
    failures: u32,
    /// None once it is over, and it is not known yet whether the next try works.
    until: Option<Instant>,
}

impl Delays {
    pub(super) fn add(&mut self, key: &Key, error: &Error, now: Instant) {
        let delay = self.0.entry(key.clone()).or_insert(Delay {
            failures: 0,
            until: None,
        });
        let longest = match error {
            Error::Refused { .. } => LONGEST_IF_REFUSED,
            Error::Conflict { .. } | Error::NoAnswer { .. } => LONGEST,
        };
        let factor = 2_u32.saturating_pow(delay.failures.min(16));
        delay.failures += 1;
        delay.until = Some(now + FIRST.saturating_mul(factor).min(longest));
    }

    pub(super) fn forget(&mut self, key: &Key) {
        self.0.remove(key);
    }

    pub(super) fn holds(&self, key: &Key, now: Instant) -> bool {
        let until = self.0.get(key).and_then(|delay| delay.until);
        until.is_some_and(|until| now < until)
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.0.values().filter_map(|delay| delay.until).min()
    }

    /// Those whose delay is over.
    pub(super) fn over(&mut self, now: Instant) -> Vec<Key> {
        let is_over = |delay: &Delay| delay.until.is_some_and(|until| until <= now);
        let over = self.0.iter_mut().filter(|(_, delay)| is_over(delay));
        over.map(|(key, delay)| {
            delay.until = None;
            key.clone()
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key {
            namespace: "team".to_owned(),
            name: "x".to_owned(),
        }
    }

    #[test]
    fn each_failure_waits_longer_and_a_refusal_longest() {
        let conflict = || Error::Conflict {
            verb: "label",
            object: String::new(),
        };
        let refused = || Error::Refused {
            verb: "label",
            object: String::new(),
            reason: String::new(),
        };
        let now = Instant::now();
        for (error, expected) in [
            (
                conflict as fn() -> Error,
                [500, 1000, 2000, 4000, 5000, 5000],
            ),
            (
                refused as fn() -> Error,
                [500, 1000, 2000, 4000, 8000, 16000],
            ),
        ] {
            let mut delays = Delays::default();
            for milliseconds in expected {
                delays.add(&key(), &error(), now);
                let until = now + Duration::from_millis(milliseconds);
                assert_eq!(delays.next(), Some(until));
                assert!(delays.holds(&key(), now) && !delays.holds(&key(), until));
                assert!(delays.over(now).is_empty());
                assert_eq!(delays.over(until), [key()]);
                assert_eq!(delays.next(), None);
            }
        }
    }

    #[test]
    fn a_change_that_was_taken_begins_anew() {
        let now = Instant::now();
        let error = Error::NoAnswer {
            verb: "label",
            object: String::new(),
        };
        let mut delays = Delays::default();
        delays.add(&key(), &error, now);
        delays.add(&key(), &error, now);
        delays.forget(&key());
        delays.add(&key(), &error, now);
        assert_eq!(delays.next(), Some(now + FIRST));
    }
}
