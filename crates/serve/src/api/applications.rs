//! Serve's three calls: what runs, what is to run, and the end of it.

use bytes::Bytes;
use http::StatusCode;

use crate::http::error::Error;
use crate::http::{Client, Dial, Request};
use crate::ray_error::{cause, is_of_an_actor};
use crate::state::Details;
use crate::text::clean;

/// With the slash: Ray answers 404 without it.
const APPLICATIONS: &str = "/api/serve/applications/";
const JSON: &str = "application/json";

/// Serve's state: Ray's bytes, and what this program understands of them.
pub struct Applications {
    pub raw: Bytes,
    pub details: Details,
}

impl<D: Dial> Client<D> {
    /// After a failure, the head may be another pod by the next look.
    pub async fn applications(&mut self) -> Result<Applications, Error> {
        let answer = self.ask_applications().await;
        if answer.is_err() {
            self.forget();
        }
        answer
    }

    async fn ask_applications(&mut self) -> Result<Applications, Error> {
        let request = Request::get(APPLICATIONS, "the request for Serve's applications");
        let mut answer = self.send(&request).await?;
        if answer.status == StatusCode::NOT_FOUND && self.dial_mut().try_agent_port() {
            self.leave_connection();
            answer = match self.send(&request).await {
                // What matters is that the dashboard, which is there, does not know the path.
                Err(Error::Dial(error)) if error.is_elsewhere() => answer,
                other => other?,
            };
        }
        let raw = match answer.status {
            StatusCode::NOT_FOUND => return Err(self.no_serve_api()),
            _ => self.accept(&request, answer)?,
        };
        match serde_json::from_slice(&raw) {
            Ok(details) => Ok(Applications { raw, details }),
            Err(_) => Err(Error::NotJson {
                who: self.dial().describe(),
                start: start_of(&raw),
            }),
        }
    }

    /// Makes exactly `config`'s applications run; returns when Ray has taken it over.
    pub async fn deploy(&mut self, config: String) -> Result<(), Error> {
        let body = Bytes::from(config);
        let request = Request::put(APPLICATIONS, JSON, body, "the deployment").changing_serve();
        let answer = self.send(&request).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Err(self.no_serve_api()),
            StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => {
                let who = self.dial().describe();
                let text = String::from_utf8_lossy(&answer.body);
                let message = cause(&text);
                Err(if is_of_an_actor(&text) {
                    Error::BrokeOff { who, message }
                } else {
                    Error::Rejected { who, message }
                })
            }
            _ => self.accept(&request, answer).map(drop),
        }
    }

    pub async fn shut_down(&mut self) -> Result<(), Error> {
        let request = Request::delete(APPLICATIONS, "the shutdown of Serve").changing_serve();
        let answer = self.send(&request).await?;
        self.accept(&request, answer).map(drop)
    }

    fn no_serve_api(&self) -> Error {
        Error::NoServeApi {
            who: self.dial().describe(),
        }
    }
}

/// Enough of an answer that is not Ray's to recognise who sent it.
fn start_of(body: &[u8]) -> String {
    const LENGTH: usize = 80;
    let text = clean(&String::from_utf8_lossy(body));
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return "nothing".to_owned();
    }
    match line.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}
