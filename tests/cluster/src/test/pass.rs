//! One `cargo test`: what its test binaries report, read event by event.
//!
//! The times come from libtest itself, as JSON: it alone knows when each of its threads began a
//! test. The pinned toolchain has the format, and a test below fails where another one changed it.
//! cargo-nextest measures too, but runs a process for each test, and the tests on the cluster share
//! one lab in one process: the installed webhook, the locks around it, one RayCluster.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write, stdout},
    process::{Command, Stdio},
};

use anyhow::{Context, Result};
use serde_json::Value;

/// How an event begins: a program that a test ran may have left a line without its end before it.
const EVENT: &str = "{ \"type\": ";

/// The time a test took.
pub(super) struct Time {
    /// The crate whose test it is.
    pub(super) package: String,
    pub(super) name: String,
    pub(super) seconds: f64,
}

/// What came of it.
#[derive(Default)]
pub(super) struct Pass {
    pub(super) passed: Vec<String>,
    pub(super) failed: Vec<String>,
    /// Failures that no test can be named for: what does not compile, a binary that died.
    pub(super) broken: Vec<String>,
    pub(super) times: Vec<Time>,
}

/// What is printed of tests that pass.
#[derive(Clone, Copy)]
pub(super) enum Show {
    /// A line each, as it ends.
    Tests,
    /// A line for each test binary.
    Binaries,
}

/// Runs it to its end and shows what it prints.
pub(super) fn run(command: &mut Command, show: Show) -> Result<Pass> {
    run_into(command, show, &mut stdout())
}

fn run_into(command: &mut Command, show: Show, shown: &mut impl Write) -> Result<Pass> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo")?;
    let output = child.stdout.take().context("cargo has no output")?;
    let mut reader = Reader::new(show);
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let text = reader.read(&String::from_utf8_lossy(&line));
        let _ = shown.write_all(text.as_bytes());
    }
    Ok(reader.end(child.wait()?.success()))
}

struct Reader {
    show: Show,
    pass: Pass,
    binary: Option<Binary>,
}

/// A test binary that has not ended.
struct Binary {
    package: String,
    running: BTreeSet<String>,
    /// How many tests had passed and failed before it.
    before: (usize, usize),
    /// Whether it printed its closing event.
    closed: bool,
}

impl Reader {
    fn new(show: Show) -> Self {
        Self {
            show,
            pass: Pass::default(),
            binary: None,
        }
    }

    /// Takes a line, and returns what to print of it.
    fn read(&mut self, line: &str) -> String {
        let start = line.find(EVENT).unwrap_or(line.len());
        let (before, event) = line.split_at(start);
        match serde_json::from_str(event) {
            Ok(event) => {
                let before = if before.is_empty() {
                    String::new()
                } else {
                    format!("{before}\n")
                };
                before + &self.take(&event)
            }
            Err(_) if line.is_empty() => String::new(),
            Err(_) => format!("{line}\n"),
        }
    }

    fn take(&mut self, event: &Value) -> String {
        let text = |field: &str| event[field].as_str().unwrap_or_default();
        let what = (text("type"), text("event"));
        if what.0 == "binary" {
            self.binary_ended(None);
            self.binary = Some(Binary {
                package: text("package").to_owned(),
                running: BTreeSet::new(),
                before: (self.pass.passed.len(), self.pass.failed.len()),
                closed: false,
            });
            return String::new();
        }
        let Some(binary) = &mut self.binary else {
            return String::new();
        };
        let name = text("name");
        match what {
            ("exit", _) => self.binary_ended(event["code"].as_i64()),
            ("test", "started") => {
                binary.running.insert(name.to_owned());
            }
            ("test", "ok" | "failed" | "ignored") => {
                binary.running.remove(name);
                return self.test_ended(name, what.1, event);
            }
            ("suite", "ok" | "failed") => {
                binary.closed = true;
                return self.suite_ended(event);
            }
            _ => {}
        }
        String::new()
    }

