//! What no field tells alone: names and routes of all applications, and what goes together.

use std::collections::{BTreeMap, BTreeSet};

use ray_serve_client::config::DEFAULT_NAME;
use serde_json::{Map, Value};

use super::report::Report;
use super::scaling;
use super::value;

pub(super) const DEFAULT_ROUTE: &str = "/";

pub(super) type Fields = Map<String, Value>;

pub(super) fn config(report: &mut Report, top: &Fields) {
    if let Some(Value::Object(options)) = top.get("http_options") {
        report.in_field("http_options", |report| ssl(report, options));
    }
    in_list(report, top, "applications", |report, applications| {
        names(report, applications);
        routes(report, applications);
        for (index, fields) in applications {
            report.in_item(*index, |report| application(report, fields));
        }
    });
}

/// Looks at the mappings of a list, with their places in it.
pub(super) fn in_list<'a>(
    report: &mut Report,
    fields: &'a Fields,
    list: &str,
    look: impl FnOnce(&mut Report, &[(usize, &'a Fields)]),
) {
    let Some(Value::Array(items)) = fields.get(list) else {
        return;
    };
    let mappings = items.iter().enumerate();
    let mappings: Vec<_> = mappings
        .filter_map(|(index, item)| Some((index, item.as_object()?)))
        .collect();
    report.in_field(list, |report| look(report, &mappings));
}

pub(super) fn text<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str)
}

pub(super) fn is_given(fields: &Fields, name: &str) -> bool {
    fields.get(name).is_some_and(|value| !value.is_null())
}

/// An application's text in `field`, or the default where it has none; what is no text is told of
/// elsewhere.
pub(super) fn or_default<'a>(fields: &'a Fields, field: &str, default: &'a str) -> Option<&'a str> {
    match fields.get(field) {
        None => Some(default),
        Some(Value::String(text)) => Some(text),
        Some(_) => None,
    }
}

/// At the field if it is written, else at the mapping that lacks it.
pub(super) fn at_field(
    report: &mut Report,
    index: usize,
    fields: &Fields,
    name: &str,
    message: String,
) {
    report.in_item(index, |report| {
        if fields.contains_key(name) {
            report.in_field(name, |report| report.error(message));
        } else {
            report.error(message);
        }
    });
}

fn names(report: &mut Report, applications: &[(usize, &Fields)]) {
    let mut seen = BTreeSet::new();
    for (index, fields) in applications {
        let Some(name) = or_default(fields, "name", DEFAULT_NAME) else {
            continue;
        };
        if !seen.insert(name) {
            let why = if fields.contains_key("name") {
                ""
            } else {
                ", the name of one that has none"
            };
            let message = format!("two applications are named \"{name}\"{why}");
            at_field(report, *index, fields, "name", message);
        }
    }
}

fn routes(report: &mut Report, applications: &[(usize, &Fields)]) {
    let mut seen = BTreeMap::new();
    for (index, fields) in applications {
        let Some(route) = or_default(fields, "route_prefix", DEFAULT_ROUTE) else {
            continue;
        };
        let name = text(fields, "name").unwrap_or(DEFAULT_NAME);
        if let Some(other) = seen.insert(route, name) {
            let why = why_default_route(fields);
            let message = format!(
                "applications \"{other}\" and \"{name}\" have the same route \"{route}\"{why}"
            );
            at_field(report, *index, fields, "route_prefix", message);
        }
    }
}

/// Why an application has a route that nobody wrote.
pub(super) fn why_default_route(fields: &Fields) -> &'static str {
    if fields.contains_key("route_prefix") {
        ""
    } else {
        ", the default: set route_prefix"
    }
}

fn application(report: &mut Report, fields: &Fields) {
    let external = fields.get("external_scaler_enabled").and_then(value::truth) == Some(true);
    in_list(report, fields, "deployments", |report, deployments| {
        let mut seen = BTreeSet::new();
        for (index, fields) in deployments {
            report.in_item(*index, |report| {
                if let Some(name) = text(fields, "name")
                    && !seen.insert(name)
                {
                    let message = format!(
                        "deployment \"{name}\" is listed twice: where the two differ, the last one counts"
                    );
                    report.in_field("name", |report| report.warning(message));
                }
                deployment(report, fields, external);
            });
        }
    });
}

fn deployment(report: &mut Report, fields: &Fields, external_scaler: bool) {
    scaling::check(report, fields, external_scaler);
    bundles(report, fields);
    for (name, instead) in [
        ("max_replicas_per_node", ""),
        (
            "placement_group_strategy",
            ": set gang_placement_strategy in it",
        ),
    ] {
        if is_given(fields, "gang_scheduling_config") && is_given(fields, name) {
            report.in_field(name, |report| {
                report.error_at_key(format!(
                    "Ray refuses \"{name}\" beside gang_scheduling_config{instead}"
                ));
            });
        }
    }
}

fn bundles(report: &mut Report, fields: &Fields) {
    let has_bundles = is_given(fields, "placement_group_bundles");
    if has_bundles && is_given(fields, "max_replicas_per_node") {
        report.in_field("max_replicas_per_node", |report| {
            report.error_at_key(
                "Ray refuses \"max_replicas_per_node\" beside placement_group_bundles",
            );
        });
    }
    let count = |name| fields.get(name).and_then(Value::as_array).map(Vec::len);
    let bundles = count("placement_group_bundles").unwrap_or(0);
    if let Some(selectors) = count("placement_group_bundle_label_selector")
        && (!has_bundles || (selectors != 1 && selectors != bundles))
    {
        report.in_field("placement_group_bundle_label_selector", |report| {
            report.error_at_key(format!(
                "{selectors} label selectors for {bundles} placement_group_bundles: give one for all, or one for each"
            ));
        });
    }
}

fn ssl(report: &mut Report, options: &Fields) {
    let given = |name| text(options, name).is_some_and(|file| !file.is_empty());
    for (one, other) in [
        ("ssl_certfile", "ssl_keyfile"),
        ("ssl_keyfile", "ssl_certfile"),
    ] {
        if given(one) && !given(other) {
            report.in_field(one, |report| {
                report.error_at_key(format!("\"{one}\" without \"{other}\": HTTPS needs both"));
            });
        }
    }
}
