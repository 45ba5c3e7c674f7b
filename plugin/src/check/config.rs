//! Why a text is no Serve config: what stands in its place, and what its writer meant.

use ray_serve_client::ServeConfig;
use ray_serve_client::config::{self, APPLICATIONS, IMPORT_PATH, kind};
use serde_json::{Map, Value};
use thiserror::Error;

use super::likeness::{applications_key, are_applications};
use super::schema::{self, Object};
use crate::yaml;
use crate::yaml::positions::Step;

#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    #[error("{0}")]
    Yaml(#[from] yaml::Error),
    #[error("not UTF-8 text")]
    NotText,
    #[error("empty where a Serve config is expected")]
    Empty,
    #[error("{0} where a mapping with the key \"applications\" is expected")]
    NotAMapping(&'static str),
    #[error("a list of applications where a mapping is expected: write \"applications:\" above it")]
    ListOfApplications,
    #[error("a Kubernetes {0}, not a Serve config")]
    KubernetesObject(String),
    /// What is wrong with the Kubernetes object that should hold the config.
    #[error("{0}")]
    Holder(String),
    #[error(
        "no \"applications\": a config with import_path at the top is Ray's old single-application format; move it into a list under \"applications\""
    )]
    SingleApplication,
    #[error("no \"applications\", but \"{0}\": did you mean \"applications\"?")]
    Misspelt(String),
    #[error("no \"applications\": the command delete is what removes all of them")]
    NoApplications,
    #[error("no \"applications\" where a Serve config is expected{0}")]
    Another(String),
    #[error(transparent)]
    Shape(#[from] config::Error),
}

impl Error {
    /// The field that is wrong, where it is one.
    pub fn field(&self) -> Option<Step> {
        let name = match self {
            Self::Misspelt(name) => name,
            Self::SingleApplication => IMPORT_PATH,
            _ => return None,
        };
        Some(Step::Key(name.to_owned()))
    }
}

/// The config that `body` is.
pub fn config(body: Value) -> Result<ServeConfig, Error> {
    top(&body)?;
    Ok(ServeConfig::new(body)?)
}

/// The config's own fields, if it is one.
pub fn top(body: &Value) -> Result<&Map<String, Value>, Error> {
    let top = match body {
        Value::Object(top) => top,
        Value::Null => return Err(Error::Empty),
        Value::Array(items) if are_applications(items) => return Err(Error::ListOfApplications),
        other => return Err(Error::NotAMapping(kind(other))),
    };
    if top.contains_key(APPLICATIONS) {
        return Ok(top);
    }
    Err(match top.get("kind") {
        Some(Value::String(kind)) if top.contains_key("apiVersion") => {
            Error::KubernetesObject(kind.clone())
        }
        _ => without_applications(top),
    })
}

/// What is said of a mapping without the one key that every Serve config has.
fn without_applications(top: &Map<String, Value>) -> Error {
    let is_another = |name: &&String| schema::field(Object::Config, name).is_none();
    if let Some(found) = applications_key(top) {
        Error::Misspelt(found.to_owned())
    } else if top.contains_key(IMPORT_PATH) {
        Error::SingleApplication
    } else if let Some(another) = top.keys().find(is_another) {
        Error::Another(format!(", and \"{another}\" is not a field of one"))
    } else if top.is_empty() {
        Error::Another(String::new())
    } else {
        // It says how Serve runs, and of applications that there are none.
        Error::NoApplications
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<ServeConfig, Error> {
        let text = std::str::from_utf8(bytes).map_err(|_| Error::NotText)?;
        config(yaml::parse(text)?)
    }

    #[test]
    fn what_is_certainly_wrong_is_refused_in_a_sentence() {
        let cases = [
            ("", "empty where"),
            ("# only a comment\n", "empty where"),
            ("- a\n", "a list where a mapping"),
            ("applications.yaml\n", "text where a mapping"),
            ("import_path: a.b\n", "old single-application format"),
            (
                "http_options: {port: 1}\n",
                "no \"applications\": the command delete",
            ),
            ("{}\n", "no \"applications\" where"),
            ("name: x\nversion: 1\n", "\"name\" is not a field of one"),
            (
                "application: [{import_path: 'm:x'}]\n",
                "but \"application\": did you mean \"applications\"?",
            ),
            (
                "- {name: a, import_path: 'm:x'}\n",
                "write \"applications:\" above it",
            ),
            (
                "apiVersion: ray.io/v1\nkind: RayService\n",
                "a Kubernetes RayService",
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
            let error = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
        assert_eq!(
            parse(b"\xff\xfe").unwrap_err().to_string(),
            "not UTF-8 text"
        );
    }

    #[test]
    fn json_yaml_anchors_and_merge_keys_give_the_same_body() {
        let expected = r#"{"applications":[{"name":"a","import_path":"m:x","runtime_env":{"env_vars":{"A":"1"}}}]}"#;
        let yaml =
            "applications:\n- name: a\n  import_path: m:x\n  runtime_env: {env_vars: {A: '1'}}\n";
        for text in [expected, yaml] {
            assert_eq!(parse(text.as_bytes()).unwrap().to_json(), expected);
        }
        let shared = "applications:\n- &a {name: a, import_path: 'm:x', deployments: [{name: d, num_replicas: 1}]}\n- <<: *a\n  name: b\n";
        let config = parse(shared.as_bytes()).unwrap();
        let applications: Vec<_> = config.applications().collect();
        assert_eq!(applications[1].0, "b");
        assert_eq!(
            applications[1].1["deployments"],
            applications[0].1["deployments"]
        );
    }
}
