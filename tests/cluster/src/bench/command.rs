//! A whole process under measurement: from its start until its end, with the memory it took at most.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStdout, Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, ensure};

use super::server::dies_with_us;
use crate::command::last_lines;

/// What one run took.
#[derive(Clone, Copy)]
pub(super) struct Took {
    /// In seconds, from its start to its end.
    pub(super) time: f64,
    /// In seconds, of all processors.
    pub(super) processor: f64,
    /// Resident at most, in bytes. The kernel counts from before the program is loaded, when it is a
    /// copy of us: less than our own few megabytes is never seen.
    pub(super) memory: f64,
}

/// Runs it to its end, which must be a success; returns what it printed too.
pub(super) fn run(command: &mut Command) -> Result<(Took, String)> {
    let began = Instant::now();
    let mut child = spawn(command)?;
    let mut printed = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut printed)?;
    }
    let ended = wait(&child)?;
    let time = began.elapsed().as_secs_f64();
    if !ended.success {
        let mut said = String::new();
        if let Some(mut stderr) = child.stderr.take() {
            stderr.read_to_string(&mut said)?;
        }
        anyhow::bail!("{command:?} failed: {}", last_lines(&said));
    }
    Ok((ended.took(time), printed))
}

/// A process that others use until it is no longer needed.
pub(super) struct Running {
    child: Child,
    /// Kept open: a program that cannot say what it does ends.
    stdout: BufReader<ChildStdout>,
    began: Instant,
}

impl Running {
    /// Starts it and waits for a line of which `wanted` makes something.
    pub(super) fn start<T>(
        command: &mut Command,
        wanted: impl Fn(&str) -> Option<T>,
    ) -> Result<(Self, T)> {
        let began = Instant::now();
        let mut child = spawn(command)?;
        let stdout = child.stdout.take().context("a command without output")?;
        let mut running = Self {
            child,
            stdout: BufReader::new(stdout),
            began,
        };
        let mut line = String::new();
        while running.stdout.read_line(&mut line)? > 0 {
            if let Some(found) = wanted(&line) {
                return Ok((running, found));
            }
            line.clear();
        }
        anyhow::bail!("{command:?} ended before it was of use")
    }

    /// Ends it; the time is that until now.
    pub(super) fn end(mut self) -> Result<Took> {
        let time = self.began.elapsed().as_secs_f64();
        self.child.kill()?;
        Ok(wait(&self.child)?.took(time))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Ended already, unless something failed before.
        let _ = self.child.kill();
    }
}

fn spawn(command: &mut Command) -> Result<Child> {
    dies_with_us(command)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {command:?}"))
}

struct Ended {
    success: bool,
    usage: libc::rusage,
}

impl Ended {
    // Milliseconds and kilobytes of one process, far from where a double would round them.
    #[allow(clippy::cast_precision_loss)]
    fn took(&self, time: f64) -> Took {
        let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
        Took {
            time,
            processor: seconds(self.usage.ru_utime) + seconds(self.usage.ru_stime),
            memory: self.usage.ru_maxrss as f64 * 1024.0,
        }
    }
}

/// `Child::wait` does not say what the process used.
fn wait(child: &Child) -> Result<Ended> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_run_is_measured_to_its_end() {
        let (took, printed) = run(&mut sh("echo hello; exec sleep 0")).unwrap();
        assert_eq!(printed, "hello\n");
        assert!(took.time > 0.0);
        assert!(took.memory > 100_000.0, "{} bytes", took.memory);
    }

    #[test]
    fn a_run_that_fails_is_not_a_measurement() {
        let error = run(&mut sh("echo nobody is there >&2; exit 1"))
            .err()
            .unwrap();
        assert!(error.to_string().ends_with("nobody is there"), "{error}");
    }

    #[test]
    fn a_running_process_is_used_and_then_ended() {
        let mut command = sh("echo starting; echo port 4711; exec sleep 60");
        let port = |line: &str| Some(line.strip_prefix("port ")?.trim().to_owned());
        let (running, found) = Running::start(&mut command, port).unwrap();
        assert_eq!(found, "4711");
        let pid = i32::try_from(running.child.id()).unwrap();
        running.end().unwrap();
        assert!(crate::process::Process::of(pid).is_none());
    }
}
