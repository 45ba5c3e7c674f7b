//! JSON whose strings show every character.

use ray_serve_client::text::is_harmless;

/// Escapes each harmful character of `json`. It stays the same document, since such characters
/// occur only in strings.
pub fn visible_json(json: &str) -> String {
    let mut visible = String::with_capacity(json.len());
    for character in json.chars() {
        if character == '\n' || is_harmless(character) {
            visible.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            visible.push_str(&format!("\\u{unit:04x}"));
        }
    }
    visible
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn the_document_is_the_same_and_all_of_it_is_seen() {
        let all: String = ('\0'..=char::MAX).collect();
        let document = json!({"a\u{202e}b": ["\u{7f}\u{9b}31m", "größer 🍋 \\\"", all]});
        let visible = visible_json(&format!("{document:#}"));
        assert!(visible.chars().all(|c| c == '\n' || is_harmless(c)));
        assert_eq!(serde_json::from_str::<Value>(&visible).unwrap(), document);
        assert!(visible.contains(r#""a\u202eb""#) && visible.contains(r#""\u007f\u009b31m""#));
        assert!(visible.contains(r"\udb40\udc01") && visible.contains("größer 🍋"));
    }
}
