//! Waiting, which Ctrl-C ends as an error: so whatever was done to the cluster is undone.

use std::{
    process::exit,
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, sleep},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use crate::progress::note;

const POLL: Duration = Duration::from_millis(500);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From here on Ctrl-C only tells who waits; the second one ends the program.
pub fn catch_interrupts() -> Result<()> {
    static CAUGHT: Once = Once::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot wait for Ctrl-C")?;
    CAUGHT.call_once(|| {
        thread::spawn(move || {
            runtime.block_on(async {
                while tokio::signal::ctrl_c().await.is_ok() {
                    if INTERRUPTED.swap(true, Ordering::Relaxed) {
                        exit(130);
                    }
                    note("interrupted: undoing what was done to the cluster; again to end at once");
                }
            });
        });
    });
    Ok(())
}

pub fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Lets this much time pass.
pub fn pause(time: Duration) -> Result<()> {
    let until = Instant::now() + time;
    loop {
        ensure!(!is_interrupted(), "interrupted");
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        sleep(left.min(POLL));
    }
}

/// Waits until `look` finds what it looks for; what it says until then is part of the error.
pub fn eventually<T>(
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> Result<T>,
) -> Result<T> {
    let until = Instant::now() + limit;
    loop {
        let error = match look() {
            Ok(found) => return Ok(found),
            Err(error) => error,
        };
        if Instant::now() > until {
            bail!("{what}: not after {} s: {error:#}", limit.as_secs());
        }
        pause(POLL)?;
    }
}
