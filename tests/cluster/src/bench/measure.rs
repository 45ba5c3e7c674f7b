//! `cargo cluster measure`, which `bench` calls: runs one program and writes down what it took.
//!
//! A process of its own, because the kernel counts the most memory of a process from before its program
//! is loaded, when it is a copy of the one that started it. Of this one there is next to nothing to copy.

use std::{
    ffi::OsString,
    fs,
    path::Path,
    process::{Child, Command, ExitCode},
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::process::dies_with_us;

/// What one run took.
#[derive(Clone, Copy, Deserialize, Serialize)]
pub(super) struct Took {
    /// In seconds, from its start to its end.
    pub(super) time: f64,
    /// In seconds, of all processors.
    pub(super) processor: f64,
    /// Resident at most, in bytes.
    pub(super) memory: f64,
}

/// Runs `command` with our own input and output and writes a [`Took`] to `report`; fails as it does.
pub fn measure(report: &Path, command: &[OsString]) -> Result<ExitCode> {
    let (program, arguments) = command.split_first().context("no program to measure")?;
    let began = Instant::now();
    let child = dies_with_us(Command::new(program).args(arguments))
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let ended = wait(&child)?;
    let took = ended.took(began.elapsed().as_secs_f64());
    fs::write(report, serde_json::to_vec(&took)?)
        .with_context(|| format!("cannot write {}", report.display()))?;
    Ok(if ended.success {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

pub(super) struct Ended {
    success: bool,
    usage: libc::rusage,
}

impl Ended {
    // Milliseconds and kilobytes of one process, far from where a double would round them.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn took(&self, time: f64) -> Took {
        let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
        Took {
            time,
            processor: seconds(self.usage.ru_utime) + seconds(self.usage.ru_stime),
            memory: self.usage.ru_maxrss as f64 * 1024.0,
        }
    }
}

/// `Child::wait` does not say what the process used.
pub(super) fn wait(child: &Child) -> Result<Ended> {
    let mut status = 0;
    // SAFETY: all zeros is a valid value of a struct of integers.
    #[allow(unsafe_code)]
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    let pid = i32::try_from(child.id())?;
    // SAFETY: both pointers are to live values that are ours alone; the child was not waited for.
    #[allow(unsafe_code)]
    let waited = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
    ensure!(waited == pid, "cannot wait for process {pid}");
    Ok(Ended {
        success: libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0,
        usage,
    })
}
