//! A connection that requests are sent on, and what it means when it breaks.

use std::time::Duration;

use http::Response;
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::bounded::{self, Lost};
use super::client::Answer;
use super::content::{Content, Sending};
use super::error::Error;
use super::request::Call;
use crate::connect;
use crate::connect::route::{Opened, Route};
use crate::connect::service_proxy::Refusal;
use crate::connect::tunnel::Fault;

pub(super) struct Connection {
    pub(super) requests: SendRequest<Sending>,
    driver: JoinHandle<()>,
    pub(super) route: Route,
    pub(super) fault: Option<Fault>,
}

impl Connection {
    pub(super) async fn over(opened: Opened, who: &str, call: Call) -> Result<Self, Error> {
        let Opened {
            stream,
            route,
            fault,
        } = opened;
        let (requests, connection) = match handshake(stream).await {
            Ok(pair) => pair,
            Err(error) => return Err(broken(who, call, &error, fault).await),
        };
        let driver = tokio::spawn(async move {
            // The error is the request's as well, and told there.
            let _ = connection.await;
        });
        Ok(Self {
            requests,
            driver,
            route,
            fault,
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
    fault: Option<Fault>,
) -> Error {
    let over_websocket = fault.is_some();
    if let Some(fault) = fault
        && let Some(reason) = fault.explain().await
    {
        return reason.into();
    }
    Error::Broken {
        who: who.to_owned(),
        call,
        cause: connect::error::root_cause(error),
        over_websocket,
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
            over_websocket: false,
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

pub(super) async fn exchange(
    requests: &mut SendRequest<Sending>,
    request: http::Request<Sending>,
) -> Result<Answer, Lost> {
    requests.ready().await?;
    let response: Response<Incoming> = requests.send_request(request).await?;
    let (head, body) = response.into_parts();
    Ok(Answer {
        status: head.status,
        headers: head.headers,
        body: bounded::whole(head.status, body).await?,
    })
}
