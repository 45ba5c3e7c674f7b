//! Whether something is meant as a Serve config. A directory holds much else in YAML and JSON:
//! charts, workflows, settings of other programs. Their authors did not ask what Ray makes of it.

use ray_serve_client::config::{APPLICATIONS, IMPORT_PATH};
use serde_json::{Map, Value};

use super::schema::{self, Object};
use super::spelling::nearest;

/// Fields that few but an application of Ray have.
const SIGNS: [&str; 4] = [IMPORT_PATH, "route_prefix", "runtime_env", "deployments"];

/// Whether `body` is a Serve config, though perhaps not a right one.
pub fn is_meant(body: &Value) -> bool {
    match body {
        Value::Object(top) => is_config(top),
        Value::Array(items) => are_applications(items),
        _ => false,
    }
}

fn is_config(top: &Map<String, Value>) -> bool {
    let applications = applications_key(top).and_then(|key| top.get(key));
    let of_others = || has_foreign(top);
    match applications {
        Some(Value::Array(items)) if !items.is_empty() => {
            are_applications(items) || (!of_others() && items.iter().all(has_fields_of_one))
        }
        // Charts have such values too, for templates to make a list of.
        Some(Value::Object(named)) => {
            !of_others() && named.values().any(|one| one.get(IMPORT_PATH).is_some())
                || has_serve_options(top)
        }
        Some(_) => !of_others() || has_serve_options(top),
        None => top.get(IMPORT_PATH).is_some_and(Value::is_string) || has_serve_options(top),
    }
}

/// Values of a Helm chart may have applications for its templates to make a Serve config of.
pub fn is_values_file(name: &str) -> bool {
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
    file.starts_with("values")
}

/// Whether something at the top is no field of a Serve config.
pub fn has_foreign_fields(body: &Value) -> bool {
    body.as_object().is_some_and(has_foreign)
}

fn has_foreign(top: &Map<String, Value>) -> bool {
    top.keys()
        .any(|name| schema::field(Object::Config, name).is_none())
}

/// `applications`, also where it is misspelt.
pub fn applications_key(top: &Map<String, Value>) -> Option<&str> {
    if top.contains_key(APPLICATIONS) {
        return Some(APPLICATIONS);
    }
    let is_list = |(name, value): &(&String, &Value)| {
        value.is_array() && nearest(name, [APPLICATIONS].into_iter()).is_some()
    };
    top.iter().find(is_list).map(|(name, _)| name.as_str())
}

/// Whether a list is one of applications.
pub fn are_applications(items: &[Value]) -> bool {
    let has_sign = |item: &Value| {
        let names = item.as_object().into_iter().flat_map(Map::keys);
        let mut signs = names.filter_map(|name| nearest(name, SIGNS.into_iter()));
        signs.next().is_some()
    };
    items.iter().any(has_sign)
}

fn has_fields_of_one(item: &Value) -> bool {
    item.as_object().is_some_and(|fields| {
        let mut names = fields.keys();
        names.all(|name| schema::field(Object::Application, name).is_some())
    })
}

fn has_serve_options(top: &Map<String, Value>) -> bool {
    ["http_options", "grpc_options", "proxy_location"]
        .iter()
        .any(|name| top.contains_key(*name))
}

/// Whether text that cannot be read would be a Serve config, or an object that holds one.
pub fn is_meant_by(text: &str) -> bool {
    let has_line = |key: &str| {
        text.lines().any(|line| {
            let line = line.trim_start_matches([' ', '\t', '-', '{', '"', '\'']);
            let rest = line.strip_prefix(key);
            rest.is_some_and(|rest| rest.trim_start_matches(['"', '\'', ' ']).starts_with(':'))
        })
    };
    (has_line(APPLICATIONS) && text.contains(IMPORT_PATH))
        || has_line(IMPORT_PATH)
        || has_line("serveConfigV2")
}

/// Whether text has marks that a program is to replace, such as Helm or Jinja, before it is YAML.
pub fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    #[test]
    fn serve_configs_are_told_from_what_else_is_called_applications() {
        for text in [
            "applications: [{name: a, import_path: 'm:x'}]",
            "applications: [{name: a, importPath: 'm:x'}]",
            "applications: [{name: a, route_prefix: /a}]",
            "applications: [{name: a}]",
            "applications: [x, {import_path: 'm:x'}]",
            "applications: []",
            "applications:",
            "applications: {a: {import_path: 'm:x'}}",
            "application: [{import_path: 'm:x'}]",
            "Applications: [{import_path: 'm:x'}]\nhttp_option: {}",
            "import_path: m:x\nruntime_env: {}",
            "[{name: a, import_path: 'm:x'}]",
            "http_options: {port: 8000}",
            "{applications: [{import_path: 'm:x'}], workers: 3}",
        ] {
            assert!(is_meant(&yaml::parse(text).unwrap()), "{text}");
        }
        for text in [
            // Helm's values, Argo CD's and Cloud Foundry's applications.
            "workers: [cpu]\napplications: [episode-1, heat-map]",
            "applications: {fruit: {enabled: true}}\nworkers: 1",
            "applications: {enabled: [fruit]}",
            "image: ray\napplications: {fruit: {import_path: 'm:x'}}",
            "applications: [{name: a, namespace: argocd, project: default, source: {path: a}}]",
            "applications: [{name: a, memory: 512M, instances: 2, buildpacks: [python]}]",
            "name: check\non: [push]\njobs: {}",
            "services: {web: {image: x}}",
            "site_name: docs\nnav: []",
            "resources: [a.yaml]",
            "[{hosts: all, tasks: []}]",
            "{\"name\": \"x\", \"dependencies\": {}}",
            "AWSTemplateFormatVersion: '2010-09-09'\nResources: {}",
            "apiVersion: v2\nname: shelf",
            "applications: []\nextra: 1",
            "{}",
            "",
            "text",
        ] {
            assert!(!is_meant(&yaml::parse(text).unwrap()), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_may_still_be_meant() {
        for text in [
            "applications:\n- name: a\n import_path: m:x\n",
            "{\"applications\": [{\"import_path\": \"m:x\",,}]}",
            "spec:\n  serveConfigV2: |\n  a: [\n",
        ] {
            assert!(is_meant_by(text), "{text}");
        }
        for text in [
            "{\n // why\n \"a\": 1}",
            "applications: [",
            "a: import_path",
        ] {
            assert!(!is_meant_by(text), "{text}");
        }
    }
}
