//! An answer that is read while it arrives: a log that is followed, an application that streams.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::HeaderMap;
use http::response::Parts;
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::body::{Content, RequestBody};
use super::connection::{Connection, broken, refused, within};
use super::dial::Dialed;
use super::error::{Error, root_cause};
use super::observer::Watch;
use super::request::Call;

/// The longest success that is read whole, in bytes: Serve's state of 500 applications is 1 MiB.
const AT_MOST: usize = 32 << 20;
/// What is kept of an error, whose first sentence counts.
const OF_AN_ERROR: usize = 1 << 20;
/// Upper bound for a Kubernetes Status body.
const STATUS_AT_MOST: usize = 64 * 1024;

/// A request that has its connection, and is sent when its answer is asked for.
pub struct Prepared {
    connection: Connection,
    /// Whom it goes to, for messages.
    pub who: String,
    pub call: Call,
    content: Content,
    request: http::Request<RequestBody>,
    /// Time limit for silence, before the answer and within it.
    limit: Option<Duration>,
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

/// An answer that was read whole, whatever its status.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Prepared {
    /// A request of any kind over a stream that was opened for it.
    pub async fn new(
        dialed: Dialed,
        who: String,
        call: Call,
        request: http::Request<Content>,
        limit: Option<Duration>,
    ) -> Result<Self, Error> {
        let connection = Connection::over(dialed, &who, call).await?;
        let content = request.body().clone();
        let request = request.map(RequestBody::new);
        Ok(Self::on(connection, who, call, content, request).with_limit(limit))
    }

    pub(super) fn on(
        connection: Connection,
        who: String,
        call: Call,
        content: Content,
        request: http::Request<RequestBody>,
    ) -> Self {
        Self {
            connection,
            who,
            call,
            content,
            request,
            limit: None,
        }
    }

    pub(super) fn with_limit(mut self, limit: Option<Duration>) -> Self {
        self.limit = limit;
        self
    }

    /// Ray sends no headers before a log's first line; without a limit this waits that long.
    pub async fn answer(self) -> Result<StreamedResponse, Error> {
        let Self {
            mut connection,
            who,
            call,
            content,
            request,
            limit,
        } = self;
        let method = request.method().clone();
        let observer = connection.route.observer.as_ref();
        let watch = Watch::begin(observer, &method, request.uri());
        let exchange = async {
            connection.requests.ready().await?;
            connection.requests.send_request(request).await
        };
        let answered = match limit {
            None => exchange.await,
            Some(limit) => match within(limit, &content, exchange).await {
                Some(answered) => answered,
                None => return Err(Error::TimedOut { who, call, limit }),
            },
        };
        match answered {
            Ok(response) => {
                let (head, body) = response.into_parts();
                watch.answered(head.status);
                let response = StreamedResponse {
                    head,
                    begin: None,
                    body,
                    connection,
                    who,
                    call,
                    limit,
                };
                response.unless_refused(&method).await
            }
            Err(error) => {
                watch.broke(&root_cause(&error));
                let why_closed = connection.why_closed.take();
                drop(connection);
                Err(broken(&who, call, &error, why_closed).await)
            }
        }
    }
}

impl StreamedResponse {
    /// Reads an error that the API server may have sent in the dashboard's place.
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

    /// All of it, with the connection for the next request: a success to its end, or of an error the
    /// beginning. A connection with more in it cannot be used again.
    pub(super) async fn whole(mut self) -> Result<(Answer, Connection), Error> {
        let status = self.head.status;
        let mut read = BytesMut::new();
        while let Some(piece) = self.next().await? {
            read.extend_from_slice(&piece);
            if status.is_success() && read.len() > AT_MOST {
                return Err(Error::TooLong {
                    who: self.who,
                    call: self.call,
                    at_most: AT_MOST >> 20,
                });
            }
            if !status.is_success() && read.len() >= OF_AN_ERROR {
                read.truncate(OF_AN_ERROR);
                break;
            }
        }
        let answer = Answer {
            status,
            headers: self.head.headers,
            body: read.freeze(),
        };
        Ok((answer, self.connection))
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
