//! A Kubernetes event about an object of KubeRay's.

use serde::Deserialize;

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

    /// Whether it may be about the object of this uid, and not an earlier one of the same name.
    pub fn may_be_about(&self, uid: &str) -> bool {
        let about = &self.involved_object.uid;
        uid.is_empty() || about.is_empty() || about == uid
    }

    pub fn time(&self) -> Option<&str> {
        self.last_timestamp
            .as_deref()
            .or(self.first_time.as_deref())
    }
}
