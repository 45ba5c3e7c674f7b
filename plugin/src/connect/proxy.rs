//! The proxy between this machine and a server, as kubectl finds it: in the kubeconfig or in the
//! environment.

use std::net::IpAddr;

use http::uri::Authority;
use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;

use super::error::{Error, PROXY_URL};

/// The proxy that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` mean for `url`; like kubectl, never
/// one for this machine.
pub fn between_here_and(url: &Uri) -> Result<Option<Uri>, Error> {
    let variable = |upper: &str, lower: &str| {
        [upper, lower]
            .into_iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    };
    among(
        url,
        &variable("HTTPS_PROXY", "https_proxy").unwrap_or_default(),
        &variable("HTTP_PROXY", "http_proxy").unwrap_or_default(),
        &variable("NO_PROXY", "no_proxy").unwrap_or_default(),
    )
}

fn among(url: &Uri, https: &str, http: &str, no: &str) -> Result<Option<Uri>, Error> {
    let (variable, proxy) = if url.scheme_str() == Some("https") {
        ("HTTPS_PROXY", https)
    } else {
        ("HTTP_PROXY", http)
    };
    // The matcher is used for NO_PROXY only: it hides a proxy URL that it cannot parse, and drops
    // the user and password of the others.
    let matcher = Matcher::builder().all("http://any").no(no.to_owned());
    if is_here(url) || proxy.is_empty() || matcher.build().intercept(url).is_none() {
        return Ok(None);
    }
    parse(variable, proxy).map(Some)
}

/// Whether `url` is on this machine.
pub fn is_here(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// `what` names the variable or field that holds the address.
pub(super) fn parse(what: &'static str, proxy: &str) -> Result<Uri, Error> {
    let with_scheme = if proxy.contains("://") {
        proxy.to_owned()
    } else {
        format!("http://{proxy}")
    };
    let readable = match with_scheme.rsplit_once('@') {
        // As in Go, the last @ ends the password.
        Some((login, host)) => format!("{}@{host}", login.replace('@', "%40")),
        None => with_scheme,
    };
    let url = readable.parse::<Uri>().ok();
    url.filter(is_whole).ok_or_else(|| unreadable(what, proxy))
}

/// Rejects what the URL parser lets through: a backslash in a login, and a port that is not a
/// number.
fn is_whole(url: &Uri) -> bool {
    let authority = url.authority().map_or("", Authority::as_str);
    let (login, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let named = url.host().unwrap_or_default();
    let port = host.strip_prefix(named).and_then(|rest| {
        let number = rest.strip_prefix(':').unwrap_or("0");
        number.parse::<u16>().ok()
    });
    let is_login = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
    !named.is_empty() && port.is_some() && login.bytes().all(is_login)
}

pub(super) fn unreadable(what: &'static str, url: &str) -> Error {
    Error::BadUrl {
        what,
        url: url.to_owned(),
        expected: PROXY_URL,
    }
}

/// The login in a URL.
pub(super) fn basic_auth(url: &Uri) -> Option<HeaderValue> {
    // The matcher percent-decodes the user:password@ of a proxy's URL.
    let matcher = Matcher::builder().all(url.to_string()).build();
    let intercepted = matcher.intercept(&Uri::from_static("https://any"))?;
    intercepted.basic_auth().cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(url: &str, no: &str) -> Option<String> {
        among(
            &url.parse().unwrap(),
            "http://user:pw@proxy:3128",
            "http://plain:3128",
            no,
        )
        .unwrap()
        .map(|uri| uri.to_string())
    }

    #[test]
    fn a_proxy_that_cannot_be_read_is_an_error_without_its_password() {
        let url: Uri = "https://api.example:6443".parse().unwrap();
        for proxy in [
            r"http://CORP\ada:s3cret@proxy:3128",
            r"CORP\ada:s3cret@proxy:3128",
            "http://ada:s3 cret@proxy:3128",
            "http://ada:s3/cret@proxy:3128 ",
            "http://ada:s3cret@",
            "http://ada:s3cret@proxy:99999",
            "http://ada:s3cret@proxy:port",
        ] {
            let error = among(&url, proxy, "", "").unwrap_err().to_string();
            assert!(
                error.contains("is not a valid HTTPS_PROXY address"),
                "{error}"
            );
            assert!(!error.contains("s3"), "{error}");
            assert!(among(&url, proxy, "", "api.example").unwrap().is_none());
            assert!(among(&url, "", proxy, "").unwrap().is_none());
        }
    }

    #[test]
    fn a_password_may_have_an_at_sign() {
        let read = parse("proxy-url", "http://ada:p@ss@proxy:3128").unwrap();
        assert_eq!(read.host(), Some("proxy"));
        let login = basic_auth(&read).unwrap();
        assert_eq!(login.to_str().unwrap(), "Basic YWRhOnBAc3M=");
    }

    #[test]
    fn the_scheme_of_the_server_chooses_the_proxy() {
        assert_eq!(
            proxy("https://api.example:6443", "").as_deref(),
            Some("http://user:pw@proxy:3128/")
        );
        assert_eq!(
            proxy("http://api.example:8080", "").as_deref(),
            Some("http://plain:3128/")
        );
    }

    #[test]
    fn no_proxy_is_about_the_server_not_the_proxy() {
        for no in [
            "api.example",
            ".example",
            "example",
            "*",
            "other, api.example",
            ",,api.example",
        ] {
            assert_eq!(proxy("https://api.example:6443", no), None, "{no}");
        }
        assert_eq!(proxy("https://10.1.2.3:6443", "10.0.0.0/8"), None);
        assert!(proxy("https://api.example:6443", "proxy").is_some());
        assert!(proxy("https://api.example:6443", "api.example.org").is_some());
    }

    #[test]
    fn this_machine_is_never_asked_for_by_proxy() {
        for url in [
            "https://127.0.0.1:6443",
            "https://localhost:6443",
            "https://[::1]:6443",
        ] {
            assert_eq!(proxy(url, ""), None, "{url}");
        }
    }
}
