//! Values of `rayStartParams`, which the API server wants as text, and which YAML without quotes makes
//! something else of.

use std::borrow::Cow;

use serde_json::Value;

/// A value of `rayStartParams` as the text it means: a number or boolean without quotes is what its
/// author would have put in quotes. None for null, which is as good as absent, and for what has no
/// text.
pub fn meant(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(yes) => Some(Cow::Borrowed(if *yes { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_without_quotes_is_the_text_it_means() {
        for (value, text) in [
            (json!("8265"), Some("8265")),
            (json!(8265), Some("8265")),
            (json!(0.5), Some("0.5")),
            (json!(true), Some("true")),
            (json!(false), Some("false")),
            (json!(null), None),
            (json!([8265]), None),
            (json!({}), None),
        ] {
            assert_eq!(meant(&value).as_deref(), text, "{value}");
        }
    }
}
