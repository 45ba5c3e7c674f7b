//! Which requests are the user's: not those of web pages that happen to know the address.
//!
//! Ray's dashboard asks for no login by default and runs what it is sent, and any page in the user's
//! browser can send requests to this machine. Browsers say in whose name they ask: by the Host that
//! was looked up (which is foreign where a page has had its own name resolved to this machine), by
//! the Origin of the page, and by Sec-Fetch-Site.

use std::net::SocketAddr;

use http::header::{HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use http::{Method, Request, StatusCode};

/// Default port of HTTP, which browsers leave out of Host and Origin.
const HTTP: u16 = 80;
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const DESTINATION: HeaderName = HeaderName::from_static("sec-fetch-dest");

pub(super) struct Guard {
    /// The Hosts that are this program.
    hosts: Vec<String>,
    /// The path of Ray's page; all of its views are behind a `#`.
    page: String,
}

/// What whoever asked is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) why: String,
}

impl Guard {
    pub(super) fn new(address: SocketAddr, page: String) -> Self {
        let port = address.port();
        let names = [address.ip().to_string(), "localhost".to_owned()];
        let mut hosts: Vec<String> = names.iter().map(|name| format!("{name}:{port}")).collect();
        if port == HTTP {
            hosts.extend(names);
        }
        Self { hosts, page }
    }

