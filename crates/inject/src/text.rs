//! Found values as a warning shows them.

use serde_json::Value;

use crate::warning::{Plain, Quoted};

/// What was found where something else is expected: a short value itself, or its kind.
pub(crate) fn found(value: &Value) -> String {
    match value {
        Value::String(text) => Quoted(text).to_string(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Plain(&value.to_string()).to_string(),
    }
}
