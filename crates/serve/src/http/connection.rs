//! A connection that requests are sent on, and what it means when it breaks.

use std::time::Duration;

use hyper::client::conn::http1::{SendRequest, handshake};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::body::{Content, RequestBody};
use super::dial::{Dialed, WhyClosed};
use super::error::{Error, root_cause};
use super::request::Call;
use super::route::{Refusal, Route};

pub(super) struct Connection {
    pub(super) requests: SendRequest<RequestBody>,
    driver: JoinHandle<()>,
    pub(super) route: Route,
    pub(super) why_closed: Option<WhyClosed>,
}

impl Connection {
    pub(super) async fn over(dialed: Dialed, who: &str, call: Call) -> Result<Self, Error> {
        let Dialed {
            stream,
            route,
            why_closed,
        } = dialed;
        let (requests, connection) = match handshake(stream).await {
            Ok(pair) => pair,
            Err(error) => return Err(broken(who, call, &error, why_closed).await),
        };
        let driver = tokio::spawn(async move {
            // The error is the request's as well, and reported there.
            let _ = connection.await;
        });
        Ok(Self {
            requests,
            driver,
            route,
            why_closed,
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// What a broken connection means: the tunnel's reason, if it gave one.
pub(super) async fn broken(
    who: &str,
    call: Call,
    error: &hyper::Error,
    why_closed: Option<WhyClosed>,
) -> Error {
    let is_tunnelled = why_closed.is_some();
    if let Some(why_closed) = why_closed
        && let Some(reason) = why_closed.await
    {
        return reason.into();
    }
    Error::Broken {
        who: who.to_owned(),
        call,
        cause: root_cause(error),
        is_tunnelled,
    }
}

/// What an answer of the API server in Ray's place means.
pub(super) fn refused(who: &str, call: Call, refusal: Refusal) -> Error {
    match refusal {
        Refusal::Unsent(error) => error.into(),
        Refusal::Broken(cause) => Error::Broken {
            who: who.to_owned(),
            call,
            cause,
            is_tunnelled: false,
        },
    }
}

/// None after `limit` without an answer and without a piece of the content that went out.
///
/// What went out may still be on its way, in the buffers of everybody between here and there: it gets
/// the time that sending all of it took.
pub(super) async fn within<T>(
    limit: Duration,
    content: &Content,
    exchange: impl Future<Output = T>,
) -> Option<T> {
    let mut exchange = std::pin::pin!(exchange);
    let began = Instant::now();
    let mut patience = limit;
    loop {
        let sent = content.sent();
        match tokio::time::timeout(patience, &mut exchange).await {
            Ok(exchanged) => return Some(exchanged),
            Err(_) if content.sent() == sent => return None,
            Err(_) if content.sent() == content.size() => patience = limit.max(began.elapsed()),
            Err(_) => {}
        }
    }
}
