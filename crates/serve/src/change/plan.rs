//! What a submit does to each application, in kubectl's words.

use std::fmt;

use serde_json::{Number, Value};

use crate::config::{ServeConfig, with_logging};
use crate::state::details::{DELETING, Details};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Created,
    Configured,
    Unchanged,
    Removed,
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Unchanged => "unchanged",
            Self::Removed => "removed",
        })
    }
}

/// The change of each application: those of the config in its order, then those it lacks.
pub fn plan(config: &ServeConfig, running: &Details) -> Vec<(String, Change)> {
    let logging = config.shared_logging();
    let mut plan: Vec<(String, Change)> = config
        .applications()
        .map(|(name, wanted)| {
            let existing = running
                .applications
                .get(name)
                .filter(|existing| existing.status != DELETING);
            let change = match existing.map(|existing| existing.deployed_app_config.as_ref()) {
                None => Change::Created,
                Some(Some(deployed)) if same(&with_logging(wanted, logging), deployed) => {
                    Change::Unchanged
                }
                Some(_) => Change::Configured,
            };
            (name.to_owned(), change)
        })
        .collect();
    for (name, existing) in &running.applications {
        let listed = config.applications().any(|(wanted, _)| wanted == name);
        if !listed && !existing.is_imperative() {
            plan.push((name.clone(), Change::Removed));
        }
    }
    plan
}

/// Equal to Ray, which reads `1` and `1.0` as the same number.
pub fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => same_number(left, right),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, left)| right.get(key).is_some_and(|right| same(left, right)))
        }
        _ => left == right,
    }
}

/// By value, as long as a float can tell the two apart.
fn same_number(left: &Number, right: &Number) -> bool {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let both_float = left.is_f64() && right.is_f64();
    left == right
        || matches!((left.as_f64(), right.as_f64()), (Some(left), Some(right)) if (both_float || left.abs() < EXACT) && left.to_bits() == right.to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parsed;
    use serde_json::json;

    fn running(value: &Value) -> Details {
        serde_json::from_value(json!({ "applications": value })).unwrap()
    }

    #[test]
    fn each_application_is_told_what_happens_to_it() {
        let config = parsed(
            "applications: [{name: new}, {name: same, n: 1.0}, {name: other, n: 2}, {name: leaving}]",
        );
        let running = running(&json!({
            "same": {"status": "RUNNING", "deployed_app_config": {"n": 1, "name": "same"}},
            "other": {"status": "RUNNING", "deployed_app_config": {"name": "other", "n": 1}},
            "leaving": {"status": "DELETING", "deployed_app_config": {"name": "leaving"}},
            "gone": {"status": "RUNNING", "source": "declarative"},
            "by_hand": {"status": "RUNNING", "source": "imperative"},
        }));
        let plan: Vec<String> = plan(&config, &running)
            .iter()
            .map(|(name, change)| format!("{name} {change}"))
            .collect();
        assert_eq!(
            plan,
            [
                "new created",
                "same unchanged",
                "other configured",
                "leaving created",
                "gone removed"
            ]
        );
    }

    /// Ray keeps it with each application, and gives it back so.
    #[test]
    fn logging_at_the_top_is_every_application_s() {
        let with = |top: &str| {
            let config =
                format!("{top}\napplications: [{{name: a}}, {{name: b, logging_config: {{}}}}]");
            let running = running(&json!({
                "a": {"deployed_app_config": {"name": "a", "logging_config": {"log_level": "DEBUG"}}},
                "b": {"deployed_app_config": {"name": "b", "logging_config": {}}},
            }));
            plan(&parsed(&config), &running)
                .iter()
                .map(|(_, change)| *change)
                .collect::<Vec<_>>()
        };
        let unchanged = Change::Unchanged;
        assert_eq!(
            with("logging_config: {log_level: DEBUG}"),
            [unchanged, unchanged]
        );
        assert_eq!(with(""), [Change::Configured, unchanged]);
    }

    #[test]
    fn large_integers_are_not_confused() {
        assert!(!same(
            &json!(9_007_199_254_740_993_u64),
            &json!(9_007_199_254_740_992.0)
        ));
        assert!(same(&json!(0), &json!(0.0)) && !same(&json!(1), &json!("1")));
        let number = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        // As Python writes a float and as we do.
        assert!(same(&number("1e+16"), &number("1e16")) && same(&number("1e-07"), &number("1e-7")));
        assert!(!same(
            &number("18446744073709551616"),
            &number("18446744073709551617")
        ));
    }
}