    pub(super) fn check<B>(&self, request: &Request<B>) -> Result<(), Refusal> {
        let uri = request.uri();
        let path = uri.path();
        if uri.authority().is_some() || !path.starts_with('/') || climbs(path) {
            return refuse(StatusCode::BAD_REQUEST, "no path of the dashboard");
        }
        let headers = request.headers();
        let mut named = headers.get_all(HOST).iter();
        let is_ours = |host: &HeaderValue| {
            let mut ours = self.hosts.iter();
            ours.any(|name| name.as_bytes().eq_ignore_ascii_case(host.as_bytes()))
        };
        if !named.next().is_some_and(is_ours) || named.next().is_some() {
            let why = format!(
                "this dashboard is at http://{}{} alone",
                self.hosts[0], self.page
            );
            return refuse(StatusCode::MISDIRECTED_REQUEST, &why);
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        if !origins.all(|origin| self.is_own_origin(origin)) || self.is_foreign(request) {
            return refuse(
                StatusCode::FORBIDDEN,
                "a web page of another site may not use this dashboard",
            );
        }
        Ok(())
    }

    fn is_own_origin(&self, origin: &HeaderValue) -> bool {
        let host = origin.as_bytes().strip_prefix(b"http://");
        host.is_some_and(|host| self.hosts.iter().any(|name| name.as_bytes() == host))
    }

    /// A link from elsewhere may open the page, which is nothing but a page. All other requests have
    /// answers, or do something: a GET of Ray's can start a profiler in a worker.
    fn is_foreign<B>(&self, request: &Request<B>) -> bool {
        let headers = request.headers();
        let own = |site: &HeaderValue| site == "same-origin" || site == "none";
        if headers.get_all(SITE).iter().all(own) {
            return false;
        }
        let opens = request.method() == Method::GET
            && is(headers, &MODE, "navigate")
            && is(headers, &DESTINATION, "document")
            && request.uri().path() == self.page;
        !opens
    }
}

fn is(headers: &HeaderMap, name: &HeaderName, value: &str) -> bool {
    headers.get(name).is_some_and(|given| given == value)
}

fn refuse(status: StatusCode, why: &str) -> Result<(), Refusal> {
    let why = why.to_owned();
    Err(Refusal { status, why })
}

/// A proxy on the way may follow such a path out of the dashboard's, with the user's login.
fn climbs(path: &str) -> bool {
    let plain = path.to_ascii_lowercase().replace("%2e", ".");
    let plain = plain.replace("%2f", "/").replace("%5c", "/");
    plain.split(['/', '\\']).any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: (&str, &str) = ("host", "127.0.0.1:8265");

    fn at(port: u16) -> Guard {
        Guard::new(SocketAddr::from(([127, 0, 0, 1], port)), "/".to_owned())
    }

    /// 200 is let through.
    fn status(method: &str, target: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let checked = at(8265).check(&request.body(()).unwrap());
        checked.map_or_else(|refusal| refusal.status.as_u16(), |()| 200)
    }

    #[test]
    fn the_host_must_be_ours_and_said_once() {
        for host in ["127.0.0.1:8265", "localhost:8265", "LocalHost:8265"] {
            assert_eq!(status("GET", "/", &[("host", host)]), 200, "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:8265",
            "127.0.0.1",
            "localhost",
            "127.0.0.1:8266",
            "127.0.0.1:8265.evil.example",
            "127.0.0.1:8265:8265",
            "evil@127.0.0.1:8265",
            "127.0.0.1:8265, evil.example",
            "localhost.:8265",
            "x.localhost:8265",
            "0.0.0.0:8265",
            "127.1:8265",
            "[::1]:8265",
            "[::ffff:127.0.0.1]:8265",
            " 127.0.0.1:8265",
        ] {
            assert_eq!(status("GET", "/", &[("host", host)]), 421, "{host}");
            assert_eq!(status("GET", "/", &[OURS, ("host", host)]), 421, "{host}");
            assert_eq!(status("GET", "/", &[("host", host), OURS]), 421, "{host}");
        }
        assert_eq!(status("GET", "/", &[]), 421);
        assert_eq!(status("GET", "/", &[OURS, OURS]), 421);
    }

    #[test]
    fn the_default_port_may_be_left_out() {
        let request = |host: &str| Request::builder().header(HOST, host).body(()).unwrap();
        assert!(at(80).check(&request("localhost")).is_ok());
        assert!(at(80).check(&request("127.0.0.1:80")).is_ok());
        assert!(at(80).check(&request("127.0.0.1:8265")).is_err());
    }

    #[test]
    fn an_origin_must_be_ours() {
        for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS"] {
            for origin in ["http://127.0.0.1:8265", "http://localhost:8265"] {
                assert_eq!(
                    status(method, "/api/jobs/", &[OURS, ("origin", origin)]),
                    200
                );
            }
            for origin in [
                "http://evil.example",
                "null",
                "",
                "https://127.0.0.1:8265",
                "http://127.0.0.1",
                "http://127.0.0.1:3000",
                "http://127.0.0.1:8265/",
                "http://127.0.0.1:8265.evil.example",
                "chrome-extension://abc",
            ] {
                let headers = [
                    OURS,
                    ("origin", "http://127.0.0.1:8265"),
                    ("origin", origin),
                ];
                assert_eq!(status(method, "/api/jobs/", &headers), 403, "{origin}");
                assert_eq!(
                    status(method, "/api/jobs/", &[OURS, headers[2]]),
                    403,
                    "{origin}"
                );
            }
        }
    }

    #[test]
    fn another_site_may_open_the_page_and_nothing_else() {
        let navigates = [
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
        ];
        let frames = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
        let fetches = [("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")];
        for site in ["cross-site", "same-site", "", "SAME-ORIGIN"] {
            let status = |method, path, how: [(&'static str, &'static str); 2]| {
                status(
                    method,
                    path,
                    &[OURS, ("sec-fetch-site", site), how[0], how[1]],
                )
            };
            assert_eq!(status("GET", "/", navigates), 200, "{site}");
            assert_eq!(status("GET", "/?x=y", navigates), 200, "{site}");
            assert_eq!(status("POST", "/", navigates), 403, "{site}");
            assert_eq!(status("GET", "/", frames), 403, "{site}");
            assert_eq!(status("GET", "/", fetches), 403, "{site}");
            assert_eq!(
                status("GET", "/worker/cpu_profile?pid=1", navigates),
                403,
                "{site}"
            );
        }
        for site in ["same-origin", "none"] {
            let headers = [OURS, ("sec-fetch-site", site), frames[0], frames[1]];
            assert_eq!(status("POST", "/api/jobs/", &headers), 200);
            let both = [
                OURS,
                ("sec-fetch-site", site),
                ("sec-fetch-site", "cross-site"),
            ];
            assert_eq!(status("GET", "/api/jobs/", &both), 403);
        }
    }

    #[test]
    fn a_target_is_a_path() {
        for (method, target) in [
            ("GET", "http://127.0.0.1:8265/"),
            ("GET", "http://evil.example/"),
            ("CONNECT", "127.0.0.1:8265"),
            ("OPTIONS", "*"),
        ] {
            assert_eq!(status(method, target, &[OURS]), 400, "{target}");
        }
    }

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
