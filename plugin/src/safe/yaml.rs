//! YAML whose strings show every character.

use ray_serve_client::text::is_harmless;
use serde_json::{Map, Value};

use crate::yaml;

/// A control character, which the YAML writer escapes, and its escape.
const BEGINS_MARK: &str = "\u{1}";
const ESCAPED_MARK: &str = "\\x01";

/// `value` as a document that every YAML reader reads back as `value`, without invisible
/// characters.
pub fn visible_yaml(value: &Value) -> String {
    let text = yaml::to_string(value);
    if text
        .chars()
        .all(|character| character == '\n' || is_harmless(character))
    {
        return text;
    }
    // The writer cannot escape most of them. It gets marks instead, which do not occur in the
    // document and force quotes around the text.
    let mut number = 0;
    while text.contains(&mark(ESCAPED_MARK, number)) || text.contains(&mark(BEGINS_MARK, number)) {
        number += 1;
    }
    let marked = yaml::to_string(&each_text(value, &|text| marked(text, number)));
    let mark = mark(ESCAPED_MARK, number);
    let mut pieces = marked.split(mark.as_str());
    let mut visible = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (code, rest) = piece.split_once(';').unwrap_or_default();
        visible.push_str(&format!(
            "\\{}{code}",
            if code.len() > 4 { 'U' } else { 'u' }
        ));
        visible.push_str(rest);
    }
    visible
}

fn mark(begin: &str, number: usize) -> String {
    format!("{begin}mark{number}:")
}

fn marked(text: &str, number: usize) -> String {
    let mut marked = String::new();
    for character in text.chars() {
        if character.is_control() || is_harmless(character) {
            marked.push(character);
            continue;
        }
        let code = u32::from(character);
        let code = if code > 0xffff {
            format!("{code:08x}")
        } else {
            format!("{code:04x}")
        };
        marked.push_str(&mark(BEGINS_MARK, number));
        marked.push_str(&code);
        marked.push(';');
    }
    marked
}

/// `value` with `change` applied to its texts and keys.
fn each_text(value: &Value, change: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => change(text).into(),
        Value::Array(items) => items.iter().map(|item| each_text(item, change)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields = fields.map(|(key, value)| (change(key), each_text(value, change)));
            fields.collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_document_is_the_same_and_all_of_it_is_seen() {
        let hostile = "a\u{202e}b\u{200b}\u{e0041}\u{feff}\u{2028}\u{9b}\u{1b}\u{1}";
        let document = json!({
            "plain": "pay", hostile: [hostile, format!("two\nlines {hostile}\n"), 1, null, true],
            "\u{200b}": {"like marks": "\\x01mark0:202e; \u{1}mark0:202e; mark1: \u{202e}"},
            "long": format!("{} \u{202e} {}", "word ".repeat(50), "word ".repeat(50)),
        });
        let visible = visible_yaml(&document);
        assert!(
            visible.chars().all(|c| c == '\n' || is_harmless(c)),
            "{visible}"
        );
        assert_eq!(yaml::parse(&visible).unwrap(), document, "{visible}");
        assert!(visible.contains("plain: pay\n") && visible.contains(r"\u202eb\u200b"));
        assert!(visible.contains(r"\U000e0041"));
    }

    #[test]
    fn a_document_that_shows_all_is_written_as_ever() {
        let document = json!({"a": "größer", "b": "two\nlines\n", "c": "\\x01"});
        assert_eq!(visible_yaml(&document), yaml::to_string(&document));
    }
}
