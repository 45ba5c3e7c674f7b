//! Running other programs: what they say is part of the error when they fail.

use std::{
    ffi::OsStr,
    fs::File,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use anyhow::{Context, Result, bail};

/// How many lines of a failed program's output an error repeats.
const LAST_LINES: usize = 12;

/// Runs to the end, returns stdout; a failure carries the last lines of what it said.
pub fn run(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", name(command)))?;
    finish(command, &output)
}

/// The same with `input` on stdin.
pub fn run_with_input(command: &mut Command, input: &str) -> Result<String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", name(command)))?;
    // A program that does not read its input to the end closes the pipe; its own error says more.
    let _ = child
        .stdin
        .take()
        .map(|mut stdin| stdin.write_all(input.as_bytes()));
    let output = child
        .wait_with_output()
        .with_context(|| format!("cannot wait for {}", name(command)))?;
    finish(command, &output)
}

/// Runs to the end with stdout and stderr in `log`, which the error names.
pub fn run_logged(command: &mut Command, log: &Path) -> Result<()> {
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let status = command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .status()
        .with_context(|| format!("cannot start {}", name(command)))?;
    if !status.success() {
        let said = std::fs::read_to_string(log).unwrap_or_default();
        bail!(
            "{} failed ({status}); the end of {}:\n{}",
            name(command),
            log.display(),
            last_lines(&said)
        );
    }
    Ok(())
}

/// True if the program starts and exits 0; its output is dropped.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The end of a text, as an error shows it.
pub fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}

/// Whether `name` can be run as it is.
pub fn on_path(name: impl AsRef<OsStr>) -> bool {
    let name = Path::new(name.as_ref());
    if name.is_absolute() {
        return name.exists();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian keeps some administrator commands where a login shell's PATH may not look.
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .any(|dir| dir.join(name).is_file())
}

fn finish(command: &Command, output: &Output) -> Result<String> {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let said = if stderr.trim().is_empty() {
        stdout.as_str()
    } else {
        &stderr
    };
    bail!(
        "{} failed ({}): {}",
        name(command),
        output.status,
        last_lines(said)
    )
}

fn name(command: &Command) -> String {
    let mut words = vec![
        Path::new(command.get_program())
            .file_name()
            .unwrap_or(command.get_program())
            .to_string_lossy()
            .into_owned(),
    ];
    words.extend(
        command
            .get_args()
            .take(4)
            .map(|a| a.to_string_lossy().into_owned()),
    );
    words.join(" ")
}
