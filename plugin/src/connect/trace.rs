//! A line for each HTTP request, as kubectl's `-v=6`: for whoever has to find out what a proxy, a VPN
//! or a right does to them.
//!
//! Headers and bodies are in no line at any level, because they carry logins, Ray tokens and the
//! environment of applications.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, Response, Uri};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use kube::client::Body;
use ray_serve_client::error::root_cause;
use ray_serve_client::http::{Observer, Outcome, Watch};
use tower::{Service, service_fn};

use super::connector::Connector;
use crate::userinfo::{MASK, masked};

/// The level from which on requests are traced, as in kubectl.
pub const LEVEL: u32 = 6;

/// Parameters that this plugin, kube and Ray's own page put into queries, whose values are no secret.
/// Any other may be an application's, such as an API key.
const KNOWN: [&str; 15] = [
    "detail",
    "dryRun",
    "fieldManager",
    "fieldSelector",
    "fieldValidation",
    "filename",
    "filter_keys",
    "filter_predicates",
    "interval",
    "labelSelector",
    "limit",
    "lines",
    "node_id",
    "ports",
    "timeout",
];

type Print = dyn Fn(&str) + Send + Sync;

/// Where the lines go, if anywhere.
#[derive(Clone, Default)]
pub struct Trace(Option<Arc<Print>>);

impl Trace {
    pub fn to(print: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(print)))
    }

    /// Of requests to one server, whose URLs are relative to `server`.
    pub fn observer(&self, server: &str) -> Option<Arc<dyn Observer>> {
        let print = Arc::clone(self.0.as_ref()?);
        let server = server.to_owned();
        Some(Arc::new(Lines { print, server }))
    }

    /// The same client, traced.
    pub fn of(
        &self,
        client: Client<Connector, Body>,
    ) -> impl Service<
        Request<Body>,
        Response = Response<Incoming>,
        Error = hyper_util::client::legacy::Error,
        Future: Send,
    > + Clone
    + Send
    + use<> {
        let observer = self.observer("");
        service_fn(move |request: Request<Body>| {
            let watch = Watch::begin(observer.as_ref(), request.method(), request.uri());
            let answer = client.request(request);
            async move {
                let answer = answer.await;
                match &answer {
                    Ok(answer) => watch.answered(answer.status()),
                    Err(error) => watch.broke(&root_cause(error)),
                }
                answer
            }
        })
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Trace")
    }
}

struct Lines {
    print: Arc<Print>,
    server: String,
}

impl Observer for Lines {
    fn ended(&self, method: &Method, url: &Uri, outcome: Outcome<'_>, took: Duration) {
        let url = format!("{}{}", self.server, shown(url));
        let took = took.as_millis();
        (self.print)(&match outcome {
            Outcome::Answered(status) => format!("{method} {url} {status} in {took} ms"),
            Outcome::Broken(cause) => format!("{method} {url} failed in {took} ms: {cause}"),
            Outcome::GivenUp => format!("{method} {url} not answered in {took} ms"),
        });
    }
}

/// Scheme, host and port of `url`, with a mask in place of its login.
pub fn server_of(url: &Uri) -> String {
    match (url.scheme_str(), url.authority()) {
        (Some(scheme), Some(authority)) => masked(&format!("{scheme}://{authority}")),
        _ => String::new(),
    }
}

/// `url` without what may be secret in it.
fn shown(url: &Uri) -> String {
    let mut shown = server_of(url) + url.path();
    let Some(query) = url.query() else {
        return shown;
    };
    let parameters = query.split('&').map(|parameter| {
        let (name, value) = match parameter.split_once('=') {
            Some((name, value)) => (name, value),
            // Its name may be the secret.
            None => ("", parameter),
        };
        match (name, value) {
            (_, "") => parameter.to_owned(),
            (name, _) if KNOWN.contains(&name) => parameter.to_owned(),
            ("", _) => MASK.to_owned(),
            (name, _) => format!("{name}={MASK}"),
        }
    });
    shown.push('?');
    shown + &parameters.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_secrets() {
        for (url, expected) in [
            ("/api/version", "/api/version"),
            ("https://h:6443/", "https://h:6443/"),
            ("https://ada:pw@h:6443/x@y", "https://******@h:6443/x@y"),
            (
                "http://h/x?labelSelector=a%3Db&limit=500&continue=abc",
                "http://h/x?labelSelector=a%3Db&limit=500&continue=******",
            ),
            ("/x?&ports=8265", "/x?&ports=8265"),
            ("/x?api_key=pw&pw&a=", "/x?api_key=******&******&a="),
            ("/x?=pw", "/x?******"),
        ] {
            assert_eq!(shown(&url.parse().unwrap()), expected);
        }
    }
}
