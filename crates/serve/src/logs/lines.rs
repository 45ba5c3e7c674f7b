//! Makes lines of the pieces of a log as they come: of either dialect, see `log`.

use http::HeaderMap;
use http::header::CONTENT_DISPOSITION;

use crate::ray_error::cause;

/// Ray reads log files in blocks of this size; Ray 2.8 prefixes each with a status byte.
const BLOCK: usize = 1 << 16;
/// A line that is longer is cut: one without an end would take all memory.
const LONGEST: usize = 4 << 20;
const CUT: &str = " ... (cut: a line of more than 4 MiB)";
/// What Ray 2.8 puts before an error.
const CLOSING: &str = "Closing HTTP stream due to internal server error.";

#[derive(Debug)]
pub struct Lines {
    status: Option<Status>,
    /// A line whose end has not come yet.
    begun: Vec<u8>,
    /// What comes up to the next line end belongs to a line that was cut.
    skipping: bool,
}

#[derive(Debug)]
struct Status {
    /// Bytes that the current block may still have.
    left: usize,
    /// Whether all blocks but the last are full. They are unless the log is followed, when a block
    /// ends where the file ended at that moment.
    all_full: bool,
}

impl Lines {
    pub fn of_file(headers: &HeaderMap) -> Self {
        Self::new(headers, true)
    }

    pub fn of_stream(headers: &HeaderMap) -> Self {
        Self::new(headers, false)
    }

    fn new(headers: &HeaderMap, all_full: bool) -> Self {
        let is_bare = headers.contains_key(CONTENT_DISPOSITION);
        Self {
            status: (!is_bare).then_some(Status { left: 0, all_full }),
            begun: Vec::new(),
            skipping: false,
        }
    }

    /// The lines that `piece` ends, without their ends, or what Ray says went wrong.
    pub fn push(&mut self, piece: &[u8]) -> Result<Vec<Vec<u8>>, String> {
        // Only what is new is searched.
        let old = self.begun.len();
        match &mut self.status {
            None => self.begun.extend_from_slice(piece),
            Some(status) => status.strip(piece, &mut self.begun, !self.skipping && old == 0)?,
        }
        let mut lines = Vec::new();
        let mut from = 0;
        let mut search = old;
        while let Some(end) = self.begun[search..].iter().position(|byte| *byte == b'\n') {
            let end = search + end;
            // The rest of a line that was cut is dropped.
            if !std::mem::take(&mut self.skipping) {
                lines.push(cut(&self.begun[from..end]));
            }
            from = end + 1;
            search = from;
        }
        self.begun.drain(..from);
        if self.skipping {
            self.begun.clear();
        } else if self.begun.len() > LONGEST {
            lines.push(cut(&self.begun));
            self.begun.clear();
            self.skipping = true;
        }
        Ok(lines)
    }

    /// A last line that nothing ended.
    pub fn end(&mut self) -> Option<Vec<u8>> {
        let line = std::mem::take(&mut self.begun);
        (!line.is_empty()).then_some(line)
    }
}

impl Status {
    /// Adds `piece` to `text`, without the statuses in it.
    fn strip(
        &mut self,
        mut piece: &[u8],
        text: &mut Vec<u8>,
        begins_line: bool,
    ) -> Result<(), String> {
        if piece.starts_with(format!("0{CLOSING}").as_bytes()) {
            return Err(said(piece));
        }
        // Accepted only at a line's start: within a line it could be the log's own text, and
        // writers end their lines.
        if !self.all_full && begins_line {
            self.left = 0;
        }
        while !piece.is_empty() {
            if self.left == 0 {
                self.left = BLOCK;
                match piece[0] {
                    b'1' => piece = &piece[1..],
                    b'0' => return Err(said(piece)),
                    _ => {}
                }
            }
            let (block, rest) = piece.split_at(self.left.min(piece.len()));
            text.extend_from_slice(block);
            self.left -= block.len();
            piece = rest;
        }
        Ok(())
    }
}

fn cut(line: &[u8]) -> Vec<u8> {
    if line.len() <= LONGEST {
        return line.to_vec();
    }
    [&line[..LONGEST], CUT.as_bytes()].concat()
}

fn said(error: &[u8]) -> String {
    let text = String::from_utf8_lossy(&error[1..]);
    cause(text.trim_start_matches(CLOSING))
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
        let mut lines = Lines::of_file(&headers);
        assert_eq!(text(lines.push(b"1 one\n0 tw").unwrap()), ["1 one"]);
        assert_eq!(text(lines.push(b"o\n\nrest").unwrap()), ["0 two", ""]);
        assert_eq!(lines.end().as_deref(), Some(&b"rest"[..]));
        assert_eq!(lines.end(), None);
    }

    #[test]
    fn an_old_ray_puts_a_status_before_each_block() {
        for mut lines in [
            Lines::of_file(&HeaderMap::new()),
            Lines::of_stream(&HeaderMap::new()),
        ] {
            assert_eq!(
                text(lines.push(b"1one\n2 two\n").unwrap()),
                ["one", "2 two"]
            );
            let error =
                lines.push(format!("0{CLOSING}\nFile \"x\" not found on node n").as_bytes());
            assert_eq!(error.unwrap_err(), "File \"x\" not found on node n");
        }
        let mut followed = Lines::of_stream(&HeaderMap::new());
        assert_eq!(text(followed.push(b"1one\n").unwrap()), ["one"]);
        assert_eq!(text(followed.push(b"1three\n").unwrap()), ["three"]);
    }

    #[test]
    fn a_line_without_an_end_is_cut_and_what_follows_it_is_not() {
        let piece = vec![b'x'; 1 << 16];
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
        let mut lines = Lines::of_file(&headers);
        let mut read = Vec::new();
        for _ in 0..200 {
            read.extend(lines.push(&piece).unwrap());
            assert!(lines.begun.len() <= LONGEST + piece.len());
        }
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].len(), LONGEST + CUT.len());
        assert!(read[0].ends_with(CUT.as_bytes()));
        assert_eq!(text(lines.push(b"xx\nnext\nlast").unwrap()), ["next"]);
        assert_eq!(lines.end().as_deref(), Some(&b"last"[..]));
        // Whole, as one piece, as well.
        let long = [&vec![b'y'; LONGEST + 1][..], b"\nz\n"].concat();
        let read = lines.push(&long).unwrap();
        assert!(read[0].ends_with(CUT.as_bytes()) && read[1] == b"z");
        assert_eq!(read[0].len(), LONGEST + CUT.len());
    }

    #[test]
    fn the_blocks_of_a_long_log_are_put_together_however_they_come() {
        // Lines that look like a status, at the ends of blocks and elsewhere.
        let log: String = (0..40_000)
            .map(|number| format!("1{number:08}\n"))
            .collect();
        let blocks = log.as_bytes().chunks(BLOCK);
        let sent: Vec<u8> = blocks.flat_map(|block| [b"1", block].concat()).collect();
        for size in [1, 10, 11, 8192, BLOCK, BLOCK + 1, sent.len()] {
            let mut lines = Lines::of_file(&HeaderMap::new());
            let read: Vec<Vec<u8>> = sent
                .chunks(size)
                .flat_map(|piece| lines.push(piece).unwrap())
                .collect();
            assert!(text(read).iter().eq(log.lines()), "pieces of {size}");
        }
    }
}
