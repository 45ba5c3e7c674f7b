//! Runtime environments: where code comes from, and what is the user's own.

use ray_serve_client::api::version::RayVersion;
use ray_serve_client::config::kind;
use serde_json::{Map, Value};

use super::ENV_VARS;
use super::report::Report;
use super::suggest::RUNTIME_ENV_KEYS;
use super::value::shown;
use crate::check::spelling::nearest;
use crate::userinfo::without_secrets;

/// What Ray fetches code by, in any version: an older one says itself what it lacks.
const SCHEMES: &[&str] = &[
    "gcs", "conda", "pip", "uv", "http", "https", "s3", "gs", "azure", "abfss", "file", LOCAL,
];
/// A directory that is on every node already.
const LOCAL: &str = "local";
const LOCAL_SINCE: RayVersion = RayVersion::ray2(59);

/// What Ray unpacks, in any version.
const ARCHIVES: &[&str] = &[".zip", ".jar", ".whl", ".tar.gz", ".tgz", ".tar.xz"];
/// Ways to install packages, of which Ray takes one.
const INSTALLERS: &[&str] = &["pip", "uv", "conda"];

pub(super) fn check(report: &mut Report, env: &Map<String, Value>) {
    for (name, value) in env {
        report.in_field(name, |report| match (name.as_str(), value) {
            (_, Value::Null) | ("excludes", Value::Array(_)) => {}
            ("working_dir", Value::String(place)) => {
                code(report, name, place);
                archive(report, place);
            }
            ("py_modules", Value::Array(modules)) => py_modules(report, modules),
            ("working_dir", other) => is_not(
                report,
                name,
                other,
                "a URI is expected, such as \"https://example.com/code.zip\"",
            ),
            ("py_modules", other) => is_not(
                report,
                name,
                other,
                "a list of URIs is expected, such as [\"https://example.com/module.zip\"]",
            ),
            ("excludes", other) => is_not(
                report,
                name,
                other,
                "a list is expected, such as [data/, \"*.csv\"]",
            ),
            ("pip" | "uv", Value::String(file)) => requirements(report, name, file),
            (ENV_VARS, value) => env_vars(report, value),
            (name, _) => near_miss(report, name),
        });
    }
    let mut installers = INSTALLERS
        .iter()
        .filter(|name| env.get(**name).is_some_and(|value| !value.is_null()));
    if let (Some(one), Some(other)) = (installers.next(), installers.next()) {
        report.in_field(other, |report| {
            report.error_at_key(format!("Ray refuses \"{other}\" beside \"{one}\""));
        });
    }
}

/// A relative path is read by a submit that uploads code; an absolute one may be in the image.
fn requirements(report: &mut Report, field: &str, file: &str) {
    let is_read = report.target.uploads_code && !file.starts_with('/');
    if !is_read {
        report.warning(format!(
            "{field} \"{file}\" is a file that Ray looks for on the head: list the packages instead, or submit with \
             --working-dir or --py-modules, which reads it beside the config"
        ));
    }
}

fn is_not(report: &mut Report, name: &str, value: &Value, expected: &str) {
    report.error(format!("\"{name}\" is {} where {expected}", shown(value)));
}

/// Wherever in it, as signed URLs go on after it.
fn archive(report: &mut Report, place: &str) {
    let is_remote = scheme(place).is_some_and(|scheme| {
        SCHEMES.contains(&scheme.as_str()) && scheme != LOCAL && scheme != "gcs"
    });
    if is_remote && !ARCHIVES.iter().any(|ending| place.contains(ending)) {
        report.error(format!(
            "working_dir \"{}\" is not an archive: Ray takes .zip, and newer versions .tar.gz",
            without_secrets(place)
        ));
    }
}

/// Ray warns of keys it does not know and goes on; a cluster's own plugins may take them.
fn near_miss(report: &mut Report, name: &str) {
    let is_known = RUNTIME_ENV_KEYS.contains(&name) || name.starts_with('_');
    if !is_known && let Some(near) = nearest(name, RUNTIME_ENV_KEYS.iter().copied()) {
        report.warning_at_key(format!(
            "\"{name}\" in runtime_env is nothing of Ray's own: did you mean \"{near}\"?"
        ));
    }
}

pub(super) fn controller(report: &mut Report, env: &Map<String, Value>) {
    for (name, value) in env {
        report.in_field(name, |report| {
            if name == ENV_VARS {
                env_vars(report, value);
            } else {
                report.error_at_key(format!(
                    "the controller's runtime_env takes {ENV_VARS} alone: set \"{name}\" on an application"
                ));
            }
        });
    }
}

fn py_modules(report: &mut Report, modules: &[Value]) {
    for (index, module) in modules.iter().enumerate() {
        report.in_item(index, |report| match module {
            Value::Null => {}
            Value::String(place) => code(report, "py_modules", place),
            other => report.error(format!(
                "\"py_modules\" has {} where a URI is expected, such as \"https://example.com/module.zip\"",
                shown(other)
            )),
        });
    }
}

/// Values are not shown: they may be secrets.
fn env_vars(report: &mut Report, value: &Value) {
    let Value::Object(variables) = value else {
        if !value.is_null() {
            report.error(format!(
                "\"{ENV_VARS}\" is {} where a mapping is expected, such as {{KEY: value}}",
                kind(value)
            ));
        }
        return;
    };
    for (name, value) in variables {
        if !value.is_string() {
            report.in_field(name, |report| {
                report.error_at_key(format!(
                    "{name} in {ENV_VARS} is {} where text is expected: put it in quotes",
                    kind(value)
                ));
            });
        }
    }
}

fn code(report: &mut Report, field: &str, place: &str) {
    let Some(scheme) = scheme(place) else {
        if report.target.uploads_code {
            return;
        }
        return report.error(if field == "working_dir" {
            format!(
                "working_dir \"{place}\" is a path, and Ray takes URIs: leave it out and submit with --working-dir {place}"
            )
        } else {
            format!(
                "{field} has the path \"{place}\", and Ray takes URIs: leave it out and submit with --py-modules {place}"
            )
        });
    };
    if !SCHEMES.contains(&scheme.as_str()) {
        return report.error(format!(
            "{field} has \"{place}\", and Ray fetches nothing by {scheme}: it takes https, s3, gs, gcs and others"
        ));
    }
    if let Some(ray) = report
        .ray()
        .filter(|ray| scheme == LOCAL && *ray < LOCAL_SINCE)
    {
        report.error(format!(
            "{LOCAL}:// needs Ray {LOCAL_SINCE} or later, and Ray {ray} refuses it"
        ));
    }
}

/// In lower case, as URIs are compared; `C:\code` has none.
fn scheme(place: &str) -> Option<String> {
    let (scheme, _) = place.split_once(':')?;
    let is_one = scheme.len() > 1
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    is_one.then(|| scheme.to_ascii_lowercase())
}
