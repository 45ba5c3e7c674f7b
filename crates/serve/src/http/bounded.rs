//! Answers that are kept whole: no longer than any that Ray gives, whoever sends them.

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::Incoming;

/// Serve's state, the longest there is: 500 applications are 1 MiB.
pub(super) const AT_MOST: usize = 32 << 20;
/// What is kept of an error, whose first sentence counts.
pub(super) const OF_AN_ERROR: usize = 1 << 20;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Lost {
    Broken(hyper::Error),
    TooLong,
}

impl From<hyper::Error> for Lost {
    fn from(error: hyper::Error) -> Self {
        Self::Broken(error)
    }
}

/// A success to its end, or of an error the beginning; a connection with more in it cannot be used
/// again.
pub(super) async fn whole(status: StatusCode, mut body: Incoming) -> Result<Bytes, Lost> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        // Trailers are nobody's data.
        let Ok(piece) = frame?.into_data() else {
            continue;
        };
        read.extend_from_slice(&piece);
        if status.is_success() && read.len() > AT_MOST {
            return Err(Lost::TooLong);
        }
        if !status.is_success() && read.len() >= OF_AN_ERROR {
            read.truncate(OF_AN_ERROR);
            break;
        }
    }
    Ok(read.freeze())
}
