//! Numbers that spread probes over time: any will do that differ from one process to the next.

use std::hash::{BuildHasher as _, RandomState};

/// From 0 to 1, by xorshift.
pub(super) fn random() -> impl FnMut() -> f64 + Send {
    let mut state = RandomState::new().hash_one(0) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        f64::from((state >> 32) as u32) / f64::from(u32::MAX)
    }
}
