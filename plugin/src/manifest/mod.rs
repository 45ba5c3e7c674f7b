//! Kubernetes manifests: read as kubectl reads them, written so that it reads the same again.

mod advice;
pub mod neighbours;
mod nested;
pub mod placeholders;
mod read;
mod server_fields;
mod write;

use ray_serve_inject::{Outcome, Reason, Review, inject};
use serde_json::Value;

pub use advice::advice;
pub use nested::as_text;
pub use read::{Error, read};
pub use write::{to_json, to_yaml};

/// One document of a manifest file.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// A mapping, or null if the document has only comments.
    pub object: Value,
    /// Its text, as long as that can be written again.
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

    /// Does to each object what the webhook does at its creation, and reports it. Returns whether
    /// any object changed; the document is then written from its value and loses its comments.
    pub fn inject(&mut self, tell: &mut impl FnMut(Visited<'_>, &Outcome)) -> bool {
        let mut injected = false;
        self.for_each_object(&mut |object| {
            let holder = name(object);
            let holds_clusters = object["kind"] != "RayCluster"
                && nested::for_each(object, &mut |nested| {
                    injected |= inject_one(nested, Some(&holder), false, tell);
                });
            injected |= inject_one(object, None, holds_clusters, tell);
        });
        if injected {
            self.text = None;
        }
        injected
    }
}

/// An object and where it was found.
#[derive(Clone, Copy)]
pub struct Visited<'a> {
    pub object: &'a Value,
    /// The object that contains it.
    pub holder: Option<&'a str>,
    /// Whether it contains `RayCluster`s.
    pub holds_clusters: bool,
}

fn inject_one(
    object: &mut Value,
    holder: Option<&str>,
    holds_clusters: bool,
    tell: &mut impl FnMut(Visited<'_>, &Outcome),
) -> bool {
    let outcome = inject(&Review::create(object));
    let visited = Visited {
        object,
        holder,
        holds_clusters,
    };
    tell(visited, &outcome);
    let injected = outcome.reason == Reason::Injected;
    if injected {
        outcome.apply(object);
        server_fields::remove(object);
    }
    injected
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

/// `kind/name`, as kubectl prints objects.
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
