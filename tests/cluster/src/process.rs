//! Starting a component in the background and ending it by pid, never by name.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{
    command::last_lines,
    layout::{Layout, write},
};

/// How long a component may take to end on SIGTERM before it is killed.
const END: Duration = Duration::from_secs(5);

/// A process as its pid file remembers it. The start time tells it from a later process that got
/// the same pid, so that `down` never ends a stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: i32,
    started: u64,
}

impl Process {
    pub fn of(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The command's name is in parentheses and may hold anything; field 22 counts from the pid.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_whitespace();
        let zombie = fields.next()? == "Z";
        let started = fields.nth(18)?.parse().ok()?;
        (!zombie).then_some(Self { pid, started })
    }

    /// The component's process, if it still runs.
    pub fn read(pid_file: &Path) -> Option<Self> {
        let text = fs::read_to_string(pid_file).ok()?;
        let (pid, started) = text.trim().split_once(' ')?;
        let remembered = Self {
            pid: pid.parse().ok()?,
            started: started.parse().ok()?,
        };
        remembered.alive().then_some(remembered)
    }

    pub fn alive(&self) -> bool {
        Self::of(self.pid) == Some(*self)
    }

    /// How long it runs, in seconds; the kernel counts in hundredths.
    pub fn age(&self) -> Option<f64> {
        let uptime = fs::read_to_string("/proc/uptime").ok()?;
        let uptime: f64 = uptime.split_whitespace().next()?.parse().ok()?;
        // No machine runs so long that a double would round it.
        #[allow(clippy::cast_precision_loss)]
        self.alive().then(|| uptime - self.started as f64 / 100.0)
    }

    pub fn signal(&self, signal: i32) {
        if self.alive() {
            // SAFETY: kill(2) takes two integers and touches no memory of ours.
            #[allow(unsafe_code)]
            unsafe {
                libc::kill(self.pid, signal);
            }
        }
    }

    /// SIGTERM, then SIGKILL; returns when it is gone.
    pub fn end(&self) {
        self.signal(libc::SIGTERM);
        if !self.gone_within(END) {
            self.kill();
        }
    }

    pub fn kill(&self) {
        self.signal(libc::SIGKILL);
        self.gone_within(END);
    }

    fn gone_within(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        while self.alive() {
            if Instant::now() > until {
                return false;
            }
            sleep(Duration::from_millis(20));
        }
        true
    }
}

/// Starts `command` in the background with its output in the component's log.
pub fn start(layout: &Layout, component: &str, command: &mut Command) -> Result<()> {
    let log = layout.log(component);
    let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let child = command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        // Its own process group: Ctrl-C in the user's terminal is for `cargo cluster`, not for it.
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {component}"))?;
    let pid = i32::try_from(child.id())?;
    let Some(process) = Process::of(pid) else {
        return died(layout, component);
    };
    write(
        &layout.pid(component),
        format!("{} {}\n", process.pid, process.started),
    )
}

/// Ctrl-C ends only us, and a kill lets us do nothing more: the kernel then ends the child.
pub fn dies_with_us(command: &mut Command) -> &mut Command {
    // SAFETY: prctl(2) is async-signal-safe and takes integers; the closure touches nothing else.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM);
            Ok(())
        })
    }
}

/// Waits until `ready`, which is asked once a `poll`; a component that dies meanwhile is the error, with the end of its log.
pub fn await_ready(
    layout: &Layout,
    component: &str,
    limit: Duration,
    poll: Duration,
    mut ready: impl FnMut() -> bool,
) -> Result<()> {
    let until = Instant::now() + limit;
    loop {
        if Process::read(&layout.pid(component)).is_none() {
            return died(layout, component);
        }
        if ready() {
            return Ok(());
        }
        if Instant::now() > until {
            bail!(
                "{component} is not ready after {} s; the end of {}:\n{}",
                limit.as_secs(),
                layout.log(component).display(),
                log_end(layout, component)
            );
        }
        sleep(poll);
    }
}

fn died<T>(layout: &Layout, component: &str) -> Result<T> {
    bail!(
        "{component} ended by itself; the end of {}:\n{}",
        layout.log(component).display(),
        log_end(layout, component)
    )
}

fn log_end(layout: &Layout, component: &str) -> String {
    last_lines(&fs::read_to_string(layout.log(component)).unwrap_or_default())
}

/// Every process whose command line satisfies `wanted`, with its pid.
pub fn find(wanted: impl Fn(&[String]) -> bool) -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|bytes| {
                let words: Vec<String> = bytes
                    .split(|byte| *byte == 0)
                    .map(|word| String::from_utf8_lossy(word).into_owned())
                    .collect();
                wanted(&words)
            })
        })
        .filter_map(Process::of)
        .collect()
}

/// The children of a process. Read from every process's own record, since not every kernel lists them.
pub fn children(parent: i32) -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid: &i32| parent_of(*pid) == Some(parent))
        .filter_map(Process::of)
        .collect()
}

fn parent_of(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper() -> std::process::Child {
        Command::new("sleep").arg("60").spawn().unwrap()
    }

    #[test]
    fn a_later_process_with_the_same_pid_is_a_stranger() {
        let mut child = sleeper();
        let process = Process::of(i32::try_from(child.id()).unwrap()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pid");

        write(&file, format!("{} {}\n", process.pid, process.started)).unwrap();
        assert_eq!(Process::read(&file), Some(process));
        write(&file, format!("{} {}\n", process.pid, process.started + 1)).unwrap();
        assert_eq!(Process::read(&file), None);
        write(&file, "nonsense").unwrap();
        assert_eq!(Process::read(&file), None);

        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_process_that_ignores_sigterm_is_ended_all_the_same() {
        let mut child = Command::new("sh")
            .args(["-c", "trap '' TERM; echo ready; while :; do sleep 1; done"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = [0; 5];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut ready).unwrap();
        let process = Process::of(i32::try_from(child.id()).unwrap()).unwrap();
        process.end();
        assert!(!process.alive());
        child.wait().unwrap();
    }

    #[test]
    fn a_component_that_dies_is_named_with_the_end_of_its_log() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout {
            root: dir.path().into(),
            state: dir.path().join("state"),
            cache: dir.path().join("cache"),
        };
        layout.create_directories().unwrap();
        let mut dies = Command::new("sh");
        dies.args(["-c", "echo it is all too much >&2; exit 3"]);
        let error = start(&layout, "etcd", &mut dies)
            .and_then(|()| await_ready(&layout, "etcd", END, END / 50, || false))
            .unwrap_err()
            .to_string();
        assert!(error.contains("etcd ended by itself"), "{error}");
        assert!(error.ends_with("it is all too much"), "{error}");
    }
}
