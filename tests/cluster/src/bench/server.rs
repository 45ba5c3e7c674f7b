//! A server under measurement: started for it, read from `/proc`, and ended with it.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use crate::{
    layout::Layout,
    process::{self, Process, dies_with_us},
};

const READY: Duration = Duration::from_secs(30);
/// Finer than any start worth measuring.
const POLL: Duration = Duration::from_millis(1);

pub(super) struct Server<'a> {
    layout: &'a Layout,
    name: &'static str,
    process: Process,
    /// From its start until it was ready.
    pub(super) ready_after: Duration,
}

impl<'a> Server<'a> {
    /// Starts it and waits until it is ready.
    pub(super) fn start(
        layout: &'a Layout,
        name: &'static str,
        command: &mut Command,
        ready: impl FnMut() -> bool,
    ) -> Result<Self> {
        let started = Instant::now();
        process::start(layout, name, dies_with_us(command))?;
        let process = Process::read(&layout.pid(name))
            .with_context(|| format!("{name} ended at once: see its log"))?;
        // From here on whatever fails ends it.
        let mut server = Self {
            layout,
            name,
            process,
            ready_after: Duration::ZERO,
        };
        process::await_ready(layout, name, READY, POLL, ready)?;
        server.ready_after = started.elapsed();
        Ok(server)
    }

    /// Its resident memory, in bytes.
    pub(super) fn memory(&self) -> Result<f64> {
        memory(self.process.pid.try_into()?, "VmRSS")
    }

    /// The processor time it has used, in seconds.
    pub(super) fn processor_time(&self) -> Result<f64> {
        processor_time(self.process.pid.try_into()?)
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        self.process.end();
        for file in [self.layout.pid(self.name), self.layout.log(self.name)] {
            let _ = fs::remove_file(file);
        }
    }
}

/// A figure of `/proc/PID/status` about memory, in bytes.
pub(super) fn memory(pid: u32, figure: &str) -> Result<f64> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("process {pid} ended"))?;
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix(figure)?.strip_prefix(':'))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok())
        .with_context(|| format!("{path} names no {figure}"))?;
    Ok(kilobytes * 1024.0)
}

/// The processor time that a process has used, in seconds; the kernel counts in hundredths.
pub(super) fn processor_time(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("process {pid} ended"))?;
    let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
    // utime and stime are fields 14 and 15, the command's name before is field 2.
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: f64 = ticks.filter_map(|field| field.parse::<f64>().ok()).sum();
    Ok(ticks / 100.0)
}

/// An address of the loopback that nobody listens on.
pub(super) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen on the loopback")?;
    Ok(listener.local_addr()?)
}
