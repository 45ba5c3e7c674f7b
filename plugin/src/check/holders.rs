//! Kubernetes objects that hold Serve configs as text: a `RayService` in `spec.serveConfigV2`, and
//! a `ConfigMap` under any of its keys.

use kuberay::resource::is_of_kuberay;
use ray_serve_client::config::kind;
use serde_json::Value;

use super::config::Error;
use super::likeness;
use super::spelling::nearest_within;
use crate::manifest;
use crate::yaml;
use crate::yaml::positions::Step;

const SPEC: &str = "spec";
const SERVE_CONFIG: &str = "serveConfigV2";
/// `KubeRay`'s field before 1.1: the CRDs since then do not have it.
const OLD_SERVE_CONFIG: &str = "serveConfig";

/// A config in an object, and the way to it.
pub struct Held {
    /// Such as `spec.serveConfigV2 of rayservice/fruit`.
    pub holder: String,
    pub path: Vec<Step>,
    pub config: Result<String, Error>,
}

/// What the objects of a file hold.
#[derive(Default)]
pub struct Holdings {
    pub held: Vec<Held>,
    /// The objects without a config.
    pub others: Vec<Other>,
}

pub struct Other {
    /// Such as `service/fruit`.
    pub name: String,
    pub kind: String,
}

pub fn is_object(value: &Value) -> bool {
    kind_of(value).is_some()
}

fn kind_of(value: &Value) -> Option<&str> {
    value.get("apiVersion")?.as_str()?;
    value.get("kind")?.as_str()
}

impl Holdings {
    /// Looks at an object, and at those that are in it.
    pub fn look(&mut self, object: &Value) {
        self.object(object, &mut Vec::new());
    }

    fn object(&mut self, object: &Value, path: &mut Vec<Step>) {
        let Some(kind) = kind_of(object) else { return };
        let of_ray = object["apiVersion"].as_str().is_some_and(is_of_kuberay);
        match kind {
            "RayService" if of_ray => self.service(object, path),
            "ConfigMap" => self.config_map(object, path),
            _ if kind.ends_with("List") && object["items"].is_array() => {
                self.inner(object, path);
            }
            _ => {
                let before = self.held.len();
                // Such as an AppWrapper's components.
                self.inner(object, path);
                if self.held.len() == before {
                    self.other(object, manifest::name(object));
                }
            }
        }
    }

    fn other(&mut self, object: &Value, name: String) {
        let kind = kind_of(object).unwrap_or_default().to_owned();
        self.others.push(Other { name, kind });
    }

    fn inner(&mut self, value: &Value, path: &mut Vec<Step>) {
        let inner: Vec<(Step, &Value)> = match value {
            Value::Array(items) => (0..).map(Step::Index).zip(items).collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| (Step::Key(name.clone()), value))
                .collect(),
            _ => return,
        };
        for (step, value) in inner {
            path.push(step);
            if is_object(value) {
                self.object(value, path);
            } else {
                self.inner(value, path);
            }
            path.pop();
        }
    }

    fn service(&mut self, object: &Value, path: &[Step]) {
        let name = manifest::name(object);
        let spec = &object[SPEC];
        let is_given = |value: &&Value| !value.is_null() && value.as_str() != Some("");
        let Some(config) = spec.get(SERVE_CONFIG).filter(is_given) else {
            return match in_wrong_place(object) {
                Some((at, problem)) => {
                    let config = Err(Error::Holder(problem));
                    self.hold(format!("{SPEC} of {name}"), path, &at, config);
                }
                None => self.other(object, name),
            };
        };
        let config = match config {
            Value::String(text) => Ok(text.clone()),
            other => Err(Error::Holder(format!(
                "{SPEC}.{SERVE_CONFIG} is {} where text is expected: write \"{SERVE_CONFIG}: |\" and the config below it",
                kind(other)
            ))),
        };
        self.hold(
            format!("{SPEC}.{SERVE_CONFIG} of {name}"),
            path,
            &[SPEC, SERVE_CONFIG],
            config,
        );
        if spec.get(OLD_SERVE_CONFIG).is_some() {
            self.other(object, format!("{SPEC}.{OLD_SERVE_CONFIG} of {name}"));
        }
    }

    fn config_map(&mut self, object: &Value, path: &[Step]) {
        let name = manifest::name(object);
        let before = self.held.len();
        for (key, text) in object["data"].as_object().into_iter().flatten() {
            let Some(text) = text.as_str().filter(|text| is_config(text)) else {
                continue;
            };
            let holder = format!("data[\"{key}\"] of {name}");
            self.hold(holder, path, &["data", key], Ok(text.to_owned()));
        }
        if self.held.len() == before {
            self.other(object, name);
        }
    }

    fn hold(&mut self, holder: String, path: &[Step], at: &[&str], config: Result<String, Error>) {
        let at = at.iter().map(|name| Step::Key((*name).to_owned()));
        self.held.push(Held {
            holder,
            path: path.iter().cloned().chain(at).collect(),
            config,
        });
    }
}

