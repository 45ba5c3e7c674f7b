//! Reads as much of an HTTP answer as decides a probe, from the bytes that have come so far.
//!
//! The bytes are a pod's, which may send anything, endlessly. Nothing here keeps more than it is given,
//! and the caller gives no more than [`LIMIT`]: 256 probes at once must not cost more than a few
//! megabytes. Routes are therefore not read to their end; their first entry proves that there are some.

use std::cell::Cell;
use std::fmt;

use serde::Deserializer;
use serde::de::{MapAccess, Visitor};

use super::Foreign;

/// Bytes of an answer that are read at most.
pub(super) const LIMIT: usize = 16 * 1024;

/// A TLS record of the type alert or handshake begins with one of these bytes, then its version.
const TLS_RECORDS: [u8; 2] = [0x15, 0x16];
const TLS_VERSION: u8 = 0x03;

/// The status code; None where more bytes are needed.
pub(super) fn status(bytes: &[u8]) -> Result<Option<u16>, Foreign> {
    const START: &[u8] = b"HTTP/1.";
    let known = bytes.len().min(START.len());
    if bytes[..known] != START[..known] {
        let is_tls = TLS_RECORDS.contains(&bytes[0]);
        return match bytes.get(1) {
            None if is_tls => Ok(None),
            Some(&TLS_VERSION) if is_tls => Err(Foreign::Tls),
            _ => Err(Foreign::NotHttp),
        };
    }
    let Some((line, _)) = split_at(bytes, b"\n") else {
        return Ok(None);
    };
    let code = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    let code = code.trim_ascii_end();
    let is_code = code.len() == 3 && code.iter().all(u8::is_ascii_digit);
    let number = || str::from_utf8(code).ok()?.parse().ok();
    match is_code.then(number).flatten() {
        Some(code) => Ok(Some(code)),
        None => Err(Foreign::NotHttp),
    }
}

/// Whether the body of an answer with status 200 is an object with at least one route; None where more
/// bytes are needed.
pub(super) fn has_routes(bytes: &[u8]) -> Result<Option<bool>, Foreign> {
    let Some((head, body)) = split_at(bytes, b"\r\n\r\n") else {
        return Ok(None);
    };
    if is_chunked(head) {
        first_route(&unchunked(body)?)
    } else {
        first_route(body)
    }
}

/// What stands before and after the first place of `separator`.
fn split_at<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let mut windows = bytes.windows(separator.len());
    let at = windows.position(|window| window == separator)?;
    Some((&bytes[..at], &bytes[at + separator.len()..]))
}

/// Serve's proxy sends its routes with a length; a proxy in front of it may send them in chunks.
fn is_chunked(head: &[u8]) -> bool {
    head.split(|byte| *byte == b'\n').any(|line| {
        split_at(line, b":").is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case(b"transfer-encoding")
                && value.trim_ascii().eq_ignore_ascii_case(b"chunked")
        })
    })
}

/// The data of the chunks that are there so far, the last of which may be incomplete.
fn unchunked(mut bytes: &[u8]) -> Result<Vec<u8>, Foreign> {
    let mut data = Vec::new();
    while let Some((size, rest)) = split_at(bytes, b"\r\n") {
        // Behind a semicolon are extensions, which mean nothing here.
        let size = size.split(|byte| *byte == b';').next().unwrap_or_default();
        let size = str::from_utf8(size.trim_ascii()).ok();
        let Some(size) = size.and_then(|size| usize::from_str_radix(size, 16).ok()) else {
            if data.is_empty() {
                return Err(Foreign::NotHttp);
            }
            break;
        };
        data.extend_from_slice(&rest[..size.min(rest.len())]);
        // The last chunk is empty; behind each of the others is an end of line.
        match size.checked_add(2).and_then(|end| rest.get(end..)) {
            Some(next) if size > 0 => bytes = next,
            _ => break,
        }
    }
    Ok(data)
}

fn first_route(json: &[u8]) -> Result<Option<bool>, Foreign> {
    let is_found = Cell::new(false);
    let read = serde_json::Deserializer::from_slice(json).deserialize_map(FirstRoute(&is_found));
    match read {
        // What stands behind the first route is of no interest, and may not have come yet.
        _ if is_found.get() => Ok(Some(true)),
        Ok(()) => Ok(Some(false)),
        Err(error) if error.is_eof() => Ok(None),
        Err(_) => Err(Foreign::NotRoutes),
    }
}

/// Reads the first entry of an object: a route prefix, and the name of its application.
struct FirstRoute<'a>(&'a Cell<bool>);

