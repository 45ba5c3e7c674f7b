//! The page through the API server's proxy, which is no stream to the head: each request is given
//! the path and the login that the API server wants.
//!
//! Whoever can reach the page gets no further with that login than to the dashboard.

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_TYPE, HeaderMap, HeaderValue, REFRESH, TRANSFER_ENCODING,
    UPGRADE,
};
use http::uri::PathAndQuery;
use http::{Request, Response, StatusCode, Version};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use super::Door;
use crate::cluster::route::{Opened, Route};
use crate::cluster::service_proxy::{Refusal, is_of_the_api_server};
use crate::output::one_line;
use crate::serve::client::TOKEN_HEADER;

type Body = BoxBody<Bytes, hyper::Error>;

/// Until the visitor or the API server ends it.
pub(super) async fn serve(visitor: TcpStream, opened: Opened, door: &Door<'_>) {
    let Ok((requests, upstream)) = handshake(opened.stream).await else {
        return;
    };
    let relay = Relay {
        requests: Mutex::new(requests),
        route: opened.route,
        door,
    };
    let answering = service_fn(|request| relay.answer(request));
    let visit = http1::Builder::new().serve_connection(TokioIo::new(visitor), answering);
    let (mut visit, mut upstream) = (std::pin::pin!(visit), std::pin::pin!(upstream));
    tokio::select! {
        // A browser that wants more comes again, and is given a connection that lives.
        _ = &mut upstream => {
            visit.as_mut().graceful_shutdown();
            let _ = visit.await;
        }
        _ = &mut visit => {}
    }
}

struct Relay<'a> {
    requests: Mutex<SendRequest<Incoming>>,
    route: Route,
    door: &'a Door<'a>,
}

impl Relay<'_> {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, hyper::Error> {
        if climbs(request.uri().path()) {
            return Ok(text(StatusCode::BAD_REQUEST, "no path of the dashboard"));
        }
        match self.pass_on(request).await {
            Ok(response) => {
                self.door.worked();
                Ok(response)
            }
            Err(why) => {
                let mut response = text(StatusCode::BAD_GATEWAY, &why);
                let headers = response.headers_mut();
                headers.insert(REFRESH, HeaderValue::from_static("3"));
                self.door.failed(&why);
                Ok(response)
            }
        }
    }

    /// Gives the reason where the dashboard does not answer.
    async fn pass_on(&self, mut request: Request<Incoming>) -> Result<Response<Body>, String> {
        let method = request.method().clone();
        self.readdress(&mut request);
        let prepared = self.route.prepare(&mut request).await;
        prepared.map_err(|error| error.to_string())?;
        let response = {
            let mut requests = self.requests.lock().await;
            requests.ready().await.map_err(|error| error.to_string())?;
            requests.send_request(request)
        };
        let response = response.await.map_err(|error| error.to_string())?;
        let (mut head, body) = response.into_parts();
        keep_end_to_end(&mut head.headers);
        if !self.route.may_be_refusal(&head) {
            return Ok(Response::from_parts(head, body.boxed()));
        }
        let body = body.collect().await.map_err(|error| error.to_string())?;
        let body = body.to_bytes();
        match self.route.refusal(&method, head.status, &body) {
            None => Ok(Response::from_parts(head, full(body))),
            Some(Refusal::Unsent(error)) => Err(error.to_string()),
            Some(Refusal::Broken(cause)) => Err(cause),
        }
    }

    fn readdress(&self, request: &mut Request<Incoming>) {
        // The API server has put links and redirects below its own path.
        let path = request.uri().path_and_query().map(PathAndQuery::as_str);
        let own = path.and_then(|path| path.strip_prefix(&self.route.base_path));
        if let Some(uri) = own.and_then(|path| path.parse().ok()) {
            *request.uri_mut() = uri;
        }
        *request.version_mut() = Version::HTTP_11;
        let headers = request.headers_mut();
        keep_end_to_end(headers);
        // A Ray token that the page has asked for.
        if let Some(token) = headers.remove(AUTHORIZATION) {
            headers.insert(TOKEN_HEADER, token);
        }
        let impersonating = headers.keys().filter(|name| is_of_the_api_server(name));
        for name in impersonating.cloned().collect::<Vec<_>>() {
            headers.remove(name);
        }
        self.route.set_host(headers);
    }
}

fn keep_end_to_end(headers: &mut HeaderMap) {
    for name in [CONNECTION, TRANSFER_ENCODING, UPGRADE] {
        headers.remove(name);
    }
}

/// A proxy on the way may follow such a path out of the dashboard's, with the user's login.
fn climbs(path: &str) -> bool {
    let plain = path.to_ascii_lowercase().replace("%2e", ".");
    let plain = plain.replace("%2f", "/").replace("%5c", "/");
    plain.split(['/', '\\']).any(|part| part == "..")
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
    fn no_path_leads_out_of_the_dashboard() {
        for path in [
            "/..",
            "/a/../b",
            "/%2e%2E/x",
            "/a%2f..%5Cx",
            "/a\\..\\x",
            "/.%2e",
        ] {
            assert!(climbs(path), "{path}");
        }
        for path in ["/", "/a..b/c", "/...", "/api/v0/logs?node_id=..x"] {
            assert!(!climbs(path), "{path}");
        }
    }
}
