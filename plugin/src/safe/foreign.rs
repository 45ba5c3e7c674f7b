//! Passes foreign bytes through, except for those that would steer a terminal.

use ray_serve_client::text::{escape, steers};

/// Accepts bytes in chunks, which may end inside a character.
#[derive(Debug, Default)]
pub struct Neutral {
    /// An incomplete character, or a carriage return that a line feed may follow.
    held: Vec<u8>,
}

impl Neutral {
    pub fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend_from_slice(piece);
        let whole = bytes.len() - unfinished(&bytes);
        self.held = bytes.split_off(whole);
        neutral(&bytes)
    }

    /// The rest, after the last chunk.
    pub fn end(&mut self) -> Vec<u8> {
        neutral(&std::mem::take(&mut self.held))
    }
}

/// Number of bytes at the end whose meaning depends on the next ones.
fn unfinished(bytes: &[u8]) -> usize {
    if bytes.ends_with(b"\r") {
        return 1;
    }
    let last = bytes.utf8_chunks().last();
    let broken = last.map_or(&[][..], |last| last.invalid());
    // An incomplete character at the end is one error.
    match std::str::from_utf8(broken) {
        Err(error) if error.error_len().is_none() => broken.len(),
        _ => 0,
    }
}

fn neutral(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\n' | '\t' => out.push(character),
            '\r' if characters.peek() == Some(&'\n') => out.push(character),
            _ if steers(character) => out.push_str(&escape(character)),
            _ => out.push(character),
        }
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(pieces: &[&[u8]]) -> String {
        let mut neutral = Neutral::default();
        let mut out: Vec<u8> = pieces
            .iter()
            .flat_map(|piece| neutral.push(piece))
            .collect();
        out.extend(neutral.end());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_passes_and_what_steers_is_seen() {
        let text = "größer\t中 👩\u{200d}🔧\r\nnext\n";
        assert_eq!(passed(&[text.as_bytes()]), text);
        assert_eq!(
            passed(&[b"\x1b]52;c;eA==\x07\x1b[2Jx\ry\x08\xc2\x9b31m\xe2\x80\xae"]),
            "\\x1b]52;c;eA==\\x07\\x1b[2Jx\\ry\\x08\\x9b31m\\u202e"
        );
        assert_eq!(
            passed(&[b"a\x9b\xff\xe4b\xe4\xb8"]),
            "a\u{fffd}\u{fffd}\u{fffd}b\u{fffd}"
        );
        assert_eq!(passed(&[b"a\r"]), "a\\r");
    }

    #[test]
    fn it_does_not_matter_how_the_bytes_are_cut() {
        let bytes = "ä\r\n中\r\u{9b}👩\u{1b}[0m\u{202e}é".as_bytes();
        let bytes = [bytes, b"\xff\xe4\xb8x\x9b"].concat();
        let whole = passed(&[&bytes]);
        for at in 0..bytes.len() {
            let (one, other) = bytes.split_at(at);
            assert_eq!(passed(&[one, other]), whole, "cut at {at}");
        }
        let each: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(passed(&each), whole);
    }
}