impl<'de> Visitor<'de> for FirstRoute<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of routes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut routes: A) -> Result<(), A::Error> {
        let first: Option<(String, String)> = routes.next_entry()?;
        self.0.set(first.is_some());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_status_is_read_from_the_first_line() {
        for (answer, expected) in [
            ("HTTP/1.1 200 OK\r\n", Ok(Some(200))),
            ("HTTP/1.0 503 Service Unavailable\n", Ok(Some(503))),
            ("HTTP/1.1 404\r\n", Ok(Some(404))),
            ("HTTP/1.1 200 O", Ok(None)),
            ("HTTP", Ok(None)),
            ("", Ok(None)),
            ("HTTP/2 200 OK\r\n", Err(Foreign::NotHttp)),
            ("HTTP/1.1 2000 OK\r\n", Err(Foreign::NotHttp)),
            ("HTTP/1.1 +20 OK\r\n", Err(Foreign::NotHttp)),
            ("HTTP/1.1\r\n", Err(Foreign::NotHttp)),
            ("SSH-2.0-OpenSSH\r\n", Err(Foreign::NotHttp)),
            ("\x15\x03\x01\x00\x02", Err(Foreign::Tls)),
            ("\x16\x03", Err(Foreign::Tls)),
            ("\x15", Ok(None)),
            ("\x15\x15", Err(Foreign::NotHttp)),
        ] {
            assert_eq!(status(answer.as_bytes()), expected, "{answer:?}");
        }
    }

    #[test]
    fn an_object_with_one_route_is_enough() {
        let with_length = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n";
        for (body, expected) in [
            (r#"{"/fruit": "fruit", "/math": "math"}"#, Ok(Some(true))),
            (r#" {"/fruit":"fru\u0069t""#, Ok(Some(true))),
            (r#"{"/fruit":"fruit",nonsense"#, Ok(Some(true))),
            (r#"{"/fruit": "fru"#, Ok(None)),
            ("{}", Ok(Some(false))),
            ("{", Ok(None)),
            ("", Ok(None)),
            ("[]", Err(Foreign::NotRoutes)),
            ("<html>", Err(Foreign::NotRoutes)),
            (r#"{"error": 404}"#, Err(Foreign::NotRoutes)),
        ] {
            let answer = format!("{with_length}{body}");
            assert_eq!(has_routes(answer.as_bytes()), expected, "{body}");
        }
        assert_eq!(has_routes(b"HTTP/1.1 200 OK\r\ncontent"), Ok(None));
    }

    #[test]
    fn routes_may_come_in_chunks() {
        let chunked = |body: &str| {
            let answer = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n{body}");
            has_routes(answer.as_bytes())
        };
        for (body, expected) in [
            (
                "5\r\n{\"/\":\r\n4;x=y\r\n\"app\r\n1\r\n\"\r\n",
                Ok(Some(true)),
            ),
            ("5\r\n{\"/\":\r\n4\r\n\"app\r\n", Ok(None)),
            ("2\r\n{}\r\n0\r\n\r\n", Ok(Some(false))),
            ("2", Ok(None)),
            ("x\r\n{}", Err(Foreign::NotHttp)),
            ("ffffffffffffffff\r\n{}", Ok(Some(false))),
        ] {
            assert_eq!(chunked(body), expected, "{body:?}");
        }
    }

    proptest! {
        /// A verdict that has been reached is not changed by what comes later, and nothing panics.
        #[test]
        fn any_bytes_have_one_verdict(
            bytes in prop_oneof![
                any::<Vec<u8>>(),
                proptest::collection::vec(prop::sample::select(&b"HTP/1. 2005\r\n:;chunked{}\"a,\x15\x03"[..]), 0..80),
            ],
            is_chunked in any::<bool>(),
        ) {
            let encoding = if is_chunked { "transfer-encoding: chunked\r\n" } else { "" };
            let with_head = [format!("HTTP/1.1 200 OK\r\n{encoding}\r\n").as_bytes(), &bytes].concat();
            for end in 0..with_head.len() {
                if let Ok(Some(routes)) = has_routes(&with_head[..end]) {
                    prop_assert_eq!(has_routes(&with_head[..=end]), Ok(Some(routes)));
                }
            }
            for end in 0..bytes.len() {
                if let Ok(Some(code)) = status(&bytes[..end]) {
                    prop_assert_eq!(status(&bytes[..=end]), Ok(Some(code)));
                }
            }
        }
    }
}
