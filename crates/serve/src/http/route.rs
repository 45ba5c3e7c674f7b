//! How requests reach a dashboard over an open stream.

use std::pin::Pin;
use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use http::response::Parts;
use http::uri::{Authority, PathAndQuery};
use http::{Method, Request, StatusCode, Uri};

use super::dial::DialError;
use super::observer::Observer;

/// A server between here and the dashboard, which needs a login and answers itself if it cannot
/// forward a request.
pub trait Intermediary: Send + Sync {
    /// Login headers of each request.
    fn login(&self) -> Pin<Box<dyn Future<Output = Result<HeaderMap, DialError>> + Send + '_>>;

    /// Why it answered in the dashboard's place; none if the dashboard did.
    fn refusal(&self, method: &Method, status: StatusCode, body: &[u8]) -> Option<Refusal>;
}

/// Why an intermediary answered in the dashboard's place.
#[derive(Debug)]
pub enum Refusal {
    /// The request has not reached the dashboard.
    Unsent(DialError),
    /// The connection to the dashboard broke; the request may have arrived.
    Broken(String),
}

/// What requests on a stream have in common.
#[derive(Clone)]
pub struct Route {
    pub authority: Authority,
    /// The path under which a proxy publishes the server.
    pub base_path: String,
    pub proxy: Option<Arc<dyn Intermediary>>,
    /// The login in the address.
    pub login: Option<HeaderValue>,
    /// Is told of each request.
    pub observer: Option<Arc<dyn Observer>>,
}

impl Route {
    /// A server at the root path, without a login.
    pub fn to(authority: Authority) -> Self {
        Self {
            authority,
            base_path: String::new(),
            proxy: None,
            login: None,
            observer: None,
        }
    }

    /// A server below the path of `url`.
    pub fn below(url: &Uri) -> Self {
        let authority = url.authority().map_or("localhost", Authority::as_str);
        // The Host header has no login and no path.
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        let authority = host.parse();
        Self {
            base_path: url.path().trim_end_matches('/').to_owned(),
            ..Self::to(authority.unwrap_or_else(|_| Authority::from_static("localhost")))
        }
    }

    /// Whether requests carry the user's login, which replaces one that a page sends.
    pub fn has_login(&self) -> bool {
        self.proxy.is_some() || self.login.is_some()
    }

    /// Sets the Host header, which Ray ignores but a proxy may need.
    pub fn set_host(&self, headers: &mut HeaderMap) {
        if let Ok(host) = HeaderValue::from_str(self.authority.as_str()) {
            headers.insert(HOST, host);
        }
    }

    /// Prefixes the base path and adds the login headers.
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

    /// Whether the answer's body must be read to know who sent it.
    pub fn may_be_refusal(&self, head: &Parts) -> bool {
        let kind = head.headers.get(CONTENT_TYPE);
        let is_json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
        self.proxy.is_some() && head.status.as_u16() >= 400 && is_json
    }

    /// Why an intermediary answered; none if the server did.
    pub fn refusal(&self, method: &Method, status: StatusCode, body: &[u8]) -> Option<Refusal> {
        let proxy = self.proxy.as_ref()?;
        proxy.refusal(method, status, body)
    }
}
