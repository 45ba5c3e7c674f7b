//! One command, run to its end, and what it did.

use std::{
    fmt,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

/// No command of these tests takes this long unless it hangs, which is a failure and not a wait.
const HANGS: Duration = Duration::from_secs(420);

/// Shorter texts are in most messages by chance.
const TELLING: usize = 12;

/// Where a command says something.
#[derive(Clone, Copy, Debug)]
pub enum On {
    Stdout,
    Stderr,
}

/// A finished command.
pub struct Ran {
    pub line: String,
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Runs `command` with `input` on stdin.
    pub fn command(command: &mut Command, input: Option<&str>) -> Self {
        let line = format!("{command:?}");
        let mut child = command
            .stdin(if input.is_some() {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("cannot start {line}: {e}"));
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            let input = input.to_owned();
            thread::spawn(move || {
                // A command that refuses its input early closes the pipe.
                let _ = std::io::Write::write_all(&mut stdin, input.as_bytes());
            });
        }
        let stdout = read(child.stdout.take());
        let stderr = read(child.stderr.take());
        let code = wait(&mut child, &line);
        Self {
            line,
            code,
            stdout: stdout.join().unwrap(),
            stderr: stderr.join().unwrap(),
        }
    }

    /// Exit 0; returns itself for more questions.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{self}");
        self
    }

    /// Exit 1 with one sentence and perhaps its hint on stderr, and nothing on stdout.
    #[track_caller]
    pub fn fails_in_one_sentence(self) -> Self {
        assert_eq!(self.code, Some(1), "{self}");
        assert_eq!(self.stdout, "", "{self}");
        let said = self.stderr.trim_end();
        assert!(!said.is_empty(), "no reason given: {self}");
        let sentence = said.split_once("\nhint: ").map_or(said, |(error, _)| error);
        assert_eq!(sentence.lines().count(), 1, "more than one line: {self}");
        self
    }

    /// What stderr ends with: the last error, with its hint.
    #[track_caller]
    pub fn last_error(&self) -> &str {
        let at = self
            .stderr
            .rfind("\nerror: ")
            .map_or(0, |newline| newline + 1);
        let last = self.stderr[at..].trim_end();
        assert!(last.starts_with("error: "), "no error: {self}");
        last
    }

    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let length = text.chars().count();
        assert!(
            length >= TELLING,
            "{text:?} is too short to tell anything: {length} characters of {TELLING}"
        );
        let said = self.stdout.contains(text) || self.stderr.contains(text);
        assert!(said, "{text:?} is missing: {self}");
        self
    }

    #[track_caller]
    pub fn never_says(self, text: &str) -> Self {
        let said = self.stdout.contains(text) || self.stderr.contains(text);
        assert!(!said, "{text:?} is there: {self}");
        self
    }

    /// One whole line of one of its streams.
    #[track_caller]
    pub fn says_on(self, stream: On, line: &str) -> Self {
        let text = match stream {
            On::Stdout => &self.stdout,
            On::Stderr => &self.stderr,
        };
        let said = text.lines().any(|said| said == line);
        assert!(said, "the line {line:?} is not on {stream:?}: {self}");
        self
    }

    /// A row of a table on stdout, with these words among its columns and in this order.
    #[track_caller]
    pub fn says_row(self, words: &[&str]) -> Self {
        let has = |line: &str| {
            let mut columns = line.split_whitespace();
            words
                .iter()
                .all(|word| columns.any(|column| column == *word))
        };
        let said = self.stdout.lines().any(has);
        assert!(said, "no row with {words:?}: {self}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("not JSON ({e}): {self}"))
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}\nexit {:?}\n--- stdout\n{}\n--- stderr\n{}",
            self.line, self.code, self.stdout, self.stderr
        )
    }
}

/// Asks until there is an answer; what was seen last is the failure's text.
#[track_caller]
pub fn eventually<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let until = Instant::now() + limit;
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(seen) => {
                assert!(Instant::now() < until, "{what}: still {seen}");
                thread::sleep(Duration::from_millis(500));
            }
        }
    }
}

fn read(stream: Option<impl std::io::Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            stream.read_to_end(&mut bytes).unwrap();
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn wait(child: &mut Child, line: &str) -> Option<i32> {
    let until = Instant::now() + HANGS;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if Instant::now() > until {
            let _ = child.kill();
            let _ = child.wait();
            panic!("hangs: {line}");
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran() -> Ran {
        let script =
            "echo 'NAME       STATUS'; echo 'fruit_app  RUNNING'; echo 'error: it is gone' >&2";
        Ran::command(Command::new("sh").args(["-c", script]), None)
    }

    #[test]
    fn a_line_is_asked_for_whole_and_on_its_stream() {
        ran()
            .says_on(On::Stderr, "error: it is gone")
            .says_on(On::Stdout, "fruit_app  RUNNING")
            .says_row(&["fruit_app", "RUNNING"])
            .says("error: it is");
    }

    #[test]
    #[should_panic(expected = "the line \"error: it is gone\" is not on Stdout")]
    fn a_line_on_the_other_stream_is_none() {
        ran().says_on(On::Stdout, "error: it is gone");
    }

    #[test]
    #[should_panic(expected = "the line \"error: it is\" is not on Stderr")]
    fn a_part_of_a_line_is_none() {
        ran().says_on(On::Stderr, "error: it is");
    }

    #[test]
    #[should_panic(expected = "no row with [\"RUNNING\", \"fruit_app\"]")]
    fn a_row_has_its_words_in_their_order() {
        ran().says_row(&["RUNNING", "fruit_app"]);
    }

    #[test]
    #[should_panic(expected = "\"is gone\" is too short to tell anything")]
    fn a_short_text_is_refused_even_where_it_is_there() {
        ran().says("is gone");
    }
}
