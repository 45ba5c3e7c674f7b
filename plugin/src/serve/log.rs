//! One log as Ray's dashboard gives it, in both of its dialects.
//!
//! Ray takes the paths that it tells with a slash in front without that slash. Ray 2.60 gives the
//! bytes of the file, as an attachment, and 500 with a sentence for an error. Older Ray (2.8) puts
//! a status before each piece: `1`, or `0` before an error, which it answers with success.

use http::HeaderMap;
use http::header::CONTENT_DISPOSITION;

use super::ray_error::cause;
use super::request::{Request, with_query};

const FILE: &str = "/api/v0/logs/file";
const STREAM: &str = "/api/v0/logs/stream";
/// Seconds between two looks of Ray at a file that is followed.
const INTERVAL: &str = "0.5";
/// What Ray 2.8 puts before an error.
const CLOSING: &str = "Closing HTTP stream due to internal server error.";

/// What of a log is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    All,
    Lines(u32),
}

impl Tail {
    fn parameter(self) -> String {
        match self {
            Self::All => "-1".to_owned(),
            Self::Lines(lines) => lines.to_string(),
        }
    }
}

/// A log as it is; `which` is Ray's parameters that name it.
pub fn file(which: &[(&str, &str)], tail: Tail) -> Request {
    let lines = tail.parameter();
    let query = [which, &[("lines", lines.as_str())]].concat();
    Request::get(with_query(FILE, &query), "the request for a log")
}

/// A log and what is added to it; the answer never ends.
pub fn stream(which: &[(&str, &str)], tail: Tail) -> Request {
    let lines = tail.parameter();
    let query = [which, &[("lines", lines.as_str()), ("interval", INTERVAL)]].concat();
    Request::get(with_query(STREAM, &query), "the request for a log")
}

/// Ray gives paths with a slash in front and takes them without.
pub fn relative(file: &str) -> &str {
    file.trim_start_matches('/')
}

/// Makes lines of an answer's pieces.
#[derive(Debug, Default)]
pub struct Lines {
    has_status: bool,
    /// A line whose end has not come yet.
    begun: Vec<u8>,
}

impl Lines {
    pub fn of(headers: &HeaderMap) -> Self {
        Self {
            has_status: !headers.contains_key(CONTENT_DISPOSITION),
            begun: Vec::new(),
        }
    }

    /// The lines that `piece` ends, without their ends, or what Ray says went wrong.
    pub fn push(&mut self, piece: &[u8]) -> Result<Vec<Vec<u8>>, String> {
        let mut piece = piece;
        // Within a line it would be hard to tell from the log's own: what Ray sends ends a line,
        // but for blocks of a long file.
        if self.has_status && self.begun.is_empty() {
            match piece.split_first() {
                Some((b'1', rest)) => piece = rest,
                Some((b'0', rest)) => {
                    let said = String::from_utf8_lossy(rest);
                    return Err(cause(said.trim_start_matches(CLOSING)));
                }
                _ => {}
            }
        }
        self.begun.extend_from_slice(piece);
        let Some(end) = self.begun.iter().rposition(|byte| *byte == b'\n') else {
            return Ok(Vec::new());
        };
        let rest = self.begun.split_off(end + 1);
        let ended = std::mem::replace(&mut self.begun, rest);
        let lines = ended[..end].split(|byte| *byte == b'\n');
        Ok(lines.map(<[u8]>::to_vec).collect())
    }

    /// A last line that nothing ended.
    pub fn end(&mut self) -> Option<Vec<u8>> {
        let line = std::mem::take(&mut self.begun);
        (!line.is_empty()).then_some(line)
    }
}

/// When a line was written, as text that sorts by time; the date may stand anywhere near its start,
/// since logs of Serve can be JSON.
pub fn stamp(line: &[u8]) -> Option<&[u8]> {
    const SHAPE: &[u8] = b"0000-00-00 00:00:00,000";
    const NEAR: usize = 100;
    let has_shape = |text: &&[u8]| {
        text.iter().zip(SHAPE).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            other => byte == other,
        })
    };
    line[..line.len().min(NEAR)]
        .windows(SHAPE.len())
        .find(has_shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn text(lines: Vec<Vec<u8>>) -> Vec<String> {
        let text = |line| String::from_utf8(line).unwrap();
        lines.into_iter().map(text).collect()
    }

    #[test]
    fn the_bytes_of_a_new_ray_are_the_log_s() {
        let mut headers = HeaderMap::new();
        let attachment = HeaderValue::from_static("attachment; filename=\"file.txt\"");
        headers.insert(CONTENT_DISPOSITION, attachment);
        let mut lines = Lines::of(&headers);
        assert_eq!(text(lines.push(b"1 one\n0 tw").unwrap()), ["1 one"]);
        assert_eq!(text(lines.push(b"o\n\nrest").unwrap()), ["0 two", ""]);
        assert_eq!(lines.end().as_deref(), Some(&b"rest"[..]));
        assert_eq!(lines.end(), None);
    }

    #[test]
    fn an_old_ray_puts_a_status_before_each_piece() {
        let mut lines = Lines::of(&HeaderMap::new());
        assert_eq!(
            text(lines.push(b"1one\n2 two\n").unwrap()),
            ["one", "2 two"]
        );
        assert_eq!(text(lines.push(b"1three\n").unwrap()), ["three"]);
        let error = lines.push(format!("0{CLOSING}\nFile \"x\" not found on node n").as_bytes());
        assert_eq!(error.unwrap_err(), "File \"x\" not found on node n");
    }

    #[test]
    fn the_time_of_a_line_is_found_in_text_and_json() {
        for (line, found) in [
            (
                "INFO 2026-11-23 13:15:46,350 a -- b",
                Some("2026-11-23 13:15:46,350"),
            ),
            (
                r#"{"levelname": "INFO", "asctime": "2026-11-23 13:15:46,350"}"#,
                Some("2026-11-23 13:15:46,350"),
            ),
            ("  File \"x.py\"", None),
            ("", None),
        ] {
            assert_eq!(stamp(line.as_bytes()), found.map(str::as_bytes), "{line}");
        }
    }
}