fn is_config(text: &str) -> bool {
    match yaml::parse(text) {
        Ok(body) => likeness::is_meant(&body),
        Err(_) => likeness::is_meant_by(text),
    }
}

/// A config that is not where the operator looks for it, and what is to be said of that.
fn in_wrong_place(service: &Value) -> Option<(Vec<&str>, String)> {
    let has = |value: &Value, name| value.get(name).is_some_and(|value| !value.is_null());
    let spec = &service[SPEC];
    if has(spec, OLD_SERVE_CONFIG) {
        let problem = format!(
            "{SPEC}.{OLD_SERVE_CONFIG} is nothing that KubeRay 1.1 or later reads, and the API server drops it: write the applications as text in {SPEC}.{SERVE_CONFIG}"
        );
        return Some((vec![SPEC, OLD_SERVE_CONFIG], problem));
    }
    let names = spec.as_object().into_iter().flatten();
    for (name, _) in names {
        if nearest_within(name, 1, [SERVE_CONFIG].into_iter()).is_some() && name != SERVE_CONFIG {
            let problem = format!(
                "{SPEC} has \"{name}\", which the API server drops: did you mean \"{SERVE_CONFIG}\"?"
            );
            return Some((vec![SPEC, name], problem));
        }
    }
    let places: [&[&str]; 3] = [
        &[SERVE_CONFIG],
        &["metadata", SERVE_CONFIG],
        &[SPEC, "rayClusterConfig", SERVE_CONFIG],
    ];
    let found = places.into_iter().find(|path| {
        let value = path
            .iter()
            .try_fold(service, |value, name| value.get(*name));
        value.is_some_and(|value| !value.is_null())
    })?;
    let problem = format!(
        "{} is not where the operator looks for it: it belongs in {SPEC}",
        found.join(".")
    );
    Some((found.to_vec(), problem))
}

/// What is said of objects none of which holds a config.
pub fn none_in(others: &[Other]) -> String {
    let [Other { name, kind }] = others else {
        let names: Vec<&str> = others.iter().map(|other| other.name.as_str()).collect();
        return format!("no Serve config, but {}", names.join(", "));
    };
    match kind.as_str() {
        "RayService" => {
            format!("{name} has no {SPEC}.{SERVE_CONFIG}, in which its Serve config would be")
        }
        "RayCluster" => format!(
            "{name} is a RayCluster, which holds no Serve config: apply it with kubectl, and submit a Serve config to it"
        ),
        "RayJob" => {
            format!("{name} is a RayJob, which runs a job to its end and holds no Serve config")
        }
        "ConfigMap" => format!("{name} has no Serve config in its data"),
        kind => format!("{name} is a Kubernetes {kind}, which holds no Serve config"),
    }
}
