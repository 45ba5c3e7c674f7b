//! Rebuilds the Serve config of what runs, from what Ray reports.
//!
//! An application's `deployed_app_config` is exactly what was submitted for it. The settings of the
//! whole instance are what came of them, defaults filled in, so those that say nothing are left out.

use serde_json::{Map, Value, json};

use crate::config::env_vars::{REDACTED, hides_variables};
use crate::state::details::{DELETING, Details};

/// Parts of a Serve config that Ray does not report.
const NOT_TOLD: &str = "logging_config, tracing_config and controller_options";
const PASSWORD: &str = "ssl_keyfile_password";

const KEEP_ALIVE: &str = "keep_alive_timeout_s";
const KEEP_ALIVE_DEFAULT: u64 = 90;
const KEEP_ALIVE_DEFAULT_BEFORE_TLS: u64 = 5;
/// Present if Ray's proxies support TLS.
const TLS_FIELD: &str = "ssl_keyfile";

#[derive(Debug)]
pub struct RunningConfig {
    pub config: Value,
    /// Limits of every rebuilt config.
    pub limits: String,
    /// What is missing in this one.
    pub missing: Vec<String>,
}

impl RunningConfig {
    /// Of the applications in `chosen`, from all that Ray answered.
    pub fn new(answer: &Value, chosen: &Details) -> Self {
        let mut config = settings(answer);
        let mut missing = Vec::new();
        if !answer["http_options"][PASSWORD].is_null() {
            missing.push(format!("http_options.{PASSWORD}, which is secret"));
        }
        let mut applications = Vec::new();
        for (name, application) in &chosen.applications {
            match &application.deployed_app_config {
                _ if application.status == DELETING => {
                    missing.push(format!("application/{name}, which is being deleted"));
                }
                Some(Value::Object(submitted)) if !application.is_imperative() => {
                    if hides_variables(&Value::Object(submitted.clone())) {
                        missing.push(format!(
                            "environment variables of application/{name}, for which Ray gives {REDACTED}"
                        ));
                    }
                    applications.push(Value::Object(submitted.clone()));
                }
                _ => missing.push(format!(
                    "application/{name}, which was started from Python (serve.run)"
                )),
            }
        }
        config.insert("applications".to_owned(), Value::Array(applications));
        Self {
            config: Value::Object(config),
            limits: format!("Ray does not tell {NOT_TOLD}: add them if you use them."),
            missing,
        }
    }
}

fn settings(answer: &Value) -> Map<String, Value> {
    let mut settings = Map::new();
    let location = &answer["proxy_location"];
    if !location.is_null() && location != "EveryNode" {
        settings.insert("proxy_location".to_owned(), location.clone());
    }
    let mut http = without_defaults(&answer["http_options"], &http_defaults());
    http.remove(PASSWORD);
    if http.get(KEEP_ALIVE) == Some(&keep_alive_default(&answer["http_options"])) {
        http.remove(KEEP_ALIVE);
    }
    let grpc = without_defaults(&answer["grpc_options"], &grpc_defaults());
    for (name, options) in [("http_options", http), ("grpc_options", grpc)] {
        if !options.is_empty() {
            settings.insert(name.to_owned(), Value::Object(options));
        }
    }
    let capacity = &answer["target_capacity"];
    if !capacity.is_null() {
        settings.insert("target_capacity".to_owned(), capacity.clone());
    }
    settings
}

/// Without `keep_alive_timeout_s`, whose default changed with Ray's versions.
fn http_defaults() -> Value {
    json!({"host": "0.0.0.0", "port": 8000, "root_path": ""})
}

fn grpc_defaults() -> Value {
    json!({"port": 9000, "grpc_servicer_functions": [], "enable_reflection": true})
}

fn keep_alive_default(http: &Value) -> Value {
    json!(if http.get(TLS_FIELD).is_some() {
        KEEP_ALIVE_DEFAULT
    } else {
        KEEP_ALIVE_DEFAULT_BEFORE_TLS
    })
}

/// A null is the default of every option that may be null.
fn without_defaults(options: &Value, defaults: &Value) -> Map<String, Value> {
    let options = options.as_object().into_iter().flatten();
    let kept =
        options.filter(|(name, value)| !value.is_null() && defaults.get(*name) != Some(*value));
    kept.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(answer: &Value) -> RunningConfig {
        let details: Details = serde_json::from_value(answer.clone()).unwrap();
        RunningConfig::new(answer, &details)
    }

    #[test]
    fn settings_that_say_nothing_are_left_out() {
        let ray_2_60 = json!({
            "proxy_location": "EveryNode",
            "http_options": {"host": "0.0.0.0", "port": 8000, "root_path": "", "request_timeout_s": null,
                "keep_alive_timeout_s": 90, "ssl_keyfile": null, "ssl_keyfile_password": null},
            "grpc_options": {"port": 9000, "grpc_servicer_functions": [], "request_timeout_s": null, "enable_reflection": true},
            "target_capacity": null,
            "applications": {},
        });
        assert_eq!(of(&ray_2_60).config, json!({"applications": []}));
        let ray_2_8 = json!({"http_options": {"keep_alive_timeout_s": 5}, "applications": {}});
        assert_eq!(of(&ray_2_8).config, json!({"applications": []}));
    }

    #[test]
    fn settings_that_were_chosen_are_kept() {
        let answer = json!({
            "proxy_location": "HeadOnly",
            "http_options": {"host": "127.0.0.1", "port": 8001, "keep_alive_timeout_s": 5, "ssl_keyfile": null, "new": 1},
            "grpc_options": {"port": 9000, "grpc_servicer_functions": ["a.add"], "enable_reflection": false},
            "target_capacity": 50.0,
            "applications": {},
        });
        assert_eq!(
            of(&answer).config,
            json!({
                "proxy_location": "HeadOnly",
                "http_options": {"host": "127.0.0.1", "port": 8001, "keep_alive_timeout_s": 5, "new": 1},
                "grpc_options": {"grpc_servicer_functions": ["a.add"], "enable_reflection": false},
                "target_capacity": 50.0,
                "applications": [],
            })
        );
    }

    #[test]
    fn what_cannot_be_submitted_again_is_named_and_no_secret_is() {
        let hidden = json!({"name": "hidden", "import_path": "m:a", "deployments": [
            {"name": "d", "ray_actor_options": {"runtime_env": {"env_vars": {"TOKEN": "<redacted>"}}}}]});
        let running = of(&json!({
            "http_options": {"ssl_keyfile": "/k", "ssl_keyfile_password": "s3cret"},
            "applications": {
                "by_hand": {"status": "RUNNING", "source": "imperative", "deployed_app_config": null},
                "hidden": {"status": "RUNNING", "deployed_app_config": hidden},
                "leaving": {"status": "DELETING", "deployed_app_config": {"name": "leaving"}},
            },
        }));
        assert_eq!(
            running.config,
            json!({"http_options": {"ssl_keyfile": "/k"}, "applications": [hidden]})
        );
        assert_eq!(
            running.missing,
            [
                "http_options.ssl_keyfile_password, which is secret",
                "application/by_hand, which was started from Python (serve.run)",
                "environment variables of application/hidden, for which Ray gives <redacted>",
                "application/leaving, which is being deleted",
            ]
        );
    }
}
