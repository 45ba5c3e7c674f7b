//! What a proxy of Serve has routes to: asked of the proxy itself, which asks no application.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderValue, USER_AGENT};

use crate::http::body::Content;
use crate::http::error::Error;
use crate::http::exchange::Prepared;
use crate::http::request::Request;
use crate::http::{Client, Dial};

const PATH: &str = "/-/routes";
/// Who asks wants an answer to something else, too.
const PATIENCE: Duration = Duration::from_secs(5);

/// Names of applications by their route prefixes.
pub type Routes = BTreeMap<String, String>;

impl<D: Dial> Client<D> {
    /// The routes of the head's proxy, on the port of Serve's HTTP.
    pub async fn routes(&mut self, port: u16) -> Result<Routes, Error> {
        let asked = Request::get(PATH, "the request for its routes");
        let who = self.dial().describe_at(port);
        let limit = self.limit().map_or(PATIENCE, |limit| limit.min(PATIENCE));
        let dialed = self.dial_mut().open_at(port).await?;
        let mut request = http::Request::new(Content::from(Bytes::new()));
        *request.uri_mut() = http::Uri::from_static(PATH);
        dialed.route.set_host(request.headers_mut());
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static(self.agent()));
        dialed.route.prepare(&mut request).await?;
        let prepared = Prepared::new(dialed, who.clone(), asked.call, request, Some(limit)).await?;
        let mut response = prepared.answer().await?;
        let status = response.head.status;
        let body = response.rest().await?;
        match serde_json::from_slice(&body) {
            Ok(routes) if status == StatusCode::OK => Ok(routes),
            _ => Err(Error::Failed {
                who,
                call: asked.call,
                message: String::from_utf8_lossy(&body).into_owned(),
                status,
            }),
        }
    }
}
