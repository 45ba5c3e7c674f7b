//! Reads a file of manifests, in YAML or JSON, and keeps the text of each document.

use serde_json::Value;
use thiserror::Error;

use super::Document;
use crate::yaml::{self, go_yaml};

#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    #[error("{0}")]
    Yaml(#[from] yaml::Error),
    #[error("it is not UTF-8 text")]
    NotText,
    #[error("{0} is found where a Kubernetes object is expected")]
    NotAnObject(&'static str),
}

/// Reads the documents of a file, in YAML or JSON.
pub fn read(bytes: &[u8]) -> Result<Vec<Document>, Error> {
    let text = str::from_utf8(bytes).map_err(|_| Error::NotText)?;
    let documents: Vec<_> = match json(text) {
        Some(objects) => objects.into_iter().map(without_text).collect(),
        None => go_yaml::documents(text)?
            .into_iter()
            .filter(|document| document.has_comments || !document.value.is_null())
            .map(|document| Document {
                text: block(document.text, &document.value),
                object: document.value,
                has_comments: document.has_comments,
            })
            .collect(),
    };
    documents.into_iter().map(check).collect()
}

/// Reads a stream of JSON values, which kubectl accepts too. None if the text is not JSON: flow
/// YAML starts like JSON.
fn json(text: &str) -> Option<Vec<Value>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.trim_start().starts_with('{').then_some(())?;
    serde_json::Deserializer::from_str(text)
        .into_iter()
        .map(|value| go_yaml::of_json(value.ok()?))
        .collect()
}

fn without_text(object: Value) -> Document {
    Document {
        object,
        text: None,
        has_comments: false,
    }
}

/// The document's text with a final line break, if it can stand between other documents.
fn block(text: &str, value: &Value) -> Option<String> {
    // kubectl reads a file that starts with `{` as JSON to its end.
    if text.trim_start().starts_with('{') {
        return None;
    }
    if text.ends_with('\n') {
        return Some(text.to_owned());
    }
    // A last line of blanks may belong to a block scalar, which a line break would change.
    let ended = format!("{text}\n");
    let read = go_yaml::documents(&ended).ok()?;
    matches!(&read[..], [same] if same.value == *value).then_some(ended)
}

fn check(document: Document) -> Result<Document, Error> {
    match &document.object {
        Value::Object(_) | Value::Null => Ok(document),
        Value::Bool(_) => Err(Error::NotAnObject("a boolean")),
        Value::Number(_) => Err(Error::NotAnObject("a number")),
        Value::String(_) => Err(Error::NotAnObject("text")),
        Value::Array(_) => Err(Error::NotAnObject("a list")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::manifest::to_yaml;

    fn objects(text: &str) -> Vec<Value> {
        let documents = read(text.as_bytes()).unwrap();
        documents
            .into_iter()
            .map(|document| document.object)
            .collect()
    }

    #[test]
    fn json_values_may_follow_each_other_and_flow_yaml_is_no_json() {
        assert_eq!(
            objects("{\"a\": 1}\n\t{\"b\": \"\\/\"}"),
            [json!({"a": 1}), json!({"b": "/"})]
        );
        assert_eq!(
            objects("{a: yes}\n---\nb: 2\n"),
            [json!({"a": true}), json!({"b": 2})]
        );
    }

    #[test]
    fn numbers_of_json_are_those_of_yaml() {
        let json =
            "{\"a\": [1E5, 2.10, 18446744073709551616, 18446744073709551615, -0, -0.0, 1e-7]}";
        let yaml = json.replacen('{', "{ # not JSON\n", 1);
        assert_eq!(objects(json), objects(&yaml.replace("1e-7", "1.0e-7")));
        assert_eq!(objects("{\"a\": 1E400}"), [json!({"a": "1E400"})]);
    }

    #[test]
    fn only_what_stands_on_its_own_keeps_its_text() {
        let texts = |text: &str| -> Vec<Option<String>> {
            let documents = read(text.as_bytes()).unwrap();
            documents
                .into_iter()
                .map(|document| document.text)
                .collect()
        };
        assert_eq!(
            texts("---\n# c\na: 1\n---\n \n---\n{a: 1}\n---\n# only this\n"),
            [
                Some("# c\na: 1\n".to_owned()),
                None,
                Some("# only this\n".to_owned())
            ]
        );
        assert_eq!(texts("{\"a\": 1}"), [None]);
        assert_eq!(
            texts("--- ---\t# c\na: 1\n--- ---\n# d\n"),
            [Some("# c\na: 1\n".to_owned()), Some("# d\n".to_owned())]
        );
    }

    #[test]
    fn a_line_break_at_the_end_adds_nothing_to_a_value() {
        for text in ["a: |+\n x\n  ", "# c\na:\n - |+\n      \n  "] {
            let documents = read(text.as_bytes()).unwrap();
            let printed = to_yaml(&documents);
            assert_eq!(
                objects(&printed),
                [documents[0].object.clone()],
                "{printed:?}"
            );
        }
        let kept = read(b"# c\na: |\n x").unwrap().remove(0).text;
        assert_eq!(kept.as_deref(), Some("# c\na: |\n x\n"));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for (bytes, said) in [
            (&b"a\n"[..], "text is found where"),
            (b"- a\n", "a list is found where"),
            (b"a: 1\n---\n3\n", "a number is found where"),
            (b"\xff\xfea", "it is not UTF-8 text"),
            (b"{\"a\": 1", "line 1"),
        ] {
            let error = read(bytes).unwrap_err().to_string();
            assert!(error.starts_with(said), "{error}");
        }
    }
}
