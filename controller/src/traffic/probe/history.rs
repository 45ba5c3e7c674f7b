//! What the probes of one pod have said, as far as a decision needs it.

use std::time::{Duration, Instant};

use super::{Ask, Outcome};

/// The history of a pod's probes, since its Ray container started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Probes {
    last: Option<(Outcome, Instant)>,
    /// How many of the last results were of the same kind, and when the first of them came.
    run: u32,
    run_since: Option<Instant>,
    answered_at: Option<Instant>,
    has_served: bool,
    /// Whether the way to the cluster was known to be open when the probe that runs began, if one does,
    /// and when the last one did.
    is_open: Option<bool>,
    was_open: bool,
}

impl Probes {
    /// Notes that a probe begins; `is_open` says whether another pod of the cluster has just answered.
    pub fn begin(&mut self, is_open: bool) {
        self.is_open = Some(is_open);
    }

    /// Whether a probe runs.
    pub fn is_running(&self) -> bool {
        self.is_open.is_some()
    }

    /// Keeps a result that came at `now`.
    pub fn record(&mut self, outcome: Outcome, now: Instant) {
        let continues = self
            .last
            .is_some_and(|(last, _)| is_same_kind(last, outcome));
        self.run = if continues {
            self.run.saturating_add(1)
        } else {
            self.run_since = Some(now);
            1
        };
        self.was_open = self.is_open.take() == Some(true);
        if outcome.is_answer() {
            self.answered_at = Some(now);
        }
        self.has_served |= outcome == Outcome::Serves;
        self.last = Some((outcome, now));
    }

    /// What to ask next: routes until the pod has had some.
    pub fn next_ask(&self) -> Ask {
        if self.has_served {
            Ask::Healthz
        } else {
            Ask::HealthzAndRoutes
        }
    }

    pub fn last(&self) -> Option<Outcome> {
        self.last.map(|(outcome, _)| outcome)
    }

    /// When the last result came.
    pub fn last_at(&self) -> Option<Instant> {
        self.last.map(|(_, at)| at)
    }

    /// Whether the pod was seen to serve since its container started.
    pub fn has_served(&self) -> bool {
        self.has_served
    }

    /// Whether the last probe says that the pod serves.
    pub fn serves(&self) -> bool {
        self.last() == Some(Outcome::Serves)
    }

    /// How many results of the last one's kind came in a row.
    pub fn run(&self) -> u32 {
        self.run
    }

    /// When the first of those came.
    pub fn run_since(&self) -> Option<Instant> {
        self.run_since
    }

    /// Whether the last probe began while the way to the cluster was open: what it says is then said of
    /// the pod. One that began before a broken network was mended fails for the network.
    pub fn was_open(&self) -> bool {
        self.was_open
    }

    /// Whether the pod answered within `window` before `now`, and later than `since`.
    pub fn answered_after(&self, since: Instant, window: Duration, now: Instant) -> bool {
        self.answered_at
            .is_some_and(|at| at > since && now.saturating_duration_since(at) <= window)
    }
}

/// Silence and the answers of strangers are one kind: in both it is not known what the pod does.
fn is_same_kind(last: Outcome, next: Outcome) -> bool {
    last == next || (last.is_unknown() && next.is_unknown())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::probe::Foreign;

    #[test]
    fn results_in_a_row_are_counted_by_kind() {
        use Outcome::{Leaving, Refused, Serves, Silent};
        let foreign = Outcome::Foreign(Foreign::Tls);
        for (outcomes, run) in [
            (&[Refused, Refused][..], 2),
            (&[Refused, Serves, Refused], 1),
            (&[Silent, foreign, Silent], 3),
            (&[Silent, Refused, Silent], 1),
            (&[Leaving, Leaving], 2),
        ] {
            let mut probes = Probes::default();
            for outcome in outcomes {
                probes.record(*outcome, Instant::now());
            }
            assert_eq!(probes.run(), run, "{outcomes:?}");
        }
    }

    #[test]
    fn routes_are_asked_for_until_there_were_some() {
        let mut probes = Probes::default();
        assert_eq!(probes.next_ask(), Ask::HealthzAndRoutes);
        probes.record(Outcome::NoRoutes, Instant::now());
        assert_eq!(probes.next_ask(), Ask::HealthzAndRoutes);
        probes.record(Outcome::Serves, Instant::now());
        probes.record(Outcome::Refused, Instant::now());
        assert_eq!(probes.next_ask(), Ask::Healthz);
    }

    #[test]
    fn an_answer_counts_for_a_while_and_only_after_a_moment() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut probes = Probes::default();
        probes.record(Outcome::Leaving, start + second);
        probes.record(Outcome::Silent, start + 2 * second);
        let within = |since, now| probes.answered_after(since, 3 * second, now);
        assert!(within(start, start + 4 * second));
        assert!(!within(start, start + 5 * second));
        assert!(!within(start + second, start + 2 * second));
    }
}
