//! One request of a dashboard's REST API.

use std::fmt;

use bytes::Bytes;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::body::Content;

/// A request, and how to speak of it.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    /// With its query, from `/api` on, percent-encoded: see `with_query`.
    pub path: String,
    pub content: Content,
    pub content_type: Option<&'static str>,
    pub call: Call,
}

/// What a request is to a user, who does not think in HTTP methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// "the deployment"
    what: &'static str,
    changes_serve: bool,
}

impl Request {
    /// Asks for something; `what` is what: "the request for …".
    pub fn get(path: impl Into<String>, what: &'static str) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            content: Bytes::new().into(),
            content_type: None,
            call: Call::of(what),
        }
    }

    pub fn put(
        path: impl Into<String>,
        content_type: &'static str,
        content: impl Into<Content>,
        what: &'static str,
    ) -> Self {
        Self {
            method: Method::PUT,
            content: content.into(),
            content_type: Some(content_type),
            ..Self::get(path, what)
        }
    }

    pub fn delete(path: impl Into<String>, what: &'static str) -> Self {
        Self {
            method: Method::DELETE,
            ..Self::get(path, what)
        }
    }

    /// A lost answer then leaves it open what Serve does.
    pub fn changing_serve(mut self) -> Self {
        self.call.changes_serve = true;
        self
    }
}

/// All but RFC 3986's unreserved characters, which stand for themselves.
const RESERVED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// `value` as a part of a path or a query.
pub fn percent(value: &str) -> String {
    utf8_percent_encode(value, &RESERVED).to_string()
}

/// `path?name=value&…` with whatever is in the values.
pub fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut text = path.to_owned();
    for (index, (name, value)) in parameters.iter().enumerate() {
        text.push(if index == 0 { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        text.push_str(&percent(value));
    }
    text
}

impl Call {
    /// A call that changes nothing of Serve's; `what` is what it is to a user.
    pub const fn of(what: &'static str) -> Self {
        Self {
            what,
            changes_serve: false,
        }
    }

    pub fn changes_serve(self) -> bool {
        self.changes_serve
    }
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_percent_encoded() {
        let path = with_query("/api/x", &[("file", "serve/a#b c.log"), ("lines", "-1")]);
        assert_eq!(path, "/api/x?file=serve%2Fa%23b%20c.log&lines=-1");
    }
}
