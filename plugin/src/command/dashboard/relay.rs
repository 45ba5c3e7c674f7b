//! One visitor's requests, passed on to the dashboard, and its answers as they come.
//!
//! Each request is looked at and given what the way to the dashboard wants. Through the API server's
//! proxy that is a path and the user's login, with which whoever reaches the page gets no further
//! than to the dashboard.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, REFRESH, X_FRAME_OPTIONS};
use http::uri::PathAndQuery;
use http::{Request, Response, StatusCode, Uri, Version};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use ray_serve_client::Dial;
use ray_serve_client::error::root_cause;
use ray_serve_client::http::client::TOKEN_HEADER;
use ray_serve_client::http::{Dialed, Refusal, Route, Watch, WhyClosed};
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use super::Door;
use super::end_to_end::{asks_for_websocket, keep_end_to_end};
use crate::connect::service_proxy::is_of_the_api_server;
use crate::hint::in_one;
use crate::output::one_line;

type Body = BoxBody<Bytes, hyper::Error>;

/// Until the visitor ends it.
pub(super) async fn serve(visitor: TcpStream, door: &Door<'_>) {
    let relay = Relay {
        door,
        upstream: Mutex::new(None),
    };
    let answering = service_fn(|request| relay.answer(request));
    let visit = http1::Builder::new().serve_connection(TokioIo::new(visitor), answering);
    // A visitor who has gone needs no answer.
    let _ = visit.with_upgrades().await;
}

struct Relay<'a> {
    door: &'a Door<'a>,
    /// A visitor asks one thing after the other, so one connection is enough.
    upstream: Mutex<Option<Upstream>>,
}

struct Upstream {
    requests: SendRequest<Incoming>,
    route: Route,
    why_closed: Option<WhyClosed>,
}

impl Upstream {
    fn watch(&self, request: &Request<Incoming>) -> Watch {
        let observer = self.route.observer.as_ref();
        Watch::begin(observer, request.method(), request.uri())
    }
}

