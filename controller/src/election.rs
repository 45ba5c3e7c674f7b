//! Which of several controllers acts: the rule of client-go for a Lease, without its I/O.
//!
//! The clocks of two machines differ, so the times in a Lease decide nothing here: a Lease is free when
//! *this* process has seen no change of it for its whole duration. A leader that could not renew its Lease
//! stops before anybody else may take it. Two leaders for a moment do no harm, since every change is
//! guarded, but they would tell everything twice.

use std::time::{Duration, Instant, SystemTime};

/// How long a Lease is left alone that nobody renews: client-go's.
pub const LEASE: Duration = Duration::from_secs(15);
/// How long a leader goes on without having renewed it.
pub const RENEW_WITHIN: Duration = Duration::from_secs(10);
/// How often each of them looks.
pub const RETRY: Duration = Duration::from_secs(2);
/// A Lease that was given up is free at once.
const RELEASED: Duration = Duration::from_secs(1);

/// What a Lease says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Empty if nobody holds it.
    pub holder: String,
    pub duration: Duration,
    pub acquired: SystemTime,
    pub renewed: SystemTime,
    /// How often it has had another holder.
    pub transitions: i32,
}

/// What to do with the Lease now. Whoever writes does so with the resourceVersion that was read, so that
/// of two that write one is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Create(Record),
    Update(Record),
    /// Somebody else holds it.
    Wait,
}

#[derive(Debug)]
pub struct Election {
    me: String,
    /// What was read last, and since when it has been the same.
    observed: Option<(Record, Instant)>,
    /// When the Lease was last written by us, before the request was sent.
    renewed: Option<Instant>,
}

impl Election {
    /// `me` must be another one in each process, also of one pod: a container that is started again
    /// knows nothing of what its predecessor was doing.
    pub fn new(me: String) -> Self {
        Self {
            me,
            observed: None,
            renewed: None,
        }
    }

    pub fn me(&self) -> &str {
        &self.me
    }

    /// What the API server says of the Lease, and so what to do.
    pub fn see(&mut self, lease: Option<Record>, now: Instant, clock: SystemTime) -> Step {
        let Some(lease) = lease else {
            self.observed = None;
            return Step::Create(self.record(clock, 0, clock));
        };
        if self
            .observed
            .as_ref()
            .is_none_or(|(seen, _)| *seen != lease)
        {
            self.observed = Some((lease.clone(), now));
        }
        if lease.holder == self.me {
            return Step::Update(self.record(lease.acquired, lease.transitions, clock));
        }
        let since = self.observed.as_ref().map_or(now, |(_, since)| *since);
        let is_free = lease.holder.is_empty() || now >= since + lease.duration;
        if is_free {
            Step::Update(self.record(clock, lease.transitions.saturating_add(1), clock))
        } else {
            Step::Wait
        }
    }

    /// The API server has taken what [`Self::see`] asked for; `asked` is when that was sent, since the
    /// Lease may have been written at any time after.
    pub fn took(&mut self, record: Record, asked: Instant) {
        self.observed = Some((record, asked));
        self.renewed = Some(asked);
    }

    /// Somebody else holds the Lease now.
    pub fn lost(&mut self) {
        self.renewed = None;
    }

    pub fn is_leader(&self, now: Instant) -> bool {
        self.ends().is_some_and(|end| now < end)
    }

    /// When leading ends unless the Lease is renewed.
    pub fn ends(&self) -> Option<Instant> {
        Some(self.renewed? + RENEW_WITHIN)
    }

    /// Gives the Lease up, for an end in good order: the next leader need not wait.
    pub fn release(&mut self, clock: SystemTime) -> Option<Record> {
        self.renewed.take()?;
        let (held, _) = self.observed.as_ref()?;
        Some(Record {
            holder: String::new(),
            duration: RELEASED,
            renewed: clock,
            ..held.clone()
        })
    }

