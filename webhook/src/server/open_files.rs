//! How many files this process may have open, each connection being one.

/// For files, the probes' port, and connections that have been accepted and wait for a place.
#[cfg(unix)]
const BESIDES: u64 = 128;

/// Raises the limit for `connections` as far as it may be raised; returns how many fit.
///
/// Without it `accept` would fail first, and a connection that is not accepted cannot take the
/// place of a silent one.
#[cfg(unix)]
#[allow(
    unsafe_code,
    reason = "getrlimit and setrlimit are C functions, and no crate in the tree wraps them"
)]
pub fn allow(connections: u32) -> u32 {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: it writes to the struct it is given and keeps no pointer to it.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return connections;
    }
    let needed = u64::from(connections) + BESIDES;
    if limit.rlim_cur < needed {
        let wanted = libc::rlimit {
            rlim_cur: needed.min(limit.rlim_max),
            rlim_max: limit.rlim_max,
        };
        // SAFETY: it only reads the struct. If it fails, the old limit stays.
        if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const wanted) } == 0 {
            limit = wanted;
        }
    }
    let fit = limit.rlim_cur.saturating_sub(BESIDES).max(1);
    u32::try_from(fit).map_or(connections, |fit| fit.min(connections))
}

#[cfg(not(unix))]
pub fn allow(connections: u32) -> u32 {
    connections
}
