//! Files behind URLs, by the proxy and the certificates that this machine has for them.

use std::error::Error as _;

use http::header::CONTENT_TYPE;
use http::{Method, Uri};
use ray_serve_client::http::Watch;
use reqwest::{Client, Proxy, Response, Url};

use super::FileName;
use crate::connect::client::AGENT;
use crate::connect::flags::{ConnectionFlags, Limit};
use crate::connect::proxy;
use crate::error::Failure;
use crate::hint;

/// More than any manifest: etcd takes objects of 1.5 MiB.
const LARGEST: usize = 8 << 20;
const LARGEST_SHOWN: &str = "8 MiB";

/// The file at `url`.
pub(super) async fn fetch(url: &Uri, connection: &ConnectionFlags) -> Result<Vec<u8>, Failure> {
    let name = FileName::Url(url.clone());
    let failed = |what: String| Failure::Failed(format!("cannot read {name}: {what}"));
    // The error of reqwest names the URL as it is, which may have secrets in it.
    let reason = |error: reqwest::Error| {
        let hint = error
            .is_timeout()
            .then(|| hint::longer("--request-timeout"));
        failed(innermost(&error.without_url())).with_hint_if(hint)
    };
    let client = client(url, connection.request_timeout)?.map_err(reason)?;
    let traced = url;
    let url: Url = url
        .to_string()
        .parse()
        .map_err(|error| failed(format!("{error}")))?;
    let observer = connection.trace.observer("");
    let watch = Watch::begin(observer.as_ref(), &Method::GET, traced);
    let mut response = match client.get(url).send().await {
        Ok(response) => response,
        Err(error) => {
            let error = error.without_url();
            watch.broke(&innermost(&error));
            return Err(reason(error));
        }
    };
    watch.answered(response.status());
    if !response.status().is_success() {
        return Err(failed(format!("the server answered {}", response.status())));
    }
    if is_page(&response) {
        let hint = "the address of a raw file is another one than that of the page that shows it";
        return Err(failed("it is a web page (text/html)".to_owned()).with_hint(hint));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reason)? {
        if bytes.len() + chunk.len() > LARGEST {
            return Err(failed(format!("it has more than {LARGEST_SHOWN}")));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn client(url: &Uri, timeout: Limit) -> Result<reqwest::Result<Client>, Failure> {
    let mut builder = Client::builder()
        .user_agent(AGENT)
        // A redirect leads to nothing that could be changed on its way, either.
        .https_only(url.scheme_str() == Some("https"))
        .no_proxy();
    if let Some(proxy) = proxy::between_here_and(url)? {
        match Proxy::all(proxy.to_string()) {
            Ok(proxy) => builder = builder.proxy(proxy),
            Err(error) => return Ok(Err(error)),
        }
    }
    if let Some(timeout) = timeout.0 {
        builder = builder.timeout(timeout);
    }
    Ok(builder.build())
}

fn is_page(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE);
    kind.and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("text/html"))
}

/// The cause that says most; those around it say that sending failed.
fn innermost(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "the server did not answer in time".to_owned();
    }
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(|cause| cause.source()) {
        cause = Some(deeper);
    }
    cause.map_or_else(|| error.to_string(), ToString::to_string)
}
