//! Builds a config that changes some applications and keeps the others, because Ray accepts only
//! all at once.
//!
//! What is kept goes back as the very bytes Ray gave: no number loses a digit, no key its place.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::config::env_vars::{REDACTED, hides_variables};
use crate::config::{LOGGING, ServeConfig, with_logging};
use crate::state::details::DELETING;

const APPLICATIONS: &str = "applications";
const TARGET_CAPACITY: &str = "target_capacity";

#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    #[error(
        "application/{0} cannot be kept: the dashboard hides its environment variables ({REDACTED}), and sending that back would replace them"
    )]
    Redacted(String),
    #[error(
        "application/{0} cannot be kept: it was started from Python (serve.run), and this version of Ray removes such an application with every submit"
    )]
    NotDeclared(String),
    #[error("target_capacity {wanted} is for all applications, and {running} is what runs")]
    TargetCapacity { wanted: String, running: String },
    #[error("the dashboard's answer cannot be sent back: {0}")]
    Unreadable(serde_json::Error),
}

/// What runs and stays, as Ray gave it.
#[derive(Debug)]
pub struct Kept {
    applications: Vec<(String, Box<RawValue>)>,
    settings: Vec<(&'static str, Box<RawValue>)>,
}

#[derive(Deserialize)]
struct Running {
    #[serde(default)]
    applications: BTreeMap<String, Application>,
    proxy_location: Option<Box<RawValue>>,
    http_options: Option<Box<RawValue>>,
    grpc_options: Option<Box<RawValue>>,
    target_capacity: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Application {
    #[serde(default)]
    status: String,
    source: Option<String>,
    deployed_app_config: Option<Box<RawValue>>,
}

impl Kept {
    /// All of Ray's answer `raw` but the applications that are `touched`.
    pub fn read(raw: &[u8], touched: impl Fn(&str) -> bool) -> Result<Self, Error> {
        let running: Running = serde_json::from_slice(raw).map_err(Error::Unreadable)?;
        let mut applications = Vec::new();
        for (name, application) in running.applications {
            // A Serve config neither changes nor removes what serve.run started, where Ray tells it.
            let imperative = application.source.as_deref() == Some("imperative");
            if touched(&name) || imperative || application.status == DELETING {
                continue;
            }
            let Some(config) = application.deployed_app_config else {
                return Err(Error::NotDeclared(name));
            };
            if serde_json::from_str(config.get()).is_ok_and(|config| hides_variables(&config)) {
                return Err(Error::Redacted(name));
            }
            applications.push((name, config));
        }
        let settings = [
            ("proxy_location", running.proxy_location),
            ("http_options", running.http_options),
            ("grpc_options", running.grpc_options),
            (TARGET_CAPACITY, running.target_capacity),
        ];
        let settings = settings
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)));
        Ok(Self {
            applications,
            settings: settings.collect(),
        })
    }

    /// A Serve config of what is kept alone.
    pub fn body(&self) -> String {
        let mut fields: Vec<String> = self.settings().map(field).collect();
        let kept = self.applications.iter().map(|(_, config)| config.get());
        fields.push(field((APPLICATIONS, &list(kept))));
        format!("{{{}}}", fields.join(","))
    }

    /// A Serve config of the applications of `config` and of what is kept.
    ///
    /// Ray gives a `logging_config` at the top to every application without one of its own, also to
    /// those that are kept: it becomes one of the config's applications' own.
    pub fn body_with(&self, config: &ServeConfig) -> Result<String, Error> {
        let given: BTreeMap<&str, &Value> = config.settings().collect();
        if let Some(wanted) = given.get(TARGET_CAPACITY) {
            self.check_target_capacity(wanted)?;
        }
        let shared_logging = config
            .shared_logging()
            .filter(|_| !self.applications.is_empty());
        let mut fields: Vec<String> = self
            .settings()
            .filter(|(key, _)| !given.contains_key(key))
            .map(field)
            .collect();
        for (key, value) in config.settings() {
            if key != LOGGING || shared_logging.is_none() {
                fields.push(field((key, &value.to_string())));
            }
        }
        let applications: Vec<String> = config
            .applications()
            .map(|(_, application)| with_logging(application, shared_logging).to_string())
            .collect();
        let kept = self.applications.iter().map(|(_, config)| config.get());
        let all = applications.iter().map(String::as_str).chain(kept);
        fields.push(field((APPLICATIONS, &list(all))));
        Ok(format!("{{{}}}", fields.join(",")))
    }

    fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.settings.iter().map(|(key, value)| (*key, value.get()))
    }

    fn check_target_capacity(&self, wanted: &Value) -> Result<(), Error> {
        if self.applications.is_empty() {
            return Ok(());
        }
        let number = |text: &str| text.parse::<f64>().ok().map(f64::to_bits);
        let running = self.settings().find(|(key, _)| *key == TARGET_CAPACITY);
        let running = running.map_or("none", |(_, value)| value);
        let same = match wanted {
            Value::Null => running == "none",
            wanted => number(&wanted.to_string()) == number(running) && number(running).is_some(),
        };
        if same {
            return Ok(());
        }
        Err(Error::TargetCapacity {
            wanted: wanted.to_string(),
            running: running.to_owned(),
        })
    }
}

