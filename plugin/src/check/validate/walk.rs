//! Each field of a config held against the schema.

use ray_serve_client::api::version::RayVersion;
use serde_json::{Map, Value};

use super::example::{self, example};
use super::report::Report;
use super::{runtime_env, suggest, value};
use crate::check::schema::{self, Field, NEWEST, Object, Type};

pub(super) fn object(report: &mut Report, of: Object, fields: &Map<String, Value>) {
    for (name, value) in fields {
        report.in_field(name, |report| match schema::field(of, name) {
            None => unknown(report, of, name),
            Some(field) => known(report, of, field, value),
        });
    }
    for field in schema::fields(of).filter(|field| field.required) {
        if !fields.contains_key(field.name) {
            report.error(format!(
                "{} needs \"{}\", such as {}",
                of.noun(),
                field.name,
                example(field)
            ));
        }
    }
}

fn unknown(report: &mut Report, of: Object, name: &str) {
    let ray = report.ray();
    let hint = suggest::suggest(of, name, ray.map(|ray| ray.min(NEWEST)));
    let hint = hint.map_or_else(String::new, |hint| hint.told(name));
    let noun = of.noun();
    match ray {
        Some(ray) if ray > NEWEST => report.warning_at_key(format!(
            "\"{name}\" in {noun} is no field of Ray {NEWEST}, the newest this plugin knows; Ray {ray} may know it{hint}"
        )),
        _ => report.error_at_key(format!(
            "unknown field \"{name}\" in {noun}, which Ray {}{hint}",
            fate(of)
        )),
    }
}

/// What Ray does with fields it does not know.
fn fate(of: Object) -> &'static str {
    if of.is_strict() { "refuses" } else { "ignores" }
}

fn known(report: &mut Report, of: Object, field: &'static Field, value: &Value) {
    if let Some(ray) = report.ray()
        && !field.is_known(ray)
    {
        return unsuitable(report, of, field, ray);
    }
    deprecated(report, field);
    if let Some(instead) = field.refused {
        return report.error_at_key(format!(
            "Ray refuses \"{}\" in {}: {instead}",
            field.name,
            of.noun()
        ));
    }
    match (field.is, value) {
        (_, Value::Null) if field.nullable => {}
        (Type::Object(inner), Value::Object(fields)) => object(report, inner, fields),
        (Type::Objects(inner), Value::Array(items)) => objects(report, inner, items),
        (Type::RuntimeEnv, Value::Object(env)) => runtime_env::check(report, env),
        (Type::ControllerEnv, Value::Object(env)) => runtime_env::controller(report, env),
        _ => value::check(report, field, value),
    }
}

fn objects(report: &mut Report, of: Object, items: &[Value]) {
    for (index, item) in items.iter().enumerate() {
        report.in_item(index, |report| match item {
            Value::Object(fields) => object(report, of, fields),
            other => report.error(format!(
                "{} is a mapping, such as {}, but this is {}",
                of.noun(),
                example::of_object(of),
                value::shown(other)
            )),
        });
    }
}

/// A field that this version of Ray does not know, but another does.
fn unsuitable(report: &mut Report, of: Object, field: &Field, ray: RayVersion) {
    let name = field.name;
    if field.is_too_new(ray) {
        let message = format!(
            "\"{name}\" needs Ray {} or later, and Ray {ray} {} it",
            field.since,
            fate(of)
        );
        return if of.is_strict() {
            report.error_at_key(message);
        } else {
            report.warning_at_key(message);
        };
    }
    let instead = field.instead.map(|what| format!(": {what}"));
    report.error_at_key(match (renamed(field), field.until) {
        (Some(new), _) => format!(
            "\"{name}\" is called \"{}\" since Ray {}, and Ray {ray} ignores the old name",
            new.name, new.since
        ),
        (None, until) => format!(
            "\"{name}\" ended with Ray {}, and Ray {ray} ignores it{}",
            until.unwrap_or(NEWEST),
            instead.unwrap_or_default()
        ),
    });
}

fn renamed(field: &Field) -> Option<&'static Field> {
    schema::field(field.of, field.renamed?)
}

fn deprecated(report: &mut Report, field: &Field) {
    if let (Some(new), Some(until), Some(ray)) = (renamed(field), field.until, report.ray())
        && new.is_known(ray)
    {
        report.warning_at_key(format!(
            "\"{}\" is called \"{}\" since Ray {}, and Ray {until} ignores the old name",
            field.name, new.name, new.since
        ));
    }
}
