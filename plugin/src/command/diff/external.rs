//! Differences shown by a program of the user's, which is given both sides as files.
//!
//! They hold what an application is configured with: nobody else may read them, and they go however
//! the command ends.

use std::fs::{OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use crate::check::difference::Difference;
use crate::error::Failure;
use crate::output::Ui;

/// kubectl's own variable.
const EXTERNAL: &str = "KUBECTL_EXTERNAL_DIFF";
/// Exit codes above this are the program's errors.
const DIFFERENT: i32 = 1;
/// Of a name in a file's; file systems take 255 bytes.
const LONGEST: usize = 200;

pub(super) fn program() -> Option<Vec<String>> {
    let line = std::env::var(EXTERNAL).ok()?;
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    (!words.is_empty()).then_some(words)
}

/// Gives the program both sides as directories with a file for each application.
pub(super) async fn run(
    program: &[String],
    differences: &[Difference],
    ui: &Ui,
) -> Result<(), Failure> {
    let failed = |why: &dyn std::fmt::Display| {
        Failure::Failed(format!(
            "{EXTERNAL} \"{}\" failed: {why}",
            program.join(" ")
        ))
    };
    let told_to_end = told_to_end().map_err(|error| failed(&error))?;
    let ended = async {
        let sides = (directory("LIVE-")?, directory("MERGED-")?);
        let (live, merged) = (sides.0.path(), sides.1.path());
        for (index, one) in differences.iter().enumerate() {
            let file = file_name(&one.application, index);
            write(&live.join(&file), &one.before)?;
            write(&merged.join(&file), &one.after)?;
        }
        let [name, words @ ..] = program else {
            return Err(io::ErrorKind::NotFound.into());
        };
        Command::new(name)
            .args(words)
            .args([live, merged])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?
            .wait_with_output()
            .await
    };
    // Dropping the work takes the directories away.
    let output = tokio::select! {
        output = ended => output.map_err(|error| failed(&error))?,
        () = told_to_end => return Err(Failure::Interrupted),
    };
    ui.data(&output.stdout)?;
    match output.status.code() {
        Some(code) if code <= DIFFERENT => Ok(()),
        _ => Err(failed(&output.status)),
    }
}

/// Ctrl-C, a kill, or the end of the terminal; listens from the call on.
fn told_to_end() -> io::Result<impl Future<Output = ()>> {
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
            _ = hung_up.recv() => {}
        }
    })
}

fn directory(prefix: &str) -> io::Result<TempDir> {
    let owner_only = Permissions::from_mode(0o700);
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix).permissions(owner_only).tempdir()
}

/// The same on both sides, and for no two applications the same: a name is Ray's, and may be a path.
fn file_name(application: &str, index: usize) -> String {
    let mut name = String::new();
    for byte in application.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                name.push(char::from(byte));
            }
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    if name.len() > LONGEST {
        name.truncate(LONGEST);
        name.push_str(&format!("-{index}"));
    }
    format!("application.{name}.yaml")
}

/// Nothing where one side has not the application.
fn write(file: &Path, text: &str) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_the_directory_or_meets_another_s() {
        let names = [
            "a",
            "a/b",
            "a_b",
            "a%2Fb",
            "../a",
            "/etc/x",
            "a\\b",
            "a\0b",
            "ä",
            "$(x)",
            "-x",
            &"x".repeat(300),
            &"ä".repeat(200),
        ];
        let files: Vec<String> = (names.iter().enumerate())
            .map(|(index, name)| file_name(name, index))
            .collect();
        for file in &files {
            assert!(
                file.len() < 255 && file.starts_with("application."),
                "{file}"
            );
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._%".contains(&byte);
            assert!(file.bytes().all(plain), "{file}");
        }
        let mut unique = files.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), files.len());
    }
}
