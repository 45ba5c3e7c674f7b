//! An answer on its way to a client that may not read it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

use crate::server::usage::InFlight;

/// Bytes with something to be dropped when the last of them has been written.
pub(crate) struct Held<B, H> {
    bytes: B,
    _held: H,
}

impl<B, H> Held<B, H>
where
    B: AsRef<[u8]> + Send + 'static,
    H: Send + 'static,
{
    pub(crate) fn until_written(bytes: B, held: H) -> Bytes {
        Bytes::from_owner(Self { bytes, _held: held })
    }
}

impl<B: AsRef<[u8]>, H> AsRef<[u8]> for Held<B, H> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

/// An answer's body, with which its request stays in flight until the client has taken it.
pub(crate) struct AnswerBody {
    body: Body,
    in_flight: Arc<InFlight>,
}

impl AnswerBody {
    pub(crate) fn new(body: Body, in_flight: InFlight) -> Self {
        Self {
            body,
            in_flight: Arc::new(in_flight),
        }
    }
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let held = |data| Held::until_written(data, self.in_flight.clone());
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(held))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