fn field((key, value): (&str, &str)) -> String {
    format!("{}:{value}", Value::from(key))
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parsed;

    /// Numbers that a float cannot hold, spaces, and an unusual order of keys.
    const KEPT: &str =
        r#"{"name": "kept",  "z": 1, "a": 123456789012345678901234567890, "b": 1.50, "e": 1e3}"#;

    fn running(application: &str, more: &str) -> String {
        format!(
            r#"{{"applications": {{"kept": {{"status": "RUNNING", "deployed_app_config": {application}}},
                "by_hand": {{"status": "RUNNING", "source": "imperative", "deployed_app_config": null}},
                "leaving": {{"status": "DELETING", "deployed_app_config": null}},
                "old": {{"status": "RUNNING", "deployed_app_config": {{"name": "old"}}}}}}{more}}}"#
        )
    }

    fn config(text: &str) -> ServeConfig {
        parsed(text)
    }

    fn read(raw: &str) -> Result<Kept, Error> {
        Kept::read(raw.as_bytes(), |name| name == "old")
    }

    #[test]
    fn what_is_kept_goes_back_byte_for_byte() {
        let raw = running(
            KEPT,
            r#", "http_options": {"port": 8000, "x": 1.0}, "proxy_location": "HeadOnly", "target_capacity": 50.0, "grpc_options": null"#,
        );
        let kept = read(&raw).unwrap();
        let top = r#"{"proxy_location":"HeadOnly","http_options":{"port": 8000, "x": 1.0},"target_capacity":50.0,"#;
        assert_eq!(kept.body(), format!(r#"{top}"applications":[{KEPT}]}}"#));
        let merged = kept.body_with(&config(
            "target_capacity: 50\napplications: [{name: old, n: 2}]",
        ));
        assert_eq!(
            merged.unwrap(),
            format!(
                r#"{{"proxy_location":"HeadOnly","http_options":{{"port": 8000, "x": 1.0}},"target_capacity":50,"applications":[{{"name":"old","n":2}},{KEPT}]}}"#
            )
        );
    }

    #[test]
    fn logging_at_the_top_stays_off_the_kept_applications() {
        let logging = config(
            "logging_config: {log_level: DEBUG}\napplications: [{name: a}, {name: b, logging_config: {log_level: INFO}}]",
        );
        assert_eq!(
            read(&running(KEPT, ""))
                .unwrap()
                .body_with(&logging)
                .unwrap(),
            format!(
                r#"{{"applications":[{{"name":"a","logging_config":{{"log_level":"DEBUG"}}}},{{"name":"b","logging_config":{{"log_level":"INFO"}}}},{KEPT}]}}"#
            )
        );
        let alone = Kept::read(b"{}", |_| false).unwrap();
        assert_eq!(alone.body_with(&logging).unwrap(), logging.to_json());
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        for (application, expected) in [
            ("null", "started from Python"),
            (
                r#"{"runtime_env": {"env_vars": {"TOKEN": "<redacted>"}}}"#,
                "hides its environment variables",
            ),
            (
                r#"{"deployments": [{"ray_actor_options": {"runtime_env": {"env_vars": {"A": "1", "B": "<redacted>"}}}}]}"#,
                "hides its environment variables",
            ),
        ] {
            let error = read(&running(application, "")).unwrap_err().to_string();
            assert!(
                error.starts_with("application/kept cannot be kept: ") && error.contains(expected),
                "{error}"
            );
        }
        // Only where Ray hides values; elsewhere it may be a user's text.
        assert!(read(&running(r#"{"user_config": {"a": "<redacted>"}}"#, "")).is_ok());
    }

    #[test]
    fn another_target_capacity_would_scale_what_is_kept() {
        for (running_one, wanted) in [("50.0", "40"), ("null", "40"), ("50.0", "null")] {
            let raw = running(KEPT, &format!(r#", "target_capacity": {running_one}"#));
            let config = config(&format!("target_capacity: {wanted}\napplications: []"));
            let error = read(&raw).unwrap().body_with(&config).unwrap_err();
            assert!(matches!(error, Error::TargetCapacity { .. }), "{error}");
        }
    }
}
