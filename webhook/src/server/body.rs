//! A request's body in one piece, and not larger than it may be.

use axum::body::{Body, HttpBody as _};
use http_body_util::BodyExt as _;

/// Two objects of etcd's 3 MB at most, and 1 MB around them.
pub const MAX_BODY_BYTES: usize = 7 << 20;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Unread {
    #[error("the body is longer than {MAX_BODY_BYTES} bytes")]
    TooLarge,
    #[error("the body was not received: {0}")]
    Broken(axum::Error),
}

/// The length that the client has announced.
pub(crate) fn declared_length(body: &Body) -> Option<usize> {
    usize::try_from(body.size_hint().exact()?).ok()
}

/// Reads into one buffer made for the announced length: to collect the pieces first would take the
/// memory twice.
pub(crate) async fn read(mut body: Body) -> Result<Vec<u8>, Unread> {
    let declared = declared_length(&body).unwrap_or(0);
    if declared > MAX_BODY_BYTES {
        return Err(Unread::TooLarge);
    }
    let mut bytes = Vec::with_capacity(declared);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(Unread::Broken)?.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > MAX_BODY_BYTES {
            return Err(Unread::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}
