//! A command on a terminal of its own, and one of the screens it shows.

use std::{
    io::Read,
    num::NonZeroU16,
    process::{Command, Stdio},
};

use anyhow::{Context, Result};
use vt100::{Parser, Screen};

/// Wide and high enough for what is pictured, so that nothing wraps or scrolls.
pub(super) const COLUMNS: u16 = 110;
const ROWS: u16 = 60;

pub(super) struct Recording {
    /// The last screen that was wanted.
    pub(super) wanted: Option<Screen>,
    pub(super) last: Screen,
    pub(super) success: bool,
}

impl Recording {
    /// `script`, which comes with every Debian, gives `line` a terminal; `command` is how it is called.
    pub(super) fn of(
        mut command: Command,
        line: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Self> {
        let mut child = command
            .args(["--quiet", "--return", "--flush", "--command"])
            .arg(format!("stty columns {COLUMNS} rows {ROWS}; {line}"))
            .arg("/dev/null")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start script (Debian's bsdutils)")?;
        let mut output = child.stdout.take().context("script has no output")?;
        let size = |count| NonZeroU16::new(count).context("a terminal without a size");
        let mut terminal = Parser::new(size(ROWS)?, size(COLUMNS)?, 0);
        let mut found = None;
        let mut bytes = [0; 4096];
        loop {
            let read = output.read(&mut bytes)?;
            if read == 0 {
                break;
            }
            terminal.process(&bytes[..read]);
            if wanted(&terminal.screen().contents()) {
                found = Some(terminal.screen().clone());
            }
        }
        Ok(Self {
            wanted: found,
            last: terminal.screen().clone(),
            success: child.wait()?.success(),
        })
    }
}