    fn test_ended(&mut self, name: &str, outcome: &str, event: &Value) -> String {
        if outcome == "ignored" {
            return String::new();
        }
        let seconds = event["exec_time"].as_f64().unwrap_or_default();
        let package = self.binary.as_ref().map(|binary| binary.package.clone());
        self.pass.times.push(Time {
            package: package.unwrap_or_default(),
            name: name.to_owned(),
            seconds,
        });
        if outcome == "ok" {
            self.pass.passed.push(name.to_owned());
            return match self.show {
                Show::Tests => format!("test {name} ... ok ({seconds:.1} s)\n"),
                Show::Binaries => String::new(),
            };
        }
        self.pass.failed.push(name.to_owned());
        let output = event["stdout"].as_str().unwrap_or_default().trim_end();
        format!(
            "test {name} ... FAILED ({seconds:.1} s)\n---- {name} stdout ----\n{output}\n---- end of {name} ----\n"
        )
    }

    /// Holds the names that were read against the binary's own count: output that broke a line in
    /// two must not hide a failure.
    fn suite_ended(&mut self, event: &Value) -> String {
        let Some(binary) = &self.binary else {
            return String::new();
        };
        let package = &binary.package;
        let count = |field: &str| event[field].as_u64().unwrap_or_default();
        let (passed, failed) = binary.before;
        let read = (
            self.pass.passed.len() - passed,
            self.pass.failed.len() - failed,
        );
        let counted = (count("passed"), count("failed"));
        if (read.0 as u64, read.1 as u64) != counted {
            self.pass.broken.push(format!(
                "a test binary of {package} counts {} passed and {} failed tests, but reported {} and {}",
                counted.0, counted.1, read.0, read.1
            ));
        }
        if matches!(self.show, Show::Tests) || counted == (0, 0) {
            return String::new();
        }
        let seconds = event["exec_time"].as_f64().unwrap_or_default();
        format!(
            "{package}: {} passed, {} failed in {seconds:.1} s\n",
            counted.0, counted.1
        )
    }

    /// Judges a binary by its exit code; none means that its runner was killed too.
    fn binary_ended(&mut self, code: Option<i64>) {
        let Some(binary) = self.binary.take() else {
            return;
        };
        let some_failed = self.pass.failed.len() > binary.before.1;
        // Libtest exits 101 where a test failed.
        let expected = if some_failed { 101 } else { 0 };
        if binary.closed && code == Some(expected) {
            return;
        }
        let package = &binary.package;
        let code = code.map_or_else(String::new, |code| format!(" with exit code {code}"));
        let running: Vec<&str> = binary.running.iter().map(String::as_str).collect();
        let during = if running.is_empty() {
            "while no test ran".to_owned()
        } else {
            format!("during {}", running.join(", "))
        };
        self.pass
            .broken
            .push(format!("a test binary of {package} died{code}, {during}"));
    }

