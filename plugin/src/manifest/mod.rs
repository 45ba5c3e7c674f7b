//! Kubernetes manifests: read as kubectl reads them, written so that it reads the same again.

pub mod placeholders;
mod read;
mod write;

use ray_serve_inject::{Outcome, Reason, Review};
use serde_json::Value;

pub use read::{Error, read};
pub use write::{to_json, to_yaml};

/// One document of a manifest file.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// A mapping, or null where the document is nothing but comments.
    pub object: Value,
    /// How it was written, as long as it can be written so again.
    pub text: Option<String>,
    pub has_comments: bool,
}

impl Document {
    /// Calls `visit` on the object or, where it is a list such as `kind: List`, on each of its items.
    pub fn for_each_object(&mut self, visit: &mut impl FnMut(&mut Value)) {
        if !self.object.is_null() {
            for_each(&mut self.object, visit);
        }
    }

    /// Does to each object what the webhook does at its creation, and tells of it. Returns whether
    /// any was changed: then the document is written anew.
    pub fn inject(&mut self, tell: &mut impl FnMut(&Value, &Outcome)) -> bool {
        let mut injected = false;
        self.for_each_object(&mut |object| {
            let outcome = ray_serve_inject::inject(&Review::create(object));
            tell(object, &outcome);
            outcome.apply(object);
            injected |= outcome.reason == Reason::Injected;
        });
        if injected {
            self.text = None;
        }
        injected
    }
}

fn for_each(object: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    if !is_list(object) {
        visit(object);
        return;
    }
    for item in object["items"].as_array_mut().into_iter().flatten() {
        for_each(item, visit);
    }
}

fn is_list(object: &Value) -> bool {
    object["kind"]
        .as_str()
        .is_some_and(|kind| kind.ends_with("List"))
        && object["items"].is_array()
}

/// `kind/name` as kubectl reports on objects.
pub fn name(object: &Value) -> String {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let kind =
        text(&object["kind"]).map_or_else(|| "object".to_owned(), |kind| kind.to_lowercase());
    let metadata = &object["metadata"];
    let name = text(&metadata["name"])
        .or_else(|| text(&metadata["generateName"]))
        .unwrap_or_else(|| "<unnamed>".to_owned());
    format!("{kind}/{name}")
}
