//! What a request carries: bytes, or a file that is sent piece by piece.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

const PIECE: usize = 64 * 1024;

#[derive(Debug, Clone)]
pub enum Content {
    Bytes(Bytes),
    File(Arc<FileContent>),
}

#[derive(Debug)]
pub struct FileContent {
    file: File,
    size: u64,
    sent: AtomicU64,
}

impl FileContent {
    pub fn new(file: File, size: u64) -> Self {
        Self {
            file,
            size,
            sent: AtomicU64::new(0),
        }
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// How much of it has gone to the connection.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(self.size).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }

    fn piece(&self, position: u64) -> io::Result<Bytes> {
        let mut piece = vec![0; PIECE];
        let read = self.file.read_at(&mut piece, position)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        piece.truncate(read);
        self.sent.store(position + read as u64, Ordering::Relaxed);
        Ok(piece.into())
    }
}

impl Content {
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(file) => file.size,
        }
    }

    /// Bytes taken by the receiver so far; content in memory counts as sent at once.
    pub fn sent(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(file) => file.sent(),
        }
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

/// A content on its way; each try starts another.
pub(super) struct RequestBody {
    content: Content,
    position: u64,
}

impl RequestBody {
    pub(super) fn new(content: Content) -> Self {
        Self {
            content,
            position: 0,
        }
    }

    fn left(&self) -> u64 {
        self.content.size().saturating_sub(self.position)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left() == 0 {
            return Poll::Ready(None);
        }
        let piece = match &self.content {
            Content::Bytes(bytes) => Ok(bytes.clone()),
            Content::File(file) => file.piece(self.position),
        };
        Poll::Ready(Some(piece.map(|piece| {
            self.position += piece.len() as u64;
            Frame::data(piece)
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left())
    }
}
