//! The REST API of one dashboard: requests on one kept connection, and Serve's three calls.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use secrecy::{ExposeSecret, SecretString};

use super::bounded::{AT_MOST, Lost};
use super::connection::{Connection, broken, exchange, refused, within};
use super::content::Sending;
use super::details::Details;
use super::error::Error;
use super::flow::Begun;
use super::ray_error::{cause, is_of_an_actor};
use super::request::{Call, Request};
use crate::connect::route::{Opened, Route};
use crate::connect::{self, Dashboard, Next};
use crate::safe::clean;

/// With the slash: Ray answers 404 without it.
const APPLICATIONS: &str = "/api/serve/applications/";
const JSON: &str = "application/json";
/// Not a browser's: Ray refuses PUT and DELETE to those, and hides environment variables from them.
pub const AGENT: &str = concat!("kubectl-ray/", env!("CARGO_PKG_VERSION"));
/// The header Ray's own tools use through the API server, to which `Authorization` belongs.
pub const TOKEN_HEADER: &str = "x-ray-authorization";
/// Times a broken connection is opened again within one call.
pub const REOPENED: u32 = 2;
pub const REOPEN_DELAY: Duration = Duration::from_millis(200);

pub struct Client {
    dashboard: Dashboard,
    limit: Option<Duration>,
    connection: Option<Connection>,
}

/// Serve's state: Ray's bytes, and what this program understands of them.
pub struct Applications {
    pub raw: Bytes,
    pub details: Details,
}

impl Client {
    pub fn new(dashboard: Dashboard, limit: Option<Duration>) -> Self {
        Self {
            dashboard,
            limit,
            connection: None,
        }
    }

    /// Of one request.
    pub fn limit(&self) -> Option<Duration> {
        self.limit
    }

    pub fn dashboard(&mut self) -> &mut Dashboard {
        &mut self.dashboard
    }

    /// Commands for messages, which go where this one went.
    pub fn next(&self) -> &Next {
        self.dashboard.next()
    }

    pub async fn applications(&mut self) -> Result<Applications, Error> {
        let request = Request::get(APPLICATIONS, "the request for Serve's applications");
        let mut answer = self.send(&request).await?;
        if answer.status == StatusCode::NOT_FOUND && self.dashboard.try_agent_port() {
            self.connection = None;
            answer = match self.send(&request).await {
                // What matters is that the dashboard, which is there, does not know the path.
                Err(Error::Cluster(
                    connect::Error::NotListening { .. } | connect::Error::NoServicePort { .. },
                )) => answer,
                other => other?,
            };
        }
        let raw = match answer.status {
            StatusCode::NOT_FOUND => return Err(self.no_serve_api()),
            _ => self.accept(&request, answer)?,
        };
        match serde_json::from_slice(&raw) {
            Ok(details) => Ok(Applications { raw, details }),
            Err(_) => Err(Error::NotJson {
                who: self.dashboard.describe(),
                start: start_of(&raw),
            }),
        }
    }

