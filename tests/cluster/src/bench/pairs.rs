//! Two contenders, measured in turns: whatever the machine does meanwhile, it does to both.

use anyhow::Result;

/// What each turn of ours and the one of theirs after it measured.
pub(super) struct Pairs<T>(Vec<(T, T)>);

/// Ours, theirs, ours, theirs, …; the first turn of each only warms up.
pub(super) fn alternate<T>(
    count: u32,
    mut ours: impl FnMut() -> Result<T>,
    mut theirs: impl FnMut() -> Result<T>,
) -> Result<Pairs<T>> {
    ours()?;
    theirs()?;
    let pair = |_| Ok((ours()?, theirs()?));
    Ok(Pairs((0..count).map(pair).collect::<Result<_>>()?))
}

/// One figure of all turns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figure {
    pub(super) ours: f64,
    pub(super) theirs: f64,
    /// Not of the two above, but of each pair: a slow minute of the machine changes neither.
    pub(super) ratio: f64,
}

impl<T> Pairs<T> {
    /// The medians of what `of` says of each turn.
    pub(super) fn medians(&self, of: impl Fn(&T) -> f64) -> Figure {
        let each = |f: &dyn Fn(&(T, T)) -> f64| median(self.0.iter().map(f).collect());
        Figure {
            ours: each(&|(ours, _)| of(ours)),
            theirs: each(&|(_, theirs)| of(theirs)),
            ratio: each(&|(ours, theirs)| of(ours) / of(theirs)),
        }
    }
}

/// The middle one; 0 of nothing.
pub(super) fn median(values: Vec<f64>) -> f64 {
    quantile(values, 0.5)
}

/// The smallest value that at least this share of all do not exceed.
pub(super) fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    // A share of a count is between 0 and the count.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )]
    let rank = (values.len() as f64 * share).ceil() as usize;
    values
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
#[allow(
    clippy::float_cmp,
    reason = "these figures are picked and halved, which is exact"
)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn the_turns_alternate_and_the_first_of_each_does_not_count() {
        let turns = RefCell::new(Vec::new());
        let turn = |who: &'static str, took: f64| {
            turns.borrow_mut().push(who);
            Ok(if turns.borrow().len() <= 2 { 1e9 } else { took })
        };
        let pairs = alternate(2, || turn("ours", 1.0), || turn("theirs", 4.0)).unwrap();
        assert_eq!(*turns.borrow(), ["ours", "theirs"].repeat(3));
        let figure = pairs.medians(|took| *took);
        assert_eq!((figure.ours, figure.theirs, figure.ratio), (1.0, 4.0, 0.25));
    }

    #[test]
    fn the_ratio_is_of_each_pair() {
        // The medians of both are 10; only the pairs say that ours takes half.
        let pairs = Pairs(vec![(1.0, 2.0), (10.0, 40.0), (20.0, 10.0)]);
        assert_eq!(pairs.medians(|x| *x).ratio, 0.5);
    }

    #[test]
    fn a_quantile_is_a_value_that_was_measured() {
        let values: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert_eq!(quantile(values.clone(), 0.99), 198.0);
        assert_eq!(median(values), 100.0);
        assert_eq!(median(vec![7.0]), 7.0);
        assert_eq!(median(Vec::new()), 0.0);
    }
}
