//! The file that a zip is written to; it refuses to grow beyond the limit of a package.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

pub(super) struct Spool<'a> {
    file: &'a File,
    limit: u64,
    position: u64,
    end: u64,
    /// Once set, writes are accepted and dropped: the zip writer tries to finish a failed file and
    /// would print a second error.
    given_up: &'a Cell<bool>,
}

#[derive(Debug, thiserror::Error)]
#[error("too large for a package")]
pub(super) struct TooLarge;

impl TooLarge {
    pub(super) fn is(error: &io::Error) -> bool {
        matches!(error.get_ref(), Some(cause) if cause.is::<Self>())
    }
}

impl<'a> Spool<'a> {
    pub(super) fn new(file: &'a File, limit: u64, given_up: &'a Cell<bool>) -> Self {
        Self {
            file,
            limit,
            position: 0,
            end: 0,
            given_up,
        }
    }

    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.position + bytes.len() as u64 > self.limit {
            return Err(io::Error::other(TooLarge));
        }
        self.file.write(bytes)
    }
}

impl Write for Spool<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = if self.given_up.get() {
            bytes.len()
        } else {
            match self.try_write(bytes) {
                Ok(written) => written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
                Err(error) => {
                    self.given_up.set(true);
                    return Err(error);
                }
            }
        };
        self.position += written as u64;
        self.end = self.end.max(self.position);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Spool<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.end.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        if !self.given_up.get() {
            self.file.seek(SeekFrom::Start(self.position))?;
        }
        Ok(self.position)
    }
}
