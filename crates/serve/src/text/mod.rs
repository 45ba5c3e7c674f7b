//! Makes a cluster's text harmless to people's terminals, where it comes in.
//!
//! Names, states, messages and logs come from anyone who may deploy on the cluster, and end up in
//! another user's terminal.

mod character;
mod clean;

use std::time::Duration;

pub use character::{escape, is_harmless, is_odd_space, joins, steers};
pub use clean::{clean, name, one_line};

/// `90s` as `1m30s`: a limit, as flags take it.
pub fn seconds(limit: Duration) -> String {
    if limit.subsec_nanos() == 0 {
        let total = limit.as_secs();
        return match (total / 60, total % 60) {
            (0, seconds) => format!("{seconds}s"),
            (minutes, 0) => format!("{minutes}m"),
            (minutes, seconds) => format!("{minutes}m{seconds}s"),
        };
    }
    format!("{}ms", limit.as_millis())
}
