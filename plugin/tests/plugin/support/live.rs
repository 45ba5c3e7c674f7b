//! A command that is read while it runs, so that a test may do something once it has said something.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout, Command};

use super::Run;

pub(crate) struct Live {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
    /// What was read of its stderr.
    seen: String,
}

impl Live {
    pub(crate) fn start(mut command: Command) -> Self {
        Self::of(command.spawn().unwrap())
    }

    pub(crate) fn of(mut child: Child) -> Self {
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self {
            child,
            stdout,
            stderr,
            seen: String::new(),
        }
    }

    /// The next line on stderr.
    pub(crate) fn note(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        self.seen.push_str(&line);
        line.trim_end().to_owned()
    }

    /// Waits for the next line on stderr, which is this one.
    pub(crate) fn says(&mut self, line: &str) {
        assert_eq!(self.note(), line);
    }

    pub(crate) fn interrupt(&self) {
        let id = self.child.id().to_string();
        let kill = Command::new("kill").args(["-INT", &id]).status();
        assert!(kill.unwrap().success());
    }

    /// Waits for its end; with what was read before.
    pub(crate) fn end(mut self) -> Run {
        let (mut stdout, mut stderr) = (String::new(), self.seen);
        self.stderr.read_to_string(&mut stderr).unwrap();
        self.stdout.read_to_string(&mut stdout).unwrap();
        Run {
            code: self.child.wait().unwrap().code(),
            stdout,
            stderr,
        }
    }
}
