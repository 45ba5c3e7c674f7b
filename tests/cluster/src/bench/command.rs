//! A whole process under measurement: from its start until its end, with the memory it took at most.

use std::{
    env,
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result};

use super::{
    measure::{Took, wait},
    server::memory,
};
use crate::{command::last_lines, process::dies_with_us};

/// Runs it to its end, which must be a success; returns what it printed too.
///
/// A small process of ours starts and measures it, see [`super::measure`].
pub(super) fn run(command: &Command) -> Result<(Took, String)> {
    let report = tempfile::NamedTempFile::new().context("cannot write a report")?;
    let mut measurer = Command::new(env::current_exe().context("this program has no path")?);
    measurer
        .args([OsStr::new("measure"), report.path().as_os_str()])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => measurer.env(name, value),
            None => measurer.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        measurer.current_dir(directory);
    }
    let output = measurer
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {measurer:?}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::bail!("{command:?} failed: {}", last_lines(&said));
    }
    let took = serde_json::from_slice(&fs::read(report.path())?).context("no measurement")?;
    Ok((took, String::from_utf8_lossy(&output.stdout).into_owned()))
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
        // Its own figure, which counts from the program's start: see `measure`.
        let memory = memory(self.child.id(), "VmHWM")?;
        self.child.kill()?;
        Ok(Took {
            memory,
            ..wait(&self.child)?.took(time)
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_process_is_used_and_then_ended() {
        // It stays the program that it is: in the middle of an exec it has no memory yet.
        let mut command = Command::new("sh");
        command.args(["-c", "echo starting; echo port 4711; kill -STOP $$"]);
        let port = |line: &str| Some(line.strip_prefix("port ")?.trim().to_owned());
        let (running, found) = Running::start(&mut command, port).unwrap();
        assert_eq!(found, "4711");
        let pid = i32::try_from(running.child.id()).unwrap();
        let took = running.end().unwrap();
        assert!(took.memory > 100_000.0, "{} bytes", took.memory);
        assert!(crate::process::Process::of(pid).is_none());
    }
}
