//! The rules, each as a table of situations and what is decided for them.

mod joining;
mod leaving;
mod narrowing;
mod pace;
mod scope;
mod situation;

use situation::{Selects, Situation};

/// The patch that narrows, in the words of [`Situation::decided`].
const NARROW: &str = "Narrow: ray.io/cluster ray.io/serve";

/// Compares what is decided at once, for each drawing.
fn table(selects: Selects, rows: &[(&str, &[&str])]) {
    for (drawing, expected) in rows {
        let decided = Situation::new(selects, drawing).decided();
        assert_eq!(decided, *expected, "{drawing}");
    }
}
