//! Whether Ray will make of a Serve config what its author meant, before it is sent.
//!
//! Ray ignores fields it does not know, and starts what can only fail. Here every field is held
//! against the [schema](super::schema) of one version of Ray, or, while that is not known, of all.

mod between;
mod elsewhere;
mod example;
mod findings;
mod report;
mod rules;
mod runtime_env;
mod scaling;
mod suggest;

mod value;
mod walk;
mod written;

use ray_serve_client::api::version::RayVersion;
use serde_json::{Map, Value};

use super::config::{self, Error};
use super::schema::{self, Object};
use super::source::Source;
use crate::yaml;
use crate::yaml::positions::{Node, Place, Step};
use findings::Found;
use report::Report;

pub use between::between;
pub use findings::{Finding, Findings, Severity};
pub use value::expected;

const ENV_VARS: &str = "env_vars";
const KEY_PASSWORD: &str = "ssl_keyfile_password";
/// Letters of `runtime_env`, which is not secret as a whole.
const RUNTIME_ENV: &str = "runtimeenv";
/// What the names of secrets have in them.
const SECRET: [&str; 5] = ["passw", "secret", "token", "credential", "apikey"];

/// What a config is checked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Target {
    /// Without one, what is found is wrong for every version.
    pub ray: Option<RayVersion>,
    /// Code that the config names by a path of this machine is uploaded.
    pub uploads_code: bool,
}

/// Everything that is wrong with `source`.
pub fn check(source: &Source, target: &Target) -> Findings {
    let found = match source.body.as_ref().map(config::top) {
        Ok(Ok(top)) => look(source, target, top),
        Ok(Err(error)) => unusable(source, &error),
        Err(error) => unreadable(error),
    };
    found.in_file(source)
}

fn look(source: &Source, target: &Target, top: &Map<String, Value>) -> Findings {
    let mut report = Report::new(*target);
    walk::object(&mut report, Object::Config, top);
    rules::config(&mut report, top);
    let mut found = report.found;
    let root = Node::read(source.config_text());
    let root = root.as_deref();
    found.retain(|found| !is_place_for_anchors(found, root));
    let mut findings = Findings::place(found, root, root.map(secrets).unwrap_or_default());
    if let Some(root) = root {
        written::look(&mut findings, root);
    }
    findings
}

/// What can be read, but is no config.
fn unusable(source: &Source, error: &Error) -> Findings {
    let root = Node::read(source.config_text());
    let place = error.field().and_then(|field| {
        let root = root.as_deref()?;
        root.find(&[field]).key
    });
    Findings::of_file(error.to_string(), place)
}

fn unreadable(error: &Error) -> Findings {
    let Error::Yaml(yaml::Error::Syntax {
        line,
        column,
        problem,
    }) = error
    else {
        return Findings::of_file(error.to_string(), None);
    };
    let number = |number: &u64| usize::try_from(*number).unwrap_or(usize::MAX);
    let place = Place {
        line: number(line),
        column: number(column),
        length: 1,
    };
    Findings::of_file(problem.clone(), Some(place))
}

/// A field at the top that Ray does not know, but whose anchor others can use, does what it is for.
fn is_place_for_anchors(found: &Found, root: Option<&Node>) -> bool {
    let ([Step::Key(name)], Some(root)) = (found.path.as_slice(), root) else {
        return false;
    };
    schema::field(Object::Config, name).is_none() && root.find(&found.path).node.is_anchored
}

/// The values that are not shown when their line is. A misspelt field has the same in it.
fn secrets(root: &Node) -> Vec<Place> {
    let mut secrets = Vec::new();
    root.for_each_field(&mut |name, node| {
        let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let letters = letters.to_ascii_lowercase();
        if letters.contains("env") && letters != RUNTIME_ENV
            || SECRET.iter().any(|word| letters.contains(word))
        {
            node.for_each_scalar(&mut |place| secrets.push(place));
        }
    });
    secrets
}
