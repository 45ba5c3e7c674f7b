//! What a proxy of Serve has routes to: asked of the proxy itself, which asks no application.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderValue, USER_AGENT};

use super::client::{AGENT, Client};
use super::content::Content;
use super::error::Error;
use super::flow::Begun;
use super::request::Request;

const PATH: &str = "/-/routes";
/// Who asks wants an answer to something else, too.
const PATIENCE: Duration = Duration::from_secs(5);

/// Names of applications by their route prefixes.
pub type Routes = BTreeMap<String, String>;

impl Client {
    /// The routes of the head's proxy, on the port of Serve's HTTP.
    pub async fn routes(&mut self, port: u16) -> Result<Routes, Error> {
        let asked = Request::get(PATH, "the request for its routes");
        let who = self.dashboard().describe_at(port);
        let limit = self.limit().map_or(PATIENCE, |limit| limit.min(PATIENCE));
        let opened = self.dashboard().open_at(port).await?;
        let mut request = http::Request::new(Content::from(Bytes::new()));
        *request.uri_mut() = http::Uri::from_static(PATH);
        opened.route.set_host(request.headers_mut());
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        opened.route.prepare(&mut request).await?;
        let begun = Begun::new(opened, who.clone(), asked.call, request, Some(limit));
        let mut flow = begun.answer().await?;
        let status = flow.head.status;
        let body = flow.rest().await?;
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
