//! One log as Ray's dashboard gives it, in both of its dialects.
//!
//! Ray takes the paths that it tells with a slash in front without that slash. Ray 2.60 gives the
//! bytes of the file, as an attachment, and 500 with a sentence for an error. Older Ray (2.8) puts
//! a status before each block: `1`, or `0` before an error, which it answers with success.

use crate::http::request::{Request, with_query};

const FILE: &str = "/api/v0/logs/file";
const STREAM: &str = "/api/v0/logs/stream";
/// Seconds between two looks of Ray at a file that is followed.
const INTERVAL: &str = "0.5";

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
