//! What a submit changes, application by application, as two texts to compare.

use std::collections::{BTreeMap, BTreeSet};

use ray_serve_client::change::plan::{Change, plan};
use ray_serve_client::config::ServeConfig;
use ray_serve_client::state::details::{DELETING, Details};
use serde_json::{Number, Value};

use crate::safe::visible_yaml;
use crate::userinfo::masked;

const ENV_VARS: &str = "env_vars";
/// What Ray answers instead of a value to clients it does not trust with it.
const REDACTED: &str = "<redacted>";
const MASK: &str = "***";

/// One application that is not left as it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    pub application: String,
    pub change: Change,
    /// YAML, empty where there is nothing.
    pub before: String,
    pub after: String,
}

/// `shows_env` shows what environment variables are set to, which may be secret.
pub fn differences(config: &ServeConfig, running: &Details, shows_env: bool) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (name, change) in plan(config, running) {
        let running_one = running.applications.get(&name);
        let is_leaving = running_one.is_some_and(|application| application.status == DELETING);
        if change == Change::Unchanged || (change == Change::Removed && is_leaving) {
            continue;
        }
        let mut before = running_one
            .filter(|_| change != Change::Created)
            .and_then(|application| application.deployed_app_config.clone());
        let mut after = config
            .applications()
            .find(|(wanted, _)| *wanted == name)
            .map(|(_, application)| application.clone());
        conceal(&mut before, &mut after, shows_env);
        if !shows_env {
            conceal_urls(&mut before, &mut after);
        }
        differences.push(Difference {
            application: name,
            change,
            before: text(before),
            after: text(after),
        });
    }
    differences
}

fn text(application: Option<Value>) -> String {
    application.map_or(String::new(), |application| {
        visible_yaml(&ordered(application))
    })
}

/// Keys in one order and numbers in one spelling on both sides: what is left is a difference.
fn ordered(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.into_iter().collect();
            // What a mapping is called comes first.
            fields.sort_by(|(left, _), (right, _)| {
                (left != "name", left).cmp(&(right != "name", right))
            });
            let fields = fields.into_iter().map(|(key, field)| (key, ordered(field)));
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.into_iter().map(ordered).collect(),
        Value::Number(number) => Value::Number(plain(number)),
        other => other,
    }
}

/// 1.0 as 1: to Ray they are the same.
fn plain(number: Number) -> Number {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT => {
            format!("{float:.0}")
                .parse::<i64>()
                .map_or(number, Number::from)
        }
        // Python writes 1e-07 where we write 1e-7.
        Some(float) if number.is_f64() => Number::from_f64(float).unwrap_or(number),
        _ => number,
    }
}

/// Masks what environment variables are set to as kubectl masks a Secret: not whether it changes.
fn conceal(before: &mut Option<Value>, after: &mut Option<Value>, shows_env: bool) {
    let mut collected = [BTreeMap::new(), BTreeMap::new()];
    for (side, values) in [&mut *before, &mut *after].into_iter().zip(&mut collected) {
        let Some(side) = side else { continue };
        for_each_variable(side, "", &mut |path, value| {
            values.insert(path.to_owned(), value.clone());
        });
    }
    let [old, new] = collected;
    for (side, others, when) in [(before, new, "before"), (after, old, "after")] {
        let Some(side) = side else { continue };
        for_each_variable(side, "", &mut |path, value| {
            let other = others.get(path);
            // What Ray hides is taken for unchanged: nobody can tell.
            let is_hidden = value == REDACTED || other.is_some_and(|other| other == REDACTED);
            if is_hidden || !shows_env {
                let changes = !is_hidden && other.is_some_and(|other| other != value);
                *value = if changes {
                    format!("{MASK} ({when})").into()
                } else {
                    MASK.into()
                };
            }
        });
    }
}

/// Masks users and passwords of URLs, such as those of package indexes, in the same way.
fn conceal_urls(before: &mut Option<Value>, after: &mut Option<Value>) {
    let mut texts = [BTreeSet::new(), BTreeSet::new()];
    for (side, texts) in [&mut *before, &mut *after].into_iter().zip(&mut texts) {
        for_each_text(side, &mut |text| {
            texts.insert(text.clone());
        });
    }
    let [old, new] = texts;
    for (side, others, when) in [(before, new, "before"), (after, old, "after")] {
        let is_new = !others.is_empty();
        for_each_text(side, &mut |text| {
            let masked: Vec<String> = text.split(' ').map(masked_url).collect();
            let masked = masked.join(" ");
            if masked == *text {
                return;
            }
            let changes = is_new && !others.contains(text);
            *text = if changes {
                format!("{masked} ({when})")
            } else {
                masked
            };
        });
    }
}

fn masked_url(word: &str) -> String {
    if word.contains("://") {
        masked(word)
    } else {
        word.to_owned()
    }
}

fn for_each_text<'a>(
    values: impl IntoIterator<Item = &'a mut Value>,
    visit: &mut dyn FnMut(&mut String),
) {
    for value in values {
        match value {
            Value::String(text) => visit(text),
            Value::Array(items) => for_each_text(items, visit),
            Value::Object(fields) => for_each_text(fields.values_mut(), visit),
            _ => {}
        }
    }
}

