//! Where a log was printed up to. Ray counts lines from the end of a log that grows, so the place is
//! found again by what stands before it.

use std::collections::VecDeque;

/// Enough to tell the place from others: most lines begin with a time, those of a traceback do not.
pub(super) const LINES: usize = 8;

#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    before: VecDeque<Vec<u8>>,
}

impl Place {
    pub(super) fn after(lines: &[Vec<u8>]) -> Self {
        let mut place = Self::default();
        place.pass(lines);
        place
    }

    /// These were printed.
    pub(super) fn pass(&mut self, lines: &[Vec<u8>]) {
        let new = &lines[lines.len().saturating_sub(LINES)..];
        let too_many = (self.before.len() + new.len()).saturating_sub(LINES);
        self.before.drain(..too_many);
        self.before.extend(new.iter().cloned());
    }

    /// Nothing was printed yet.
    pub(super) fn is_start(&self) -> bool {
        self.before.is_empty()
    }

    /// How many of `lines` stand before the place: of two that look the same, the later one.
    fn last_in(&self, lines: &[Vec<u8>]) -> Option<usize> {
        let mut windows = lines.windows(self.before.len().max(1));
        let found = windows.rposition(|window| self.before.iter().eq(window))?;
        Some(found + self.before.len())
    }

    fn first_in(&self, lines: &[Vec<u8>]) -> Option<usize> {
        let mut windows = lines.windows(self.before.len().max(1));
        let found = windows.position(|window| self.before.iter().eq(window))?;
        Some(found + self.before.len())
    }

    /// The same place with all that `lines` tell of it, and how many of them stand after it.
    pub(super) fn found_in(&self, lines: &[Vec<u8>]) -> Option<(Self, usize)> {
        let end = self.last_in(lines)?;
        Some((Self::after(&lines[..end]), lines.len() - end))
    }
}

/// What is left out of a log that is given from somewhere before a place on.
#[derive(Debug)]
pub(super) struct Known {
    place: Place,
    /// The place stands within so many lines, unless somebody replaced the log.
    within: usize,
    held: Vec<Vec<u8>>,
}

impl Known {
    pub(super) fn up_to(place: Place, within: usize) -> Self {
        Self {
            place,
            within,
            held: Vec::new(),
        }
    }

    /// What stands after the place, once it has come.
    pub(super) fn leave_out(&mut self, lines: Vec<Vec<u8>>) -> Option<Vec<Vec<u8>>> {
        self.held.extend(lines);
        match self.place.first_in(&self.held) {
            Some(end) => Some(self.held.split_off(end)),
            None if self.held.len() > self.within => Some(std::mem::take(&mut self.held)),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Vec<u8>> {
        text.split(' ')
            .map(|line| line.as_bytes().to_vec())
            .collect()
    }

    #[test]
    fn a_place_is_found_in_what_has_grown_since() {
        let mut place = Place::default();
        assert!(place.is_start());
        place.pass(&lines("a b"));
        place.pass(&lines("c"));
        let (found, after) = place.found_in(&lines("x a b c d e")).unwrap();
        assert_eq!(after, 2);
        assert_eq!(found.before, lines("x a b c"));
        // The later of two, since the log was printed up to its end.
        let (_, after) = place.found_in(&lines("a b c d a b c f")).unwrap();
        assert_eq!(after, 1);
        assert!(place.found_in(&lines("b c d")).is_none());
        place.pass(&lines("1 2 3 4 5 6 7 8 9"));
        assert_eq!(place.before, lines("2 3 4 5 6 7 8 9"));
    }

    #[test]
    fn what_is_known_is_left_out_however_it_comes() {
        for size in 1..=6 {
            let mut known = Some(Known::up_to(Place::after(&lines("b c")), 100));
            let mut given = Vec::new();
            for piece in lines("a b c c d e").chunks(size) {
                let new = match &mut known {
                    Some(before) => before.leave_out(piece.to_vec()),
                    None => Some(piece.to_vec()),
                };
                if let Some(new) = new {
                    known = None;
                    given.extend(new);
                }
            }
            assert_eq!(given, lines("c d e"), "pieces of {size}");
        }
        let mut replaced = Known::up_to(Place::after(&lines("b")), 2);
        assert_eq!(replaced.leave_out(lines("x y")), None);
        assert_eq!(replaced.leave_out(lines("z")), Some(lines("x y z")));
    }
}