    /// Makes exactly `config`'s applications run; returns when Ray has taken it over.
    pub async fn deploy(&mut self, config: String) -> Result<(), Error> {
        let body = Bytes::from(config);
        let request = Request::put(APPLICATIONS, JSON, body, "the deployment").changing_serve();
        let answer = self.send(&request).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Err(self.no_serve_api()),
            StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => {
                let who = self.dashboard.describe();
                let text = String::from_utf8_lossy(&answer.body);
                let message = cause(&text);
                Err(if is_of_an_actor(&text) {
                    Error::BrokeOff { who, message }
                } else {
                    Error::Rejected { who, message }
                })
            }
            _ => self.accept(&request, answer).map(drop),
        }
    }

    pub async fn shut_down(&mut self) -> Result<(), Error> {
        let request = Request::delete(APPLICATIONS, "the shutdown of Serve").changing_serve();
        let answer = self.send(&request).await?;
        self.accept(&request, answer).map(drop)
    }

    fn no_serve_api(&self) -> Error {
        Error::NoServeApi {
            who: self.dashboard.describe(),
        }
    }

    /// The body of an answer that says success; every other is an error.
    pub fn accept(&self, request: &Request, answer: Answer) -> Result<Bytes, Error> {
        accept(self.dashboard.describe(), request.call, answer)
    }

    /// One request, on a connection opened anew when it breaks; any status is an answer.
    ///
    /// A request that changes Serve is sent once: when its answer is lost it may have arrived all the
    /// same, and somebody else may have submitted since. Whoever sent it looks first.
    pub async fn send(&mut self, request: &Request) -> Result<Answer, Error> {
        let mut reopened = 0;
        loop {
            match self.try_send(request).await {
                Err(Error::Broken { call, .. }) if reopened < REOPENED && !call.changes_serve() => {
                    reopened += 1;
                    tokio::time::sleep(REOPEN_DELAY).await;
                }
                result => return result,
            }
        }
    }

    async fn try_send(&mut self, request: &Request) -> Result<Answer, Error> {
        let mut connection = match self.connection.take() {
            Some(connection) if connection.requests.is_ready() => connection,
            _ => self.connect(request).await?,
        };
        // Opening the connection has limits of its own, which name who did not answer.
        let message = self.http(request, &connection.route).await?;
        let exchange = exchange(&mut connection.requests, message);
        let exchanged = match self.limit {
            None => exchange.await,
            Some(limit) => within(limit, &request.content, exchange)
                .await
                .ok_or_else(|| Error::TimedOut {
                    who: self.dashboard.describe(),
                    call: request.call,
                    limit,
                })?,
        };
        match exchanged {
            Ok(answer) => {
                let Answer { status, body, .. } = &answer;
                let refusal = connection.route.refusal(&request.method, *status, body);
                self.connection = Some(connection);
                match refusal {
                    None => Ok(answer),
                    Some(refusal) => {
                        self.dashboard.forget();
                        Err(refused(&self.dashboard.describe(), request.call, refusal))
                    }
                }
            }
            Err(Lost::TooLong) => Err(Error::TooLong {
                who: self.dashboard.describe(),
                call: request.call,
                at_most: AT_MOST >> 20,
            }),
            Err(Lost::Broken(error)) => {
                let fault = connection.fault.take();
                drop(connection);
                self.dashboard.forget();
                Err(broken(&self.dashboard.describe(), request.call, &error, fault).await)
            }
        }
    }

    async fn connect(&mut self, request: &Request) -> Result<Connection, Error> {
        let opened = self.open().await?;
        Connection::over(opened, &self.dashboard.describe(), request.call).await
    }

    async fn open(&mut self) -> Result<Opened, Error> {
        let opened = self.dashboard.open().await;
        if opened.is_err() {
            self.dashboard.forget();
        }
        Ok(opened?)
    }

    /// A request whose answer is read while it arrives, on a connection of its own.
    pub async fn begin(
        &mut self,
        request: &Request,
        limit: Option<Duration>,
    ) -> Result<Begun, Error> {
        let opened = self.open().await?;
        Ok(Begun {
            who: self.dashboard.describe(),
            call: request.call,
            content: request.content.clone(),
            request: self.http(request, &opened.route).await?,
            opened,
            limit,
        })
    }

    async fn http(&self, of: &Request, route: &Route) -> Result<http::Request<Sending>, Error> {
        let mut request = http::Request::new(Sending::new(of.content.clone()));
        *request.method_mut() = of.method.clone();
        // Percent-encoded; the dashboard's own page would be no answer to anything.
        *request.uri_mut() = of
            .path
            .parse()
            .unwrap_or_else(|_| http::Uri::from_static("/"));
        let headers = request.headers_mut();
        route.set_host(headers);
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        if let Some(content_type) = of.content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if let Some(token) = self.dashboard.token().and_then(bearer) {
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

/// Whatever came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

fn bearer(token: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Enough of an answer that is not Ray's to recognise who sent it.
fn start_of(body: &[u8]) -> String {
    const LENGTH: usize = 80;
    let text = clean(&String::from_utf8_lossy(body));
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return "nothing".to_owned();
    }
    match line.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
