//! A dashboard may hide the values of environment variables: sending them back would replace them.

use serde_json::Value;

/// What a dashboard writes in place of an environment variable's value.
pub(super) const REDACTED: &str = "<redacted>";

/// Whether any `env_vars` in it, the application's or a deployment's, are not what was submitted.
pub(super) fn hides_variables(config: &Value) -> bool {
    match config {
        Value::Object(fields) => fields.iter().any(|(key, value)| {
            let variables = (key == "env_vars").then(|| value.as_object()).flatten();
            variables.is_some_and(|variables| variables.values().any(|value| value == REDACTED))
                || hides_variables(value)
        }),
        Value::Array(items) => items.iter().any(hides_variables),
        _ => false,
    }
}
