//! A command that goes on, read line by line as it runs.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use cluster::process::Process;

use crate::{eventually, lab};

pub struct Watching {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Watching {
    /// `kubectl ray serve …` that goes on.
    pub fn ray_serve(arguments: &[&str]) -> Self {
        let mut command = lab().prepared.command("kubectl");
        Self::start(command.args(["ray", "serve"]).args(arguments))
    }

    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("cannot start {command:?}: {e}"));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let readers = vec![
            read(child.stdout.take(), "", &lines),
            read(child.stderr.take(), "stderr: ", &lines),
        ];
        Self {
            child,
            lines,
            readers,
        }
    }

    /// What Ctrl-C at its terminal does.
    pub fn interrupt(&self) {
        const SIGINT: i32 = 2;
        let pid = i32::try_from(self.child.id()).unwrap();
        Process::of(pid).expect("it has ended").signal(SIGINT);
    }

    /// Waits for its end and gives the exit code; none after a signal that it did not handle.
    #[track_caller]
    pub fn end(&mut self) -> Option<i32> {
        let status = eventually("its end", Duration::from_secs(120), || {
            self.child
                .try_wait()
                .unwrap()
                .ok_or_else(|| self.said().join("\n"))
        });
        // What it said last may still be in the pipe.
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        status.code()
    }

    /// Everything so far; lines of stderr are marked.
    pub fn said(&self) -> Vec<String> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits for a line, at or after the `from`th, that has all these words; gives the place after it.
    #[track_caller]
    pub fn await_line(&mut self, from: usize, words: &[&str]) -> usize {
        eventually(
            &format!("a line with {words:?}"),
            Duration::from_secs(180),
            || {
                let said = self.said();
                let found = said
                    .iter()
                    .skip(from)
                    .position(|line| words.iter().all(|word| line.contains(word)));
                if let Some(place) = found {
                    return Ok(from + place + 1);
                }
                if let Ok(Some(status)) = self.child.try_wait() {
                    panic!(
                        "it ended with {status} before {words:?}:\n{}",
                        said.join("\n")
                    );
                }
                Err(said.join("\n"))
            },
        )
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(
    stream: Option<impl Read + Send + 'static>,
    mark: &'static str,
    lines: &Arc<Mutex<Vec<String>>>,
) -> JoinHandle<()> {
    let lines = Arc::clone(lines);
    thread::spawn(move || {
        for line in stream.into_iter().flat_map(|s| BufReader::new(s).lines()) {
            let Ok(line) = line else { return };
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.push(format!("{mark}{line}"));
        }
    })
}