/// Calls `visit` with each environment variable, however deep, and a path that tells which it is.
fn for_each_variable(value: &mut Value, path: &str, visit: &mut dyn FnMut(&str, &mut Value)) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields.iter_mut() {
                let path = format!("{path}/{key}");
                match field {
                    Value::Object(variables) if key == ENV_VARS => {
                        for (name, value) in variables.iter_mut() {
                            visit(&format!("{path}/{name}"), value);
                        }
                    }
                    field => for_each_variable(field, &path, visit),
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                // Deployments belong together by name, other items by place.
                let path = match item.get("name") {
                    Some(name) => format!("{path}/{name}"),
                    None => format!("{path}/{index}"),
                };
                for_each_variable(item, &path, visit);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(deployed: &Value, wanted: &Value, shows_env: bool) -> (String, String) {
        let running =
            json!({"applications": {"a": {"status": "RUNNING", "deployed_app_config": deployed}}});
        let config = ServeConfig::new(json!({"applications": [wanted]})).unwrap();
        let running = serde_json::from_value(running).unwrap();
        let mut all = differences(&config, &running, shows_env);
        assert_eq!(all.len(), 1, "{all:?}");
        let one = all.remove(0);
        (one.before, one.after)
    }

    #[test]
    fn order_and_spelling_are_no_difference() {
        let (before, after) = one(
            &json!({"name": "a", "import_path": "m:x", "deployments": [{"num_cpus": 1.0, "name": "d"}], "x": 1}),
            &json!({"x": 2, "deployments": [{"name": "d", "num_cpus": 1}], "import_path": "m:x", "name": "a"}),
            false,
        );
        assert_eq!(
            before,
            "name: a\ndeployments:\n- name: d\n  num_cpus: 1\nimport_path: m:x\nx: 1\n"
        );
        assert_eq!(after, before.replace("x: 1\n", "x: 2\n"));
    }

    #[test]
    fn what_is_being_removed_already_is_no_difference() {
        let running = json!({"applications": {"a": {"status": "DELETING", "deployed_app_config": {"name": "a"}}}});
        let running = serde_json::from_value(running).unwrap();
        let config = ServeConfig::new(json!({"applications": []})).unwrap();
        assert_eq!(differences(&config, &running, false), []);
    }

    #[test]
    fn environment_variables_are_masked_and_their_change_is_not() {
        let env = |variables: Value| json!({"name": "a", "runtime_env": {"env_vars": variables}});
        let deployed =
            env(json!({"SAME": "s1", "CHANGED": "s2", "GONE": "s3", "HIDDEN": "<redacted>"}));
        let wanted = env(json!({"SAME": "s1", "CHANGED": "s4", "NEW": "s5", "HIDDEN": "s6"}));
        let (before, after) = one(&deployed, &wanted, false);
        let start = "name: a\nruntime_env:\n  env_vars:\n";
        assert_eq!(
            before,
            format!(
                "{start}    CHANGED: \"*** (before)\"\n    GONE: \"***\"\n    HIDDEN: \"***\"\n    SAME: \"***\"\n"
            )
        );
        assert_eq!(
            after,
            format!(
                "{start}    CHANGED: \"*** (after)\"\n    HIDDEN: \"***\"\n    NEW: \"***\"\n    SAME: \"***\"\n"
            )
        );
        let (before, after) = one(&deployed, &wanted, true);
        assert!(
            before.contains("s2") && after.contains("s5"),
            "{before}{after}"
        );
        assert!(before.contains("HIDDEN: \"***\"") && after.contains("HIDDEN: \"***\""));
    }

    #[test]
    fn passwords_of_urls_are_masked_and_their_change_is_not() {
        let with = |password: &str, same: &str| {
            let index = format!("--index-url=https://ada:{password}@pypi.example/simple");
            let database = format!("mongodb://ada:{same}@db.example/x");
            json!({"name": "a", "runtime_env": {"pip": [index, "a@b"]}, "args": {"db": database}})
        };
        let (before, after) = one(&with("pw1", "pw2"), &with("pw3", "pw2"), false);
        assert!(
            !format!("{before}{after}").contains("pw"),
            "{before}{after}"
        );
        assert!(
            before.contains("******@pypi.example/simple (before)"),
            "{before}"
        );
        assert!(
            after.contains("******@pypi.example/simple (after)"),
            "{after}"
        );
        assert!(
            before.contains("mongodb://******@db.example/x\n"),
            "{before}"
        );
        let (before, after) = one(&with("pw1", "pw2"), &with("pw3", "pw2"), true);
        assert!(before.contains("pw1") && after.contains("pw3"));
    }

    #[test]
    fn deployments_are_compared_by_name_and_masked_wherever_they_are() {
        let deployment = |name: &str, value: &str| json!({"name": name, "ray_actor_options": {"runtime_env": {"env_vars": {"K": value}}}});
        let app = |deployments: Value| json!({"name": "a", "deployments": deployments});
        let (before, after) = one(
            &app(json!([deployment("x", "s1"), deployment("y", "s2")])),
            &app(json!([
                deployment("y", "s2"),
                deployment("x", "s3"),
                deployment("z", "s4")
            ])),
            false,
        );
        for secret in ["s1", "s2", "s3", "s4"] {
            assert!(
                !before.contains(secret) && !after.contains(secret),
                "{before}{after}"
            );
        }
        assert_eq!(after.matches("\"*** (after)\"").count(), 1, "{after}");
    }
}
