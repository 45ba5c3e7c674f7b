//! All passes together, the second tries among them, and the lines that close the run.

use std::fmt::{self, Display};

use anyhow::Result;

use super::{
    pass::{Pass, Time},
    times,
};

#[derive(Default)]
pub(super) struct Total {
    passed: usize,
    failed: Vec<String>,
    broken: Vec<String>,
    /// Tests that needed a second try, and whether it passed.
    second: Vec<(String, bool)>,
    times: Vec<Time>,
}

impl Total {
    pub(super) fn add(&mut self, pass: Pass) {
        self.passed += pass.passed.len();
        self.failed.extend(pass.failed);
        self.broken.extend(pass.broken);
        self.times.extend(pass.times);
    }

    /// Adds a pass whose failed tests have one more try each, one after the other, by `again`.
    ///
    /// There is none where something failed that no test is named for: a crash would pass for the
    /// tests that it prevented.
    pub(super) fn add_with_second_tries(
        &mut self,
        mut pass: Pass,
        mut again: impl FnMut(&str) -> Result<Pass>,
    ) -> Result<()> {
        if pass.broken.is_empty() {
            for name in std::mem::take(&mut pass.failed) {
                let second = again(&name)?;
                let passed = second.broken.is_empty() && second.passed == [name.as_str()];
                if passed {
                    pass.passed.push(name.clone());
                } else {
                    pass.failed.push(name.clone());
                }
                pass.broken.extend(second.broken);
                pass.times.extend(second.times);
                self.second.push((name, passed));
            }
        }
        self.add(pass);
        Ok(())
    }

    pub(super) fn is_good(&self) -> bool {
        self.passed > 0 && self.failed.is_empty() && self.broken.is_empty()
    }

    /// The slowest tests and the time by subject.
    pub(super) fn times(&self) -> String {
        times::tables(&self.times)
    }
}

impl Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, passed) in &self.second {
            let outcome = if *passed { "" } else { ", failed again" };
            writeln!(f, "second try: {name}{outcome}")?;
        }
        for name in &self.failed {
            writeln!(f, "failed: {name}")?;
        }
        for what in &self.broken {
            writeln!(f, "failed: {what}")?;
        }
        let failed = self.failed.len() + self.broken.len();
        write!(f, "{} passed, {failed} failed", self.passed)?;
        if self.second.is_empty() {
            return Ok(());
        }
        write!(f, ", {} tried twice", self.second.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(passed: &[&str], failed: &[&str], broken: &[&str]) -> Pass {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Pass {
            passed: names(passed),
            failed: names(failed),
            broken: names(broken),
            times: Vec::new(),
        }
    }

    /// A first pass and what `again` makes of each test; returns the names it was asked for too.
    fn total(first: Pass, again: impl Fn(&str) -> Pass) -> (Total, Vec<String>) {
        let mut total = Total::default();
        let mut asked = Vec::new();
        total
            .add_with_second_tries(first, |name| {
                asked.push(name.to_owned());
                Ok(again(name))
            })
            .expect("second tries start");
        (total, asked)
    }

    #[test]
    fn a_test_that_passes_at_last_is_named_and_counts_once() {
        let first = pass(&["a"], &["b::c", "d"], &[]);
        let (total, asked) = total(first, |name| pass(&[name], &[], &[]));
        assert_eq!(asked, ["b::c", "d"]);
        assert!(total.is_good());
        assert_eq!(
            total.to_string(),
            "second try: b::c\nsecond try: d\n3 passed, 0 failed, 2 tried twice"
        );
    }

    #[test]
    fn a_test_that_fails_twice_fails_the_run() {
        let first = pass(&["a"], &["b", "c"], &[]);
        let (total, asked) = total(first, |name| match name {
            "b" => pass(&[], &["b"], &[]),
            _ => pass(&[name], &[], &[]),
        });
        assert_eq!(asked, ["b", "c"], "one second try each");
        assert!(!total.is_good());
        assert_eq!(
            total.to_string(),
            "second try: b, failed again\nsecond try: c\nfailed: b\n2 passed, 1 failed, 2 tried twice"
        );
    }

    #[test]
    fn a_crash_is_not_hidden_by_second_tries() {
        let first = pass(&["a"], &["b"], &["a test binary died"]);
        let (total, asked) = total(first, |name| pass(&[name], &[], &[]));
        assert_eq!(asked, [""; 0]);
        assert!(!total.is_good());
        assert_eq!(
            total.to_string(),
            "failed: b\nfailed: a test binary died\n1 passed, 2 failed"
        );
    }

    #[test]
    fn a_second_try_that_ran_nothing_or_died_is_no_success() {
        let nothing = total(pass(&["a"], &["b"], &[]), |_| pass(&[], &[], &[])).0;
        assert!(!nothing.is_good());
        let another = total(pass(&["a"], &["b"], &[]), |_| pass(&["b::b"], &[], &[])).0;
        assert!(!another.is_good());
        let died = total(pass(&["a"], &["b"], &[]), |name| {
            pass(&[name], &[], &["a test binary died"])
        });
        assert!(!died.0.is_good());
        assert!(died.0.to_string().contains("second try: b, failed again"));
    }

    #[test]
    fn no_test_at_all_is_not_good() {
        assert!(!Total::default().is_good());
    }
}
