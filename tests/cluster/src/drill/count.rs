//! What became of a client's requests: how many of each kind, and the longest time without a success.

use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Ok,
    /// Nobody listens there.
    Refused,
    /// The connection ended before the whole answer was there.
    Reset,
    Timeout,
    /// 404: a proxy without routes.
    NotFound,
    /// 5xx.
    Server,
    Other,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::NotFound => "404",
            Self::Server => "5xx",
            Self::Other => "other",
        }
    }
}

/// A request, when it has ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) began: Instant,
    pub(super) ended: Instant,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    of_kind: BTreeMap<Kind, usize>,
    /// The longest time without a success.
    pub(super) gap: Duration,
}

impl Count {
    /// Of the requests that began within a time, in any order.
    pub(super) fn new(sent: &[Sent], from: Instant, until: Instant) -> Self {
        let mut count = Self::default();
        let mut successes = Vec::new();
        for request in sent.iter().filter(|r| (from..until).contains(&r.began)) {
            *count.of_kind.entry(request.kind).or_default() += 1;
            if request.kind == Kind::Ok {
                successes.push(request.ended);
            }
        }
        successes.sort();
        let mut last = from;
        // The last success may be later than the time itself.
        for success in successes.into_iter().chain([until]) {
            count.gap = count.gap.max(success.saturating_duration_since(last));
            last = last.max(success);
        }
        count
    }

    pub(super) fn sent(&self) -> usize {
        self.of_kind.values().sum()
    }

    pub(super) fn failed(&self) -> usize {
        self.failures().map(|(_, count)| count).sum()
    }

    fn failures(&self) -> impl Iterator<Item = (Kind, usize)> {
        let all = self.of_kind.iter().map(|(kind, count)| (*kind, *count));
        all.filter(|(kind, _)| *kind != Kind::Ok)
    }
}

impl fmt::Display for Count {
    /// `605 of 1,200: refused 600, reset 5`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [failed, sent] = [self.failed(), self.sent()].map(grouped);
        write!(f, "{failed} of {sent}")?;
        for (index, (kind, count)) in self.failures().enumerate() {
            let separator = if index == 0 { ":" } else { "," };
            write!(f, "{separator} {} {}", kind.name(), grouped(count))?;
        }
        Ok(())
    }
}

/// Groups of three digits: 6,000.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests that began and ended at these milliseconds.
    fn sent(requests: &[(u64, u64, Kind)]) -> (Instant, Vec<Sent>) {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let sent = requests.iter().map(|(began, ended, kind)| Sent {
            began: at(*began),
            ended: at(*ended),
            kind: *kind,
        });
        (start, sent.collect())
    }

    fn count(requests: &[(u64, u64, Kind)], from: u64, until: u64) -> Count {
        let (start, sent) = sent(requests);
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        Count::new(&sent, at(from), at(until))
    }

    #[test]
    fn failures_are_told_by_kind_and_successes_are_not() {
        let mut requests = vec![(5, 6, Kind::Reset), (1, 2, Kind::Refused)];
        requests.extend((0..1998).map(|_| (3, 4, Kind::Ok)));
        let count = count(&requests, 0, 10);
        assert_eq!(count.to_string(), "2 of 2,000: refused 1, reset 1");
        assert_eq!((count.failed(), count.sent()), (2, 2000));
    }

    #[test]
    fn nothing_that_failed_is_said_so() {
        assert_eq!(count(&[(1, 2, Kind::Ok)], 0, 10).to_string(), "0 of 1");
        assert_eq!(count(&[], 0, 10).to_string(), "0 of 0");
    }

    #[test]
    fn only_requests_that_began_within_the_time_count() {
        let requests = [
            (9, 30, Kind::Server),
            (10, 11, Kind::NotFound),
            (19, 5000, Kind::Timeout),
            (20, 21, Kind::Other),
        ];
        let count = count(&requests, 10, 20);
        assert_eq!(count.to_string(), "2 of 2: timeout 1, 404 1");
    }

    #[test]
    fn the_gap_is_the_longest_time_without_a_success() {
        let gap = |requests: &[_]| count(requests, 0, 100).gap.as_millis();
        assert_eq!(gap(&[]), 100);
        assert_eq!(gap(&[(0, 30, Kind::Ok), (1, 90, Kind::Ok)]), 60);
        // Before the first, after the last, and whatever the order.
        assert_eq!(gap(&[(1, 90, Kind::Ok), (0, 95, Kind::Ok)]), 90);
        assert_eq!(gap(&[(0, 5, Kind::Ok), (50, 60, Kind::Reset)]), 95);
        // A success that began in time and came late.
        assert_eq!(gap(&[(0, 20, Kind::Ok), (99, 130, Kind::Ok)]), 110);
    }

    #[test]
    fn large_numbers_are_read_in_groups() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }
}
