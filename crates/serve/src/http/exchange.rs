//! An answer that is read while it arrives: a log that is followed, an application that streams.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::response::Parts;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::body::{Content, RequestBody};
use super::bounded::OF_AN_ERROR;
use super::connection::{Connection, broken, refused, within};
use super::dial::Dialed;
use super::request::Call;
use crate::error::Error;

/// No word of the API server is longer.
const STATUS_AT_MOST: usize = 64 * 1024;

/// A request that has its connection, and is sent when its answer is asked for.
pub struct Prepared {
    pub dialed: Dialed,
    /// Whom it goes to, for messages.
    pub who: String,
    pub call: Call,
    pub content: Content,
    pub(super) request: http::Request<RequestBody>,
    /// Of silence: before the answer, and within it.
    pub limit: Option<Duration>,
}

/// An answer that has begun.
pub struct StreamedResponse {
    pub head: Parts,
    /// What was read of the body already.
    begin: Option<Bytes>,
    body: Incoming,
    connection: Connection,
    who: String,
    call: Call,
    limit: Option<Duration>,
}

impl Prepared {
    pub fn new(
        dialed: Dialed,
        who: String,
        call: Call,
        request: http::Request<Content>,
        limit: Option<Duration>,
    ) -> Self {
        let content = request.body().clone();
        Self {
            dialed,
            who,
            call,
            request: request.map(RequestBody::new),
            content,
            limit,
        }
    }

    /// Ray's log of nothing yet has no answer yet: without a limit this waits for the first line.
    pub async fn answer(self) -> Result<StreamedResponse, Error> {
        let Self {
            who, call, limit, ..
        } = self;
        let mut connection = Connection::over(self.dialed, &who, call).await?;
        let method = self.request.method().clone();
        let exchange = async {
            connection.requests.ready().await?;
            connection.requests.send_request(self.request).await
        };
        let answered = match limit {
            None => exchange.await,
            Some(limit) => match within(limit, &self.content, exchange).await {
                Some(answered) => answered,
                None => return Err(Error::TimedOut { who, call, limit }),
            },
        };
        match answered {
            Ok(response) => {
                let (head, body) = response.into_parts();
                let flow = StreamedResponse {
                    head,
                    begin: None,
                    body,
                    connection,
                    who,
                    call,
                    limit,
                };
                flow.unless_refused(&method).await
            }
            Err(error) => {
                let why_closed = connection.why_closed.take();
                drop(connection);
                Err(broken(&who, call, &error, why_closed).await)
            }
        }
    }
}

impl StreamedResponse {
    /// An error that may be the API server's in the place of whoever was asked has to be read first.
    async fn unless_refused(mut self, method: &Method) -> Result<Self, Error> {
        if !self.connection.route.may_be_refusal(&self.head) {
            return Ok(self);
        }
        let mut begin = Vec::new();
        while begin.len() < STATUS_AT_MOST
            && let Some(piece) = self.next().await?
        {
            begin.extend_from_slice(&piece);
        }
        let route = &self.connection.route;
        if let Some(refusal) = route.refusal(method, self.head.status, &begin) {
            return Err(refused(&self.who, self.call, refusal));
        }
        self.begin = Some(begin.into());
        Ok(self)
    }

    /// The next piece, as soon as it is there; none after the last.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if let Some(begin) = self.begin.take() {
            return Ok(Some(begin));
        }
        loop {
            let frame = self.body.frame();
            let frame = match self.limit {
                None => frame.await,
                Some(limit) => match tokio::time::timeout(limit, frame).await {
                    Ok(frame) => frame,
                    Err(_) => return Err(self.silent(limit)),
                },
            };
            match frame {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    // Trailers are nobody's data.
                    if let Ok(piece) = frame.into_data() {
                        return Ok(Some(piece));
                    }
                }
                Some(Err(error)) => {
                    let why_closed = self.connection.why_closed.take();
                    return Err(broken(&self.who, self.call, &error, why_closed).await);
                }
            }
        }
    }

    /// What is left of it, where it is an error.
    pub async fn rest(&mut self) -> Result<Bytes, Error> {
        let mut rest = Vec::new();
        while rest.len() < OF_AN_ERROR
            && let Some(piece) = self.next().await?
        {
            rest.extend_from_slice(&piece);
        }
        Ok(rest.into())
    }

    fn silent(&self, limit: Duration) -> Error {
        Error::Silent {
            who: self.who.clone(),
            call: self.call,
            limit,
        }
    }
}
