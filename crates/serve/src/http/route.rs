//! How requests get to a dashboard over a stream that was opened to it.

use std::pin::Pin;
use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use http::response::Parts;
use http::uri::{Authority, PathAndQuery};
use http::{Method, Request, StatusCode, Uri};

use super::dial::DialError;

/// A server between here and the dashboard, which wants a login of its own and answers itself where
/// it cannot pass a request on.
pub trait Intermediary: Send + Sync {
    /// The headers that each request needs besides.
    fn login(&self) -> Pin<Box<dyn Future<Output = Result<HeaderMap, DialError>> + Send + '_>>;

    /// Why it answered in the dashboard's place; nothing where the answer is the dashboard's.
    fn refusal(&self, method: &Method, status: StatusCode, body: &[u8]) -> Option<Refusal>;
}

/// Why an intermediary answered in the dashboard's place.
#[derive(Debug)]
pub enum Refusal {
    /// Nothing has arrived at the dashboard.
    Unsent(DialError),
    /// The connection to the dashboard broke, and what was sent may have arrived.
    Broken(String),
}

/// What requests on a stream have in common.
#[derive(Clone)]
pub struct Route {
    pub authority: Authority,
    /// A path below which a proxy has put the server.
    pub base_path: String,
    pub proxy: Option<Arc<dyn Intermediary>>,
    /// The login that an address holds.
    pub login: Option<HeaderValue>,
}

impl Route {
    /// Nothing but a server.
    pub fn to(authority: Authority) -> Self {
        Self {
            authority,
            base_path: String::new(),
            proxy: None,
            login: None,
        }
    }

    /// A server whose paths begin with that of `url`.
    pub fn below(url: &Uri) -> Self {
        let authority = url.authority().map_or("localhost", Authority::as_str);
        // Whoever is asked is the host alone.
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        let authority = host.parse();
        Self {
            base_path: url.path().trim_end_matches('/').to_owned(),
            ..Self::to(authority.unwrap_or_else(|_| Authority::from_static("localhost")))
        }
    }

    /// Whether requests need a login of the user's, for which a page's own has to make room.
    pub fn has_login(&self) -> bool {
        self.proxy.is_some() || self.login.is_some()
    }

    /// Sets the Host header, which Ray does not look at but a proxy in between may.
    pub fn set_host(&self, headers: &mut HeaderMap) {
        if let Ok(host) = HeaderValue::from_str(self.authority.as_str()) {
            headers.insert(HOST, host);
        }
    }

    /// Makes a request, whose path is the server's own, one that can be sent.
    pub async fn prepare<B>(&self, request: &mut Request<B>) -> Result<(), DialError> {
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", PathAndQuery::as_str);
        if let Ok(uri) = format!("{}{path}", self.base_path).parse() {
            *request.uri_mut() = uri;
        }
        if let Some(login) = &self.login {
            request.headers_mut().insert(AUTHORIZATION, login.clone());
        }
        if let Some(proxy) = &self.proxy {
            request.headers_mut().extend(proxy.login().await?);
        }
        Ok(())
    }

    /// Whether an answer's body has to be read to know.
    pub fn may_be_refusal(&self, head: &Parts) -> bool {
        let kind = head.headers.get(CONTENT_TYPE);
        let is_json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
        self.proxy.is_some() && head.status.as_u16() >= 400 && is_json
    }

    /// Why the answer is none of the server's; nothing where it is its own.
    pub fn refusal(&self, method: &Method, status: StatusCode, body: &[u8]) -> Option<Refusal> {
        let proxy = self.proxy.as_ref()?;
        proxy.refusal(method, status, body)
    }
}
