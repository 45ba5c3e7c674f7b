//! Tells whether what runs is what was sent, or what another user sent at the same time.
//!
//! Ray has no lock and no version to compare: a submit that read before another one wrote undoes it
//! in silence. The one who was undone can only see it afterwards.

use serde_json::{Map, Value};

use crate::config::ServeConfig;
use crate::state::details::{Application, DELETING, Details};

/// What runs once a config has arrived.
#[derive(Debug, Default)]
pub struct Expected {
    applications: Vec<(String, Value)>,
    gone: Vec<String>,
    /// Whether applications that are not mentioned contradict it.
    alone: bool,
}

impl Expected {
    pub fn all_of(config: &ServeConfig) -> Self {
        Self {
            alone: true,
            ..Self::at_least(config)
        }
    }

    pub fn at_least(config: &ServeConfig) -> Self {
        let applications = config
            .applications()
            .map(|(name, application)| (name.to_owned(), application.clone()));
        Self {
            applications: applications.collect(),
            ..Self::default()
        }
    }

    pub fn without(names: &[String]) -> Self {
        Self {
            gone: names.to_vec(),
            ..Self::default()
        }
    }

    /// The first difference, worded as another user's change.
    pub fn difference(&self, details: &Details) -> Option<String> {
        let stays = |name: &str| {
            details
                .applications
                .get(name)
                .filter(|application| application.status != DELETING)
        };
        for (name, sent) in &self.applications {
            let Some(application) = stays(name) else {
                return Some(format!("application/{name} is not there"));
            };
            if is_other(application, sent) {
                return Some(format!("application/{name} has another config"));
            }
        }
        if let Some(name) = self.gone.iter().find(|name| stays(name).is_some()) {
            return Some(format!("application/{name} is there again"));
        }
        let unexpected = details.applications.iter().find(|(name, application)| {
            self.alone
                && application.status != DELETING
                && !application.is_imperative()
                && application.deployed_app_config.is_some()
                && !self.applications.iter().any(|(sent, _)| sent == *name)
        });
        unexpected.map(|(name, _)| format!("application/{name} is there as well"))
    }
}

/// Whether an application's config is certainly not the one that was sent.
pub fn is_other(application: &Application, sent: &Value) -> bool {
    application
        .deployed_app_config
        .as_ref()
        .is_some_and(|deployed| contradicts(sent, deployed))
}

/// Whether the two are certainly not the same config.
///
/// Not whether they are equal: Ray drops fields it does not know, fills in what it gave a default,
/// and turns "3" into 3. An edit changes a text, a number or the length of a list.
fn contradicts(sent: &Value, deployed: &Value) -> bool {
    match (sent, deployed) {
        (Value::Object(sent), Value::Object(deployed)) => objects_contradict(sent, deployed),
        (Value::Array(sent), Value::Array(deployed)) => lists_contradict(sent, deployed),
        (Value::String(sent), Value::String(deployed)) => !sent.eq_ignore_ascii_case(deployed),
        (Value::Bool(sent), Value::Bool(deployed)) => sent != deployed,
        // A float where Ray wants an integer is cut off by some of its versions.
        (Value::Number(sent), Value::Number(deployed)) => {
            matches!((sent.as_f64(), deployed.as_f64()), (Some(sent), Some(deployed)) if (sent - deployed).abs() >= 1.0)
        }
        _ => false,
    }
}

fn lists_contradict(sent: &[Value], deployed: &[Value]) -> bool {
    sent.len() != deployed.len()
        || sent
            .iter()
            .zip(deployed)
            .any(|(sent, deployed)| contradicts(sent, deployed))
}

fn objects_contradict(sent: &Map<String, Value>, deployed: &Map<String, Value>) -> bool {
    sent.iter().any(|(key, sent)| {
        let Some(of_ray) = deployed.get(key) else {
            return false;
        };
        match (key.as_str(), sent, of_ray) {
            // Ray rewrites levels and encodings in it.
            ("logging_config", ..) => false,
            ("py_modules", Value::Array(sent), Value::Array(of_ray)) => {
                modules_contradict(sent, of_ray, deployed.get("working_dir"))
            }
            _ => contradicts(sent, of_ray),
        }
    })
}

/// Ray 2.8 adds the working directory to the modules of the config that it keeps, once for each
/// process that uses it.
fn modules_contradict(sent: &[Value], deployed: &[Value], working_dir: Option<&Value>) -> bool {
    let (own, added) = deployed.split_at(sent.len().min(deployed.len()));
    lists_contradict(sent, own) || added.iter().any(|module| Some(module) != working_dir)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parsed;
    use serde_json::json;

    fn details(applications: &Value) -> Details {
        serde_json::from_value(json!({ "applications": applications })).unwrap()
    }

    fn config() -> ServeConfig {
        parsed(
            "applications: [{name: a, import_path: 'm:x', num: '3', odd: 1, n: 1.5, deployments: [{name: D}]}]",
        )
    }

    #[test]
    fn ray_may_add_the_working_directory_to_the_modules() {
        let sent = json!({"working_dir": "gcs://w.zip", "py_modules": ["gcs://m.zip"]});
        let deployed =
            |modules: Value| json!({"working_dir": "gcs://w.zip", "py_modules": modules});
        for (modules, is_other) in [
            (json!(["gcs://m.zip"]), false),
            (json!(["gcs://m.zip", "gcs://w.zip", "gcs://w.zip"]), false),
            (json!(["gcs://m.zip", "gcs://n.zip"]), true),
            (json!(["gcs://n.zip", "gcs://w.zip"]), true),
            (json!([]), true),
        ] {
            assert_eq!(
                contradicts(&sent, &deployed(modules.clone())),
                is_other,
                "{modules}"
            );
        }
    }

    #[test]
    fn what_ray_makes_of_a_config_is_still_that_config() {
        let a = json!({"status": "DEPLOYING", "deployed_app_config": {
            "name": "a", "import_path": "m:x", "num": 3, "n": 1, "logging_config": {}, "deployments": [{"name": "D"}]}});
        assert_eq!(
            Expected::all_of(&config()).difference(&details(&json!({ "a": a }))),
            None
        );
    }

    #[test]
    fn somebody_else_s_config_is_recognised() {
        let app = |config: &Value| json!({"status": "RUNNING", "deployed_app_config": config});
        let ours = app(&json!({"import_path": "m:x"}));
        let cases = [
            (json!({}), "application/a is not there"),
            (
                json!({"a": {"status": "DELETING"}}),
                "application/a is not there",
            ),
            (
                json!({"a": app(&json!({"import_path": "m:y"}))}),
                "application/a has another config",
            ),
            (
                json!({"a": app(&json!({"deployments": []}))}),
                "application/a has another config",
            ),
            (
                json!({"a": app(&json!({"n": 9}))}),
                "application/a has another config",
            ),
            (
                json!({"a": ours, "b": app(&json!({}))}),
                "application/b is there as well",
            ),
        ];
        for (state, expected) in cases {
            let found = Expected::all_of(&config()).difference(&details(&state));
            assert_eq!(found.as_deref(), Some(expected));
        }
        let with_more = details(&json!({"a": ours, "b": app(&json!({}))}));
        assert_eq!(Expected::at_least(&config()).difference(&with_more), None);
        let gone = Expected::without(&["b".to_owned()]);
        assert_eq!(
            gone.difference(&with_more).as_deref(),
            Some("application/b is there again")
        );
        let leaving = details(&json!({"b": {"status": "DELETING"}}));
        assert_eq!(gone.difference(&leaving), None);
    }
}
