//! A Serve config as a user wrote it, checked for what is certainly wrong.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::yaml;

/// The name Ray gives an application that has none.
const DEFAULT_NAME: &str = "default";

#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    #[error("{0}")]
    Yaml(#[from] yaml::Error),
    #[error("it is not UTF-8 text")]
    NotText,
    #[error("it is empty")]
    Empty,
    #[error("it is {0} where a mapping with the key \"applications\" is expected")]
    NotAMapping(&'static str),
    #[error(
        "it is a Kubernetes {0}, not a Serve config: pass what is in its spec.serveConfigV2, or kubectl apply it"
    )]
    KubernetesObject(String),
    #[error(
        "it has no \"applications\"; a config with import_path at the top is Ray's old single-application format: move it into a list under \"applications\""
    )]
    SingleApplication,
    #[error("it has no \"applications\": to remove all of them use kubectl ray serve delete")]
    NoApplications,
    #[error("\"applications\" is {0} where a list is expected")]
    ApplicationsNotAList(&'static str),
    #[error("applications[{index}] is {kind} where a mapping is expected")]
    ApplicationNotAMapping { index: usize, kind: &'static str },
    #[error("applications[{index}].name is {kind} where text is expected")]
    NameNotText { index: usize, kind: &'static str },
    #[error("two applications are named \"{0}\"")]
    DuplicateName(String),
}

#[derive(Debug, Clone)]
pub struct ServeConfig {
    body: Value,
}

impl ServeConfig {
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(bytes).map_err(|_| Error::NotText)?;
        let body = yaml::parse(text)?;
        let top = match &body {
            Value::Object(top) => top,
            Value::Null => return Err(Error::Empty),
            other => return Err(Error::NotAMapping(kind(other))),
        };
        check(top)?;
        Ok(Self { body })
    }

    /// Each application with its name, in the order of the file.
    pub fn applications(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.body["applications"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|application| {
                (
                    application
                        .get("name")
                        .and_then(Value::as_str)
                        .unwrap_or(DEFAULT_NAME),
                    application,
                )
            })
    }

    /// The same, to be changed.
    pub fn applications_mut(&mut self) -> impl Iterator<Item = (String, &mut Value)> {
        let applications = self.body["applications"].as_array_mut();
        applications.into_iter().flatten().map(|application| {
            let name = application.get("name").and_then(Value::as_str);
            (name.unwrap_or(DEFAULT_NAME).to_owned(), application)
        })
    }

    pub fn to_json(&self) -> String {
        self.body.to_string()
    }
}

fn check(top: &Map<String, Value>) -> Result<(), Error> {
    let Some(applications) = top.get("applications") else {
        if let (Some(Value::String(kind)), true) = (top.get("kind"), top.contains_key("apiVersion"))
        {
            return Err(Error::KubernetesObject(kind.clone()));
        }
        return Err(if top.contains_key("import_path") {
            Error::SingleApplication
        } else {
            Error::NoApplications
        });
    };
    let Value::Array(applications) = applications else {
        return Err(Error::ApplicationsNotAList(kind(applications)));
    };
    let mut names = BTreeSet::new();
    for (index, application) in applications.iter().enumerate() {
        let Value::Object(fields) = application else {
            return Err(Error::ApplicationNotAMapping {
                index,
                kind: kind(application),
            });
        };
        let name = match fields.get("name") {
            None => DEFAULT_NAME,
            Some(Value::String(name)) => name,
            Some(other) => {
                return Err(Error::NameNotText {
                    index,
                    kind: kind(other),
                });
            }
        };
        if !names.insert(name) {
            return Err(Error::DuplicateName(name.to_owned()));
        }
    }
    Ok(())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_certainly_wrong_is_refused_in_a_sentence() {
        let cases = [
            ("", "it is empty"),
            ("# only a comment\n", "it is empty"),
            ("- a\n", "it is a list where a mapping"),
            ("applications.yaml\n", "it is text where a mapping"),
            ("import_path: a.b\n", "old single-application format"),
            ("http_options: {port: 1}\n", "it has no \"applications\""),
            (
                "apiVersion: ray.io/v1\nkind: RayService\n",
                "it is a Kubernetes RayService",
            ),
            (
                "applications: {a: {}}\n",
                "\"applications\" is a mapping where a list",
            ),
            ("applications:\n", "\"applications\" is empty where a list"),
            ("applications: [x]\n", "applications[0] is text"),
            (
                "applications: [{name: 3}]\n",
                "applications[0].name is a number",
            ),
            (
                "applications: [{name: a}, {name: a}]\n",
                "two applications are named \"a\"",
            ),
            (
                "applications: [{import_path: a.b}, {name: default}]\n",
                "two applications are named \"default\"",
            ),
            (
                "applications: []\n---\napplications: []\n",
                "2 YAML documents",
            ),
            (
                "applications:\n  - name: a\n   import_path: b\n",
                "line 3, column",
            ),
            (
                "applications: []\napplications: []\n",
                "duplicate mapping key",
            ),
        ];
        for (text, expected) in cases {
            let error = ServeConfig::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
        assert_eq!(
            ServeConfig::parse(b"\xff\xfe").unwrap_err().to_string(),
            "it is not UTF-8 text"
        );
    }

    #[test]
    fn json_yaml_anchors_and_merge_keys_give_the_same_body() {
        let expected = r#"{"applications":[{"name":"a","import_path":"m:x","runtime_env":{"env_vars":{"A":"1"}}}]}"#;
        let yaml =
            "applications:\n- name: a\n  import_path: m:x\n  runtime_env: {env_vars: {A: '1'}}\n";
        for text in [expected, yaml] {
            assert_eq!(
                ServeConfig::parse(text.as_bytes()).unwrap().to_json(),
                expected
            );
        }
        let shared = "applications:\n- &a {name: a, import_path: 'm:x', deployments: [{name: d, num_replicas: 1}]}\n- <<: *a\n  name: b\n";
        let config = ServeConfig::parse(shared.as_bytes()).unwrap();
        let applications: Vec<_> = config.applications().collect();
        assert_eq!(applications[1].0, "b");
        assert_eq!(
            applications[1].1["deployments"],
            applications[0].1["deployments"]
        );
    }
}