    fn end(mut self, success: bool) -> Pass {
        self.binary_ended(None);
        // Tests that do not compile, and a failed example in a comment, print no event.
        if !success && self.pass.failed.is_empty() && self.pass.broken.is_empty() {
            self.pass
                .broken
                .push("cargo test failed, and no test of it did: see above".to_owned());
        }
        self.pass
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::test::RUNNER;

    /// Set where the next three tests are to play what a test can do.
    const PLAY: &str = "CLUSTER_PLAY";

    #[test]
    fn plays_a_pass() {
        println!("unseen");
    }

    #[test]
    fn plays_a_failure() {
        if std::env::var_os(PLAY).is_some() {
            println!("{{ \"type\": \"as printed by a test\" }}");
            panic!("it was \"played\"");
        }
    }

    #[test]
    fn plays_a_crash() {
        if std::env::var_os(PLAY).is_some() {
            std::process::abort();
        }
    }

    /// Runs a program as cargo would run a test binary.
    fn run_by_runner(program: &Path, filter: &[&str]) -> Pass {
        let mut command = Command::new("sh");
        command.args([Path::new(RUNNER), program]).args(filter);
        command.env("CARGO_PKG_NAME", "played").env(PLAY, "1");
        // Nowhere: whoever reads the log of a run would take a played failure for one.
        run_into(&mut command, Show::Tests, &mut std::io::sink()).expect("sh starts")
    }

    /// The tests named so, of this very binary: the toolchain's own libtest reports.
    fn play(names: &[&str]) -> Pass {
        let names: Vec<_> = names
            .iter()
            .map(|name| format!("test::pass::tests::plays_a_{name}"))
            .collect();
        let mut filter = vec!["--exact", "--test-threads=1"];
        filter.extend(names.iter().map(String::as_str));
        let mut pass = run_by_runner(&std::env::current_exe().expect("a program"), &filter);
        for name in pass.passed.iter_mut().chain(&mut pass.failed) {
            *name = name.replace("test::pass::tests::plays_a_", "");
        }
        pass
    }

    #[test]
    fn libtest_of_this_toolchain_names_each_test_and_its_time() {
        let pass = play(&["pass", "failure"]);
        assert_eq!(pass.passed, ["pass"]);
        assert_eq!(pass.failed, ["failure"]);
        assert!(pass.broken.is_empty(), "{:?}", pass.broken);
        assert_eq!(pass.times.len(), 2);
        assert!(pass.times.iter().all(|time| time.package == "played"));
        assert!(pass.times.iter().any(|time| time.seconds > 0.0));
    }

    #[test]
    fn a_binary_that_dies_is_no_failure_of_a_named_test() {
        let pass = play(&["failure", "crash"]);
        assert!(pass.failed.len() <= 1, "{:?}", pass.failed);
        let [broken] = &pass.broken[..] else {
            panic!("{:?}", pass.broken);
        };
        assert_eq!(
            broken,
            "a test binary of played died with exit code 134, during test::pass::tests::plays_a_crash"
        );
    }

    fn script(text: &str) -> Pass {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("fake");
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a file");
        let mut command = Command::new("chmod");
        crate::command::run(command.arg("+x").arg(&path)).expect("chmod");
        run_by_runner(&path, &[])
    }

    const STARTED: &str = r#"echo '{ "type": "test", "event": "started", "name": "a" }'"#;
    const OK: &str = r#"echo '{ "type": "test", "name": "a", "event": "ok", "exec_time": 0.1 }'"#;
    const CLOSED: &str = r#"echo '{ "type": "suite", "event": "ok", "passed": 1, "failed": 0 }'"#;

    #[test]
    fn a_death_counts_whenever_it_comes() {
        let died = |lines: &[&str]| script(&lines.join("\n")).broken.join("; ");
        let by = "a test binary of played died with exit code";
        assert_eq!(died(&[STARTED, OK, CLOSED]), "");
        assert_eq!(died(&["exit 101"]), format!("{by} 101, while no test ran"));
        assert_eq!(died(&[STARTED, "exit 0"]), format!("{by} 0, during a"));
        assert_eq!(
            died(&[STARTED, OK, CLOSED, "kill -SEGV $$"]),
            format!("{by} 139, while no test ran")
        );
    }

    #[test]
    fn a_line_that_is_broken_in_two_hides_nothing() {
        let unfinished = "printf 'without an end '";
        let pass = script(&[STARTED, unfinished, OK, unfinished, CLOSED].join("\n"));
        assert_eq!(pass.passed, ["a"]);
        assert!(pass.broken.is_empty(), "{:?}", pass.broken);

        let halved = OK.replace("\"event\"", "\nstdout of another \"event\"");
        let pass = script(&[STARTED, &halved, CLOSED].join("\n"));
        assert_eq!(
            pass.broken,
            ["a test binary of played counts 1 passed and 0 failed tests, but reported 0 and 0"]
        );
    }

    #[test]
    fn what_does_not_compile_is_a_failure() {
        let pass = run(&mut Command::new("false"), Show::Tests).expect("false starts");
        assert_eq!(pass.broken.len(), 1, "{:?}", pass.broken);
    }
}
