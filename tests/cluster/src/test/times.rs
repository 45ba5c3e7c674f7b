//! `cargo cluster test --times`: where the time of the tests goes.

use std::collections::BTreeMap;

use super::pass::Time;
use crate::table::Table;

const SLOWEST: usize = 20;

/// The crate whose subjects are its modules, a file each.
const ON_THE_CLUSTER: &str = "e2e";

/// The slowest tests, and the sum of each subject. A test that waits for a lock takes its time too.
pub(super) fn tables(times: &[Time]) -> String {
    let mut slowest: Vec<&Time> = times.iter().collect();
    slowest.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    let mut tests = Table::new(&["SLOWEST TESTS", "SECONDS"]);
    for time in slowest.iter().take(SLOWEST) {
        tests.add([time.name.clone(), seconds(time.seconds)]);
    }

    let mut subjects: BTreeMap<&str, (usize, f64)> = BTreeMap::new();
    for time in times {
        let sum = subjects.entry(subject(time)).or_default();
        sum.0 += 1;
        sum.1 += time.seconds;
    }
    let mut subjects: Vec<_> = subjects.into_iter().collect();
    subjects.sort_by(|(_, (_, a)), (_, (_, b))| b.total_cmp(a));
    let mut sums = Table::new(&["SUBJECT", "TESTS", "SECONDS"]);
    for (subject, (count, sum)) in subjects {
        sums.add([subject.to_owned(), count.to_string(), seconds(sum)]);
    }
    format!("{tests}\n{sums}")
}

/// A file of the tests on the cluster, or any other crate.
fn subject(time: &Time) -> &str {
    if time.package == ON_THE_CLUSTER {
        time.name.split("::").next().unwrap_or_default()
    } else {
        &time.package
    }
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(package: &str, name: &str, seconds: f64) -> Time {
        Time {
            package: package.into(),
            name: name.into(),
            seconds,
        }
    }

    #[test]
    fn tests_come_slowest_first_and_subjects_are_summed() {
        let times = [
            time("e2e", "login::a", 2.0),
            time("kubectl-ray", "yaml::b", 0.25),
            time("e2e", "proxy::c", 30.0),
            time("kubectl-ray", "table::d", 40.0),
            time("e2e", "login::e", 31.06),
        ];
        assert_eq!(
            tables(&times),
            "SLOWEST TESTS   SECONDS
table::d        40.0
login::e        31.1
proxy::c        30.0
login::a        2.0
yaml::b         0.2

SUBJECT       TESTS   SECONDS
kubectl-ray   2       40.2
login         2       33.1
proxy         1       30.0
"
        );
    }

    #[test]
    fn twenty_are_enough() {
        let times: Vec<_> = (0..30)
            .map(|n| time("e2e", &format!("a::t{n}"), f64::from(n)))
            .collect();
        let printed = tables(&times);
        assert!(printed.contains("a::t10 "), "{printed}");
        assert!(!printed.contains("a::t9 "), "{printed}");
    }
}