impl Relay<'_> {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, hyper::Error> {
        if let Err(refusal) = self.door.guard.check(&request) {
            return Ok(text(refusal.status, &refusal.why));
        }
        Ok(match self.pass_on(request).await {
            Ok(mut response) => {
                self.door.worked();
                // Nobody else's page may show it to be clicked on.
                let own = HeaderValue::from_static("SAMEORIGIN");
                response.headers_mut().entry(X_FRAME_OPTIONS).or_insert(own);
                response
            }
            Err(why) => {
                self.door.failed(&why);
                let mut response = text(StatusCode::BAD_GATEWAY, &why);
                let again = HeaderValue::from_static("3");
                response.headers_mut().insert(REFRESH, again);
                response
            }
        })
    }

    /// Gives the reason where the dashboard does not answer.
    async fn pass_on(&self, mut request: Request<Incoming>) -> Result<Response<Body>, String> {
        let method = request.method().clone();
        let visitor =
            asks_for_websocket(request.headers()).then(|| hyper::upgrade::on(&mut request));
        let mut kept = self.upstream.lock().await;
        let (upstream, mut response) = self
            .exchange(kept.take(), request, visitor.is_some())
            .await?;
        let head = (response.status() == StatusCode::SWITCHING_PROTOCOLS)
            .then(|| hyper::upgrade::on(&mut response));
        let (mut parts, body) = response.into_parts();
        keep_end_to_end(&mut parts.headers, head.is_some());
        self.door.cookies.to_browser(&mut parts.headers);
        if let Some(head) = head {
            let visitor = visitor.ok_or("the dashboard changed to a protocol nobody asked for")?;
            join(visitor, head);
            return Ok(Response::from_parts(parts, body.boxed()));
        }
        if !upstream.route.may_be_refusal(&parts) {
            *kept = Some(upstream);
            return Ok(Response::from_parts(parts, body.boxed()));
        }
        let body = body.collect().await.map_err(|error| error.to_string())?;
        let body = body.to_bytes();
        match upstream.route.refusal(&method, parts.status, &body) {
            None => {
                *kept = Some(upstream);
                Ok(Response::from_parts(parts, full(body)))
            }
            Some(Refusal::Unsent(error)) => Err(in_one(&error)),
            Some(Refusal::Broken(cause)) => Err(cause),
        }
    }

    /// On the connection that was used before, where it still lives, or else on a new one.
    async fn exchange(
        &self,
        before: Option<Upstream>,
        mut request: Request<Incoming>,
        upgrades: bool,
    ) -> Result<(Upstream, Response<Incoming>), String> {
        if let Some(mut upstream) = before
            && upstream.requests.ready().await.is_ok()
        {
            self.readdress(&mut request, &upstream.route, upgrades)
                .await?;
            let watch = upstream.watch(&request);
            match upstream.requests.try_send_request(request).await {
                Ok(response) => {
                    watch.answered(response.status());
                    return Ok((upstream, response));
                }
                Err(mut error) => {
                    let Some(unsent) = error.take_message() else {
                        watch.broke(&root_cause(error.error()));
                        return Err(self.why_broken(upstream, error.error()).await);
                    };
                    // It ended before anything was sent.
                    watch.forget();
                    request = unsent;
                }
            }
            let upstream = self.connect().await?;
            return self.send(upstream, request).await;
        }
        let upstream = self.connect().await?;
        self.readdress(&mut request, &upstream.route, upgrades)
            .await?;
        self.send(upstream, request).await
    }

    async fn send(
        &self,
        mut upstream: Upstream,
        request: Request<Incoming>,
    ) -> Result<(Upstream, Response<Incoming>), String> {
        let watch = upstream.watch(&request);
        match upstream.requests.send_request(request).await {
            Ok(response) => {
                watch.answered(response.status());
                Ok((upstream, response))
            }
            Err(error) => {
                watch.broke(&root_cause(&error));
                Err(self.why_broken(upstream, &error).await)
            }
        }
    }

    async fn connect(&self) -> Result<Upstream, String> {
        let opened = self.door.open().await.map_err(|error| in_one(&error))?;
        let Dialed {
            stream,
            route,
            why_closed,
        } = opened;
        let (requests, connection) = handshake(stream).await.map_err(|error| error.to_string())?;
        // It ends when nobody sends on it any more; what goes wrong is told where something is sent.
        tokio::spawn(connection.with_upgrades());
        Ok(Upstream {
            requests,
            route,
            why_closed,
        })
    }

    /// The tunnel's reason, if it gave one.
    async fn why_broken(&self, upstream: Upstream, error: &hyper::Error) -> String {
        let told = match upstream.why_closed {
            Some(why_closed) => why_closed.await,
            None => None,
        };
        let who = self.door.dashboard.borrow().describe();
        match told {
            Some(reason) => in_one(&reason),
            None if error.is_incomplete_message() || error.is_canceled() || error.is_closed() => {
                format!("{who} closed the connection without an answer")
            }
            None => format!("the connection to {who} broke: {}", root_cause(error)),
        }
    }

    async fn readdress(
        &self,
        request: &mut Request<Incoming>,
        route: &Route,
        upgrades: bool,
    ) -> Result<(), String> {
        // Links and redirects are below the path that the dashboard has elsewhere: the API server has
        // put them there, or the dashboard is at an address with a path.
        if let Some(uri) = without(request.uri(), &route.base_path) {
            *request.uri_mut() = uri;
        }
        *request.version_mut() = Version::HTTP_11;
        let headers = request.headers_mut();
        keep_end_to_end(headers, upgrades);
        self.door.cookies.to_cluster(headers);
        if route.has_login() {
            // A Ray token that the page has asked for.
            if let Some(token) = headers.remove(AUTHORIZATION) {
                headers.insert(TOKEN_HEADER, token);
            }
            let impersonating = headers.keys().filter(|name| is_of_the_api_server(name));
            for name in impersonating.cloned().collect::<Vec<_>>() {
                headers.remove(name);
            }
        }
        route.set_host(headers);
        let prepared = route.prepare(request).await;
        prepared.map_err(|error| in_one(&error))
    }
}

fn without(uri: &Uri, base_path: &str) -> Option<Uri> {
    let path = uri.path_and_query().map(PathAndQuery::as_str)?;
    let own = path.strip_prefix(base_path)?;
    own.starts_with('/').then(|| own.parse().ok())?
}

/// From here on both speak to one another, until one of them ends it.
fn join(visitor: OnUpgrade, head: OnUpgrade) {
    tokio::spawn(async move {
        if let (Ok(visitor), Ok(head)) = tokio::join!(visitor, head) {
            let (mut visitor, mut head) = (TokioIo::new(visitor), TokioIo::new(head));
            let _ = copy_bidirectional(&mut visitor, &mut head).await;
        }
    });
}

fn text(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(full(format!("{}\n", one_line(text)).into()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_below_the_dashboard_s_is_shortened() {
        let left = |path: &str| without(&path.parse().unwrap(), "/ray").map(|uri| uri.to_string());
        assert_eq!(left("/ray/api?x=1").as_deref(), Some("/api?x=1"));
        assert_eq!(left("/ray/").as_deref(), Some("/"));
        for path in ["/api", "/rayx", "/ray", "/ray?x"] {
            assert_eq!(left(path), None, "{path}");
        }
    }
}
