//! One `up` or `down` at a time on a machine.

use std::fs::{File, TryLockError};

use anyhow::{Context, Result, bail};

use crate::layout::{Layout, create_dir};

/// Held while it lives; the kernel frees it when the process ends, however it ends.
pub struct Lock(#[allow(dead_code)] File);

pub fn take(layout: &Layout) -> Result<Lock> {
    create_dir(&layout.cache)?;
    let path = layout.cache.join("lock");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => {
            bail!(
                "another `cargo cluster up` or `down` is at work on this machine: wait until it ends"
            )
        }
        Err(TryLockError::Error(e)) => Err(e).context("cannot lock the cluster's cache"),
    }
}
