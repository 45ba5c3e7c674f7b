//! `cargo cluster test`: everything that tests the project, with one count at the end.
//!
//! A test that reads a corpus has two sizes: a sample that takes a few seconds, which runs always,
//! and the whole, which `cargo cluster test --long` asks for. Such a test asks [`is_long`], or where
//! it cannot depend on this crate (the plugin's and the webhook's own tests) looks for the same
//! environment variable, [`LONG`]. `KUBECTL_RAY_LONG=1 cargo test -p kubectl-ray NAME` runs one whole.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context, Result};

use crate::{layout::Layout, progress::note, target::Target};

/// Two Ray heads fit beside the builds; tests that share one queue on it.
const THREADS: &str = "--test-threads=4";

/// Set where corpora are to run whole.
pub const LONG: &str = "KUBECTL_RAY_LONG";

/// Whether a test is to run its corpus whole.
pub fn is_long() -> bool {
    env::var_os(LONG).is_some()
}

#[derive(Default)]
struct Count {
    passed: u32,
    failed: u32,
}

pub fn test(
    layout: &Layout,
    target: &Target,
    filter: Option<&str>,
    long: bool,
) -> Result<ExitCode> {
    let prepared = target.prepare(layout)?;
    let mut count = Count::default();
    if filter.is_none() {
        note("unit, property and golden tests");
        let mut command = cargo(layout, long);
        command.args(["--workspace", "--exclude", "e2e"]);
        count.add(&mut command)?;
    }
    note(format!(
        "tests on the cluster, Ray {}, KubeRay {}",
        prepared.ray, target.versions.kuberay
    ));
    let mut command = cargo(layout, long);
    command
        .args(["-p", "e2e", "--", "--include-ignored", THREADS])
        .args(filter);
    prepared.hand_over(&mut command);
    count.add(&mut command)?;

    println!("{} passed, {} failed", count.passed, count.failed);
    Ok(if count.failed == 0 && count.passed > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn cargo(layout: &Layout, long: bool) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(&layout.root)
        .args(["test", "--quiet", "--locked", "--no-fail-fast"]);
    if long {
        command.env(LONG, "1");
    }
    command
}

impl Count {
    /// Runs one `cargo test`, shows its output and adds up its closing lines.
    fn add(&mut self, command: &mut Command) -> Result<()> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start cargo")?;
        let failed_before = self.failed;
        let stdout = child.stdout.take().context("cargo has no output")?;
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            self.read(&line);
            let _ = writeln!(std::io::stdout(), "{line}");
        }
        let status = child.wait()?;
        // Tests that do not compile, or a runner that dies, count no test and are a failure too.
        if !status.success() && self.failed == failed_before {
            self.failed += 1;
        }
        Ok(())
    }

    /// `test result: ok. 12 passed; 0 failed; 3 ignored; ...`
    fn read(&mut self, line: &str) {
        let Some((_, result)) = line.split_once("test result: ") else {
            return;
        };
        let number_before = |word: &str| {
            let (before, _) = result.split_once(word)?;
            before.split_whitespace().last()?.parse::<u32>().ok()
        };
        self.passed += number_before(" passed").unwrap_or(0);
        self.failed += number_before(" failed").unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::Count;

    #[test]
    fn closing_lines_are_added_up() {
        let mut count = Count::default();
        for line in [
            "running 3 tests",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s",
            "test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s",
        ] {
            count.read(line);
        }
        assert_eq!((count.passed, count.failed), (7, 2));
    }
}
