//! Requests to one dashboard on a connection that is kept.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, USER_AGENT};
use secrecy::{ExposeSecret, SecretString};

use super::body::RequestBody;
use super::connection::{Connection, within};
use super::dial::Dial;
use super::error::Error;
use super::exchange::{Answer, Prepared};
use super::request::{Call, Request};
use super::route::Route;
use crate::ray_error::cause;

/// The header Ray's own tools use through the API server, to which `Authorization` belongs.
pub const TOKEN_HEADER: &str = "x-ray-authorization";
/// Times a broken connection is dialed again within one call.
pub const REOPENED: u32 = 2;
pub const REOPEN_DELAY: Duration = Duration::from_millis(200);

pub struct Client<D> {
    dial: D,
    limit: Option<Duration>,
    agent: &'static str,
    connection: Option<Connection>,
}

impl<D: Dial> Client<D> {
    /// `agent` is the program's name for Ray. It must not look like a browser's: Ray refuses PUT and
    /// DELETE to those, and hides environment variables from them.
    pub fn new(dial: D, limit: Option<Duration>, agent: &'static str) -> Self {
        Self {
            dial,
            limit,
            agent,
            connection: None,
        }
    }

    /// Time limit of one request.
    pub fn limit(&self) -> Option<Duration> {
        self.limit
    }

    pub fn dial(&self) -> &D {
        &self.dial
    }

    pub fn dial_mut(&mut self) -> &mut D {
        &mut self.dial
    }

    /// Looks for the dashboard again before the next request. A failed request does so by itself,
    /// but an answer that breaks off while it is read cannot.
    pub fn forget(&mut self) {
        self.connection = None;
        self.dial.forget();
    }

    pub(crate) fn agent(&self) -> &'static str {
        self.agent
    }

    /// Drops the connection, because requests now go to another port.
    pub(crate) fn leave_connection(&mut self) {
        self.connection = None;
    }

    /// The body of an answer that says success; every other is an error.
    pub fn accept(&self, request: &Request, answer: Answer) -> Result<Bytes, Error> {
        accept(self.dial.describe(), request.call, answer)
    }

    /// Sends one request, and dials again if the connection breaks; any status is an answer.
    ///
    /// A request that changes Serve is sent only once: it may have arrived although its answer was
    /// lost, and another user may have submitted since. The caller has to look first.
    pub async fn send(&mut self, request: &Request) -> Result<Answer, Error> {
        let mut redialed = 0;
        loop {
            // Boxed: every command would carry it, however many requests it awaits.
            match Box::pin(self.try_send(request)).await {
                Err(Error::Broken { call, .. }) if redialed < REOPENED && !call.changes_serve() => {
                    redialed += 1;
                    tokio::time::sleep(REOPEN_DELAY).await;
                }
                result => return result,
            }
        }
    }

    async fn try_send(&mut self, request: &Request) -> Result<Answer, Error> {
        let connection = match self.connection.take() {
            Some(connection) if connection.requests.is_ready() => connection,
            _ => self.connect(request).await?,
        };
        // Dialing has its own limits, whose errors name the side that did not answer.
        let prepared = self.prepare(connection, request).await?;
        let exchange = async { prepared.answer().await?.whole().await };
        let exchanged = match self.limit {
            None => exchange.await,
            Some(limit) => within(limit, &request.content, exchange)
                .await
                .unwrap_or_else(|| {
                    Err(Error::TimedOut {
                        who: self.dial.describe(),
                        call: request.call,
                        limit,
                    })
                }),
        };
        match exchanged {
            Ok((answer, connection)) => {
                self.connection = Some(connection);
                Ok(answer)
            }
            Err(error) => {
                self.dial.forget();
                Err(error)
            }
        }
    }

    async fn connect(&mut self, request: &Request) -> Result<Connection, Error> {
        let dialed = self.dial.open().await;
        if dialed.is_err() {
            self.dial.forget();
        }
        Connection::over(dialed?, &self.dial.describe(), request.call).await
    }

    /// Sends a request on a separate connection; the answer is read while it arrives.
    pub async fn begin(
        &mut self,
        request: &Request,
        limit: Option<Duration>,
    ) -> Result<Prepared, Error> {
        let connection = self.connect(request).await?;
        let prepared = self.prepare(connection, request).await?;
        Ok(prepared.with_limit(limit))
    }

    async fn prepare(&self, connection: Connection, request: &Request) -> Result<Prepared, Error> {
        let message = self.http(request, &connection.route).await?;
        Ok(Prepared::on(
            connection,
            self.dial.describe(),
            request.call,
            request.content.clone(),
            message,
        ))
    }

    async fn http(&self, of: &Request, route: &Route) -> Result<http::Request<RequestBody>, Error> {
        let mut request = http::Request::new(RequestBody::new(of.content.clone()));
        *request.method_mut() = of.method.clone();
        // Percent-encoded; the dashboard's own page would be no answer to anything.
        *request.uri_mut() = of
            .path
            .parse()
            .unwrap_or_else(|_| http::Uri::from_static("/"));
        let headers = request.headers_mut();
        route.set_host(headers);
        headers.insert(USER_AGENT, HeaderValue::from_static(self.agent));
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        if let Some(content_type) = of.content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if let Some(token) = self.dial.token().and_then(bearer) {
            headers.insert(TOKEN_HEADER, token);
        }
        route.prepare(&mut request).await?;
        Ok(request)
    }
}

/// The body of an answer of `who` that says success; every other is an error.
pub fn accept(who: String, call: Call, answer: Answer) -> Result<Bytes, Error> {
    let Answer { status, body, .. } = answer;
    if status.is_success() {
        return Ok(body);
    }
    let message = cause(&String::from_utf8_lossy(&body));
    Err(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Error::Token {
            who,
            message,
            status,
        },
        status => Error::Failed {
            who,
            call,
            message,
            status,
        },
    })
}

fn bearer(token: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).ok()?;
    value.set_sensitive(true);
    Some(value)
}
