//! The result: each figure with its ratio, and whether the project's goal is reached.

use std::fmt;

use super::pairs::Figure;
use crate::table::Table;

/// What the project promises of a figure.
#[derive(Clone, Copy)]
pub(super) enum Goal {
    /// Shown for its own sake.
    None,
    RatioAtLeast(f64),
    RatioAtMost(f64),
    /// Of our own figure, which has nothing to be compared with.
    AtMost(f64),
}

/// How a figure is written. Times are in seconds, memory and sizes in bytes.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    PerSecond,
    Time,
    Bytes,
    /// Of one processor.
    Share,
    Count,
}

pub(super) struct Report(Table);

impl Report {
    /// The headings of what a line is about, of our figures, and of theirs.
    pub(super) fn new(what: &str, ours: &str, theirs: &str) -> Self {
        Self(Table::new(&[
            what, ours, theirs, "RATIO", "GOAL", "REACHED",
        ]))
    }

    pub(super) fn compare(&mut self, what: &str, unit: Unit, figure: Figure, goal: Goal) {
        let reached = match goal {
            Goal::None => None,
            Goal::RatioAtLeast(limit) => Some(figure.ratio >= limit),
            Goal::RatioAtMost(limit) => Some(figure.ratio <= limit),
            Goal::AtMost(limit) => Some(figure.ours <= limit),
        };
        self.line(
            what,
            [
                unit.show(figure.ours),
                unit.show(figure.theirs),
                ratio(figure.ratio),
            ],
            goal.show(unit),
            reached,
        );
    }

    /// A figure of ours alone.
    pub(super) fn alone(&mut self, what: &str, unit: Unit, ours: f64, limit: f64) {
        let none = || "-".to_owned();
        let goal = Goal::AtMost(limit);
        self.line(
            what,
            [unit.show(ours), none(), none()],
            goal.show(unit),
            Some(ours <= limit),
        );
    }

    fn line(&mut self, what: &str, figures: [String; 3], goal: String, reached: Option<bool>) {
        let reached = match reached {
            None => "-",
            Some(true) => "yes",
            Some(false) => "no",
        };
        let cells = std::iter::once(what.to_owned()).chain(figures);
        self.0.add(cells.chain([goal, reached.into()]));
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Goal {
    fn show(self, unit: Unit) -> String {
        match self {
            Self::None => "-".into(),
            Self::RatioAtLeast(limit) => format!(">= {}", ratio(limit)),
            Self::RatioAtMost(limit) => format!("<= {}", ratio(limit)),
            Self::AtMost(limit) => format!("<= {}", unit.show(limit)),
        }
    }
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::PerSecond => format!("{value:.0}/s"),
            Self::Time if value < 0.000_999_5 => format!("{:.0} µs", value * 1e6),
            Self::Time if value < 0.1 => format!("{:.1} ms", value * 1e3),
            Self::Time if value < 0.999_5 => format!("{:.0} ms", value * 1e3),
            Self::Time => format!("{value:.2} s"),
            Self::Bytes => format!("{:.1} MB", value / 1e6),
            Self::Share => format!("{:.1} %", value * 100.0),
            Self::Count => format!("{value:.0}"),
        }
    }
}

fn ratio(ratio: f64) -> String {
    if !ratio.is_finite() {
        "-".into()
    } else if ratio < 0.1 {
        format!("{ratio:.3}x")
    } else {
        format!("{ratio:.2}x")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_what_is_reached_and_what_is_not() {
        let figure = |ours, theirs| Figure {
            ours,
            theirs,
            ratio: ours / theirs,
        };
        let mut report = Report::new("WHAT", "US", "THEM");
        report.compare(
            "requests",
            Unit::PerSecond,
            figure(900.0, 300.0),
            Goal::RatioAtLeast(3.0),
        );
        report.compare(
            "p99",
            Unit::Time,
            figure(0.000_5, 0.001),
            Goal::RatioAtMost(1.0 / 3.0),
        );
        report.compare("p50", Unit::Time, figure(0.000_3, 1.5), Goal::None);
        report.compare(
            "share",
            Unit::Share,
            figure(0.048, 0.06),
            Goal::AtMost(0.05),
        );
        report.compare("none", Unit::Count, figure(0.0, 0.0), Goal::AtMost(0.0));
        report.alone("start", Unit::Time, 0.012_3, 0.2);
        assert_eq!(
            report.to_string(),
            "WHAT       US        THEM     RATIO    GOAL        REACHED
requests   900/s     300/s    3.00x    >= 3.00x    yes
p99        500 µs    1.0 ms   0.50x    <= 0.33x    no
p50        300 µs    1.50 s   0.000x   -           -
share      4.8 %     6.0 %    0.80x    <= 5.0 %    yes
none       0         0        -        <= 0        yes
start      12.3 ms   -        -        <= 200 ms   yes
"
        );
    }
}
