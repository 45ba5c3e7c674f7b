//! Tells somebody of each request when it is over: what was asked, what came of it, and how long it
//! took.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, StatusCode, Uri};

/// Is told of requests. It never sees a header or a body, so it cannot show one.
pub trait Observer: Send + Sync {
    /// `url` is as it was sent, with its query; the observer decides what of it may be shown.
    fn ended(&self, method: &Method, url: &Uri, outcome: Outcome<'_>, took: Duration);
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// The answer has begun.
    Answered(StatusCode),
    Broken(&'a str),
    /// Nobody waits for an answer any more: a time limit, or Ctrl-C.
    GivenUp,
}

/// One request on its way. Dropping it tells that it was given up, so that a time limit further out,
/// which drops everything, is told as well.
pub struct Watch(Option<Watched>);

struct Watched {
    observer: Arc<dyn Observer>,
    method: Method,
    url: Uri,
    began: Instant,
}

impl Watch {
    /// Costs nothing without an observer.
    pub fn begin(observer: Option<&Arc<dyn Observer>>, method: &Method, url: &Uri) -> Self {
        Self(observer.map(|observer| Watched {
            observer: Arc::clone(observer),
            method: method.clone(),
            url: url.clone(),
            began: Instant::now(),
        }))
    }

    pub fn answered(mut self, status: StatusCode) {
        self.end(Outcome::Answered(status));
    }

    pub fn broke(mut self, cause: &str) {
        self.end(Outcome::Broken(cause));
    }

    /// Tells nothing, because nothing was sent.
    pub fn forget(mut self) {
        self.0 = None;
    }

    fn end(&mut self, outcome: Outcome<'_>) {
        if let Some(watched) = self.0.take() {
            let took = watched.began.elapsed();
            let observer = watched.observer;
            observer.ended(&watched.method, &watched.url, outcome, took);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end(Outcome::GivenUp);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Noted(Mutex<Vec<String>>);

    impl Observer for Noted {
        fn ended(&self, method: &Method, url: &Uri, outcome: Outcome<'_>, _: Duration) {
            let mut noted = self.0.lock().unwrap();
            noted.push(format!("{method} {url} {outcome:?}"));
        }
    }

    #[test]
    fn each_request_is_told_once() {
        let noted = Arc::new(Noted::default());
        let observer: Arc<dyn Observer> = noted.clone();
        let begin = |path| Watch::begin(Some(&observer), &Method::GET, &Uri::from_static(path));
        begin("/a").answered(StatusCode::OK);
        begin("/b").broke("reset");
        begin("/c").forget();
        drop(begin("/d"));
        assert_eq!(
            *noted.0.lock().unwrap(),
            [
                "GET /a Answered(200)",
                r#"GET /b Broken("reset")"#,
                "GET /d GivenUp"
            ]
        );
    }
}