    fn record(&self, acquired: SystemTime, transitions: i32, clock: SystemTime) -> Record {
        Record {
            holder: self.me.clone(),
            duration: LEASE,
            acquired,
            renewed: clock,
            transitions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The API server's Lease, which two processes write.
    struct Server {
        lease: Option<Record>,
        clock: SystemTime,
    }

    impl Server {
        fn new() -> Self {
            Self {
                lease: None,
                clock: SystemTime::UNIX_EPOCH,
            }
        }

        /// One look of one process, whose own clock is `off` the server's.
        fn look(&mut self, election: &mut Election, now: Instant, off: Duration) {
            match election.see(self.lease.clone(), now, self.clock + off) {
                Step::Create(record) | Step::Update(record) => {
                    self.lease = Some(record.clone());
                    election.took(record, now);
                }
                Step::Wait => election.lost(),
            }
        }
    }

    #[test]
    fn one_leads_and_the_other_takes_over_when_it_is_silent() {
        let (mut server, start) = (Server::new(), Instant::now());
        let (mut a, mut b) = (Election::new("a".into()), Election::new("b".into()));
        for second in 0..30 {
            let now = start + second * SECOND;
            server.look(&mut a, now, Duration::ZERO);
            // An hour ahead, which changes nothing.
            server.look(&mut b, now, 3600 * SECOND);
            assert!(a.is_leader(now) && !b.is_leader(now), "{second}");
            server.clock += SECOND;
        }
        let silent = start + 29 * SECOND;
        let mut taken = None;
        for second in 1..40 {
            let now = silent + second * SECOND;
            server.look(&mut b, now, Duration::ZERO);
            assert!(!(a.is_leader(now) && b.is_leader(now)), "{second}");
            if b.is_leader(now) {
                taken = Some(second);
                break;
            }
        }
        assert_eq!(taken, Some(15));
        let lease = server.lease.as_ref().unwrap();
        assert_eq!((lease.holder.as_str(), lease.transitions), ("b", 1));
        // The first one comes back, and does not believe that it still leads.
        server.look(&mut a, silent + 16 * SECOND, Duration::ZERO);
        assert!(!a.is_leader(silent + 16 * SECOND));
    }

    #[test]
    fn whoever_renews_keeps_the_time_of_taking_it() {
        let (mut server, start) = (Server::new(), Instant::now());
        let mut a = Election::new("a".into());
        server.look(&mut a, start, Duration::ZERO);
        server.clock += 5 * SECOND;
        server.look(&mut a, start + 5 * SECOND, Duration::ZERO);
        let lease = server.lease.unwrap();
        assert_eq!(lease.acquired, SystemTime::UNIX_EPOCH);
        assert_eq!(lease.renewed, SystemTime::UNIX_EPOCH + 5 * SECOND);
        assert_eq!(lease.transitions, 0);
    }

    #[test]
    fn a_leader_that_cannot_renew_stops_before_its_lease_is_free() {
        let (mut server, start) = (Server::new(), Instant::now());
        let mut a = Election::new("a".into());
        server.look(&mut a, start, Duration::ZERO);
        assert!(a.is_leader(start + RENEW_WITHIN / 10 * 9));
        assert!(!a.is_leader(start + RENEW_WITHIN));
        assert!(RENEW_WITHIN < LEASE);
    }

    #[test]
    fn a_lease_that_is_given_up_is_taken_at_the_next_look() {
        let (mut server, start) = (Server::new(), Instant::now());
        let (mut a, mut b) = (Election::new("a".into()), Election::new("b".into()));
        server.look(&mut a, start, Duration::ZERO);
        server.look(&mut b, start, Duration::ZERO);
        server.lease = a.release(server.clock);
        assert!(!a.is_leader(start) && server.lease.is_some());
        assert_eq!(a.release(server.clock), None);
        server.look(&mut b, start + SECOND, Duration::ZERO);
        assert!(b.is_leader(start + SECOND));
    }

    #[test]
    fn what_was_held_before_this_process_is_waited_for() {
        let start = Instant::now();
        let old = Record {
            holder: "x".to_owned(),
            duration: LEASE,
            acquired: SystemTime::UNIX_EPOCH,
            renewed: SystemTime::UNIX_EPOCH,
            transitions: 7,
        };
        let mut election = Election::new("a".into());
        let mut look =
            |after: Duration| election.see(Some(old.clone()), start + after, SystemTime::now());
        // It may be renewed next, however old its times are.
        assert_eq!(look(Duration::ZERO), Step::Wait);
        assert_eq!(look(LEASE / 10 * 9), Step::Wait);
        assert!(matches!(
            look(LEASE),
            Step::Update(Record { transitions: 8, .. })
        ));
    }
}
