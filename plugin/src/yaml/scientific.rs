//! A float with an exponent, as Python and Go both write it: `1e-05`, `1.5e+16`.

use std::fmt::{self, Display, Formatter, LowerExp};

/// A float in scientific notation: Rust's shortest digits, C's exponent (a sign, two digits or more).
pub(super) struct Scientific {
    mantissa: String,
    pub(super) exponent: i32,
}

impl Scientific {
    /// Of a finite `float`.
    pub(super) fn new(float: impl LowerExp) -> Self {
        let written = format!("{float:e}");
        let (mantissa, exponent) = written.split_once('e').unwrap_or((&written, "0"));
        Self {
            mantissa: mantissa.to_owned(),
            exponent: exponent.parse().unwrap_or_default(),
        }
    }
}

impl Display for Scientific {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self { mantissa, exponent } = self;
        write!(formatter, "{mantissa}e{exponent:+03}")
    }
}
