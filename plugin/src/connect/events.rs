//! Warning events of the cluster, as far as the user may read them.

use ray_serve_client::http::request::percent;
use serde::Deserialize;

use super::api::{Api, Scope};

/// The few fields of an Event that matter here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Event {
    pub reason: Option<String>,
    pub message: Option<String>,
    pub count: Option<u32>,
    involved_object: Involved,
    /// RFC 3339, so that texts sort by time. Reporters that use `events.k8s.io` set only
    /// `eventTime`.
    last_timestamp: Option<String>,
    #[serde(rename = "eventTime")]
    first_time: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Involved {
    uid: String,
}

impl Event {
    /// "message (Reason)"
    pub fn told(&self) -> String {
        let message = self.message.as_deref().unwrap_or_default();
        match &self.reason {
            Some(reason) => format!("{message} ({reason})"),
            None => message.to_owned(),
        }
    }

    fn time(&self) -> Option<&str> {
        self.last_timestamp
            .as_deref()
            .or(self.first_time.as_deref())
    }
}

/// The warnings about one object, latest first; none if the user may not list events.
///
/// `uid` excludes warnings about an earlier object of the same name.
pub async fn warnings(api: &Api, kind: &str, name: &str, uid: &str) -> Vec<Event> {
    let scope = Scope::Namespace(api.namespace().to_owned());
    let selector = format!("involvedObject.kind={kind},involvedObject.name={name},type=Warning");
    let path = scope.path("/api/v1", "events");
    let path = format!("{path}?fieldSelector={}", percent(&selector));
    let events = api.list(&format!("list events in {scope}"), &path).await;
    let mut events: Vec<Event> = events.unwrap_or_default();
    events.retain(|event| {
        let about = &event.involved_object.uid;
        uid.is_empty() || about.is_empty() || about == uid
    });
    events.sort_by(|one, other| other.time().cmp(&one.time()));
    events
}
