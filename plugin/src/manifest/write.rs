//! Writes documents as YAML, unchanged ones as they were, or as the JSON that kubectl prints.

use serde_json::{Value, json};

use super::{Document, is_list};
use crate::safe::visible_yaml;

const SEPARATOR: &str = "---\n";

/// Writes a document; one that was not changed keeps its text and its comments.
pub fn to_yaml(documents: &[Document]) -> String {
    let texts = documents.iter().map(|document| match &document.text {
        Some(text) => text.clone(),
        None => visible_yaml(&document.object),
    });
    texts.collect::<Vec<_>>().join(SEPARATOR)
}

/// The object or, for several, a List as kubectl prints it.
pub fn to_json(documents: Vec<Document>) -> String {
    let objects = documents.into_iter().map(|document| document.object);
    let mut objects: Vec<Value> = objects.filter(|object| !object.is_null()).collect();
    let document = if objects.len() == 1 {
        objects.remove(0)
    } else {
        let items: Vec<Value> = objects.into_iter().flat_map(flatten).collect();
        json!({ "apiVersion": "v1", "kind": "List", "items": items })
    };
    format!("{document:#}\n")
}

fn flatten(mut object: Value) -> Vec<Value> {
    if !is_list(&object) {
        return vec![object];
    }
    let Value::Array(items) = object["items"].take() else {
        return Vec::new();
    };
    items.into_iter().flat_map(flatten).collect()
}
