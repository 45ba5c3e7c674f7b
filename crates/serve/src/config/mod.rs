//! A Serve config as a user wrote it: mappings enough to tell its applications apart. Whether Ray
//! can make something of it is for others to judge.

mod env_vars;
mod join;
pub mod merge;
pub mod running;

use serde_json::{Map, Value};
use thiserror::Error;

/// The key of a Serve config's applications.
pub const APPLICATIONS: &str = "applications";
/// What each application has.
pub const IMPORT_PATH: &str = "import_path";
/// The name Ray gives an application that has none.
pub const DEFAULT_NAME: &str = "default";
pub const LOGGING: &str = "logging_config";

/// `application` as it is with what Ray gives it from the top of its config.
pub fn with_logging(application: &Value, shared: Option<&Value>) -> Value {
    let mut application = application.clone();
    if let (Some(shared), Value::Object(fields)) = (shared, &mut application) {
        let own = fields.entry(LOGGING).or_insert(Value::Null);
        if own.is_null() {
            *own = shared.clone();
        }
    }
    application
}

#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    #[error("{0} where a mapping with the key \"applications\" is expected")]
    NotAMapping(&'static str),
    #[error("no \"applications\"")]
    NoApplications,
    #[error("\"applications\" is {0} where a list is expected")]
    ApplicationsNotAList(&'static str),
    #[error("applications[{index}] is {kind} where a mapping is expected")]
    ApplicationNotAMapping { index: usize, kind: &'static str },
    #[error("applications[{index}].name is {kind} where text is expected")]
    NameNotText { index: usize, kind: &'static str },
}

#[derive(Debug, Clone)]
pub struct ServeConfig {
    body: Value,
}

impl ServeConfig {
    pub fn new(body: Value) -> Result<Self, Error> {
        let top = body.as_object().ok_or(Error::NotAMapping(kind(&body)))?;
        check_applications(top)?;
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

    /// What Ray gives to every application that has none of its own.
    pub fn shared_logging(&self) -> Option<&Value> {
        self.body.get(LOGGING).filter(|logging| !logging.is_null())
    }

    /// Everything at the top that is not an application.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &Value)> {
        let top = self.body.as_object().into_iter().flatten();
        top.map(|(key, value)| (key.as_str(), value))
            .filter(|(key, _)| *key != "applications")
    }

    pub fn to_json(&self) -> String {
        self.body.to_string()
    }
}

fn check_applications(top: &Map<String, Value>) -> Result<(), Error> {
    let applications = match top.get("applications") {
        Some(Value::Array(applications)) => applications,
        Some(other) => return Err(Error::ApplicationsNotAList(kind(other))),
        None => return Err(Error::NoApplications),
    };
    for (index, application) in applications.iter().enumerate() {
        let Value::Object(fields) = application else {
            return Err(Error::ApplicationNotAMapping {
                index,
                kind: kind(application),
            });
        };
        if let Some(name) = fields.get("name").filter(|name| !name.is_string()) {
            return Err(Error::NameNotText {
                index,
                kind: kind(name),
            });
        }
    }
    Ok(())
}

/// What a value is, in a sentence.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

/// A config of a test, in JSON or a YAML that both kinds of readers agree on.
#[cfg(test)]
pub(crate) fn parsed(text: &str) -> ServeConfig {
    ServeConfig::new(serde_saphyr::from_str(text).unwrap()).unwrap()
}
