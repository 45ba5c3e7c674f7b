//! How many replicas: numbers that contradict each other.

use serde_json::Value;

use super::report::Report;
use super::rules::{Fields, is_given};
use super::value::whole;

/// Ray's defaults for `max_replicas`, without and with `num_replicas: auto`.
const DEFAULT_MAX: i64 = 1;
const DEFAULT_MAX_AUTO: i64 = 100;
const DEFAULT_MIN: i64 = 1;

pub(super) fn check(report: &mut Report, deployment: &Fields, external_scaler: bool) {
    let replicas = deployment.get("num_replicas");
    let is_auto = replicas.and_then(Value::as_str) == Some("auto");
    let autoscales = is_given(deployment, "autoscaling_config");
    if autoscales && replicas.and_then(whole).is_some() {
        report.in_field("num_replicas", |report| {
            report.error_at_key(
                "\"num_replicas\" is fixed although autoscaling_config is given: remove one of them",
            );
        });
    }
    if external_scaler && (autoscales || is_auto) {
        let field = if autoscales {
            "autoscaling_config"
        } else {
            "num_replicas"
        };
        report.in_field(field, |report| {
            report.error_at_key(
                "the application has external_scaler_enabled, beside which Ray refuses its own autoscaling",
            );
        });
    }
    let scaling = deployment
        .get("autoscaling_config")
        .and_then(Value::as_object);
    if let Some(scaling) = scaling {
        report.in_field("autoscaling_config", |report| {
            bounds(report, scaling, is_auto);
        });
    }
    gang(report, deployment, scaling.filter(|_| is_auto));
}

fn bounds(report: &mut Report, scaling: &Fields, is_auto: bool) {
    let number = |name| scaling.get(name).and_then(whole);
    let min = number("min_replicas").unwrap_or(DEFAULT_MIN);
    // A `max_replicas` below 1 is reported by the field check.
    let given = number("max_replicas").filter(|max| *max > 0);
    let max = given.unwrap_or(if is_auto {
        DEFAULT_MAX_AUTO
    } else {
        DEFAULT_MAX
    });
    let default = if given.is_none() { ", the default" } else { "" };
    if min > max {
        let field = if scaling.contains_key("min_replicas") {
            "min_replicas"
        } else {
            "max_replicas"
        };
        return report.in_field(field, |report| {
            report.error(format!(
                "min_replicas {min} is above max_replicas {max}{default}"
            ));
        });
    }
    if let Some(initial) = number("initial_replicas")
        && !(min..=max).contains(&initial)
    {
        report.in_field("initial_replicas", |report| {
            report.error(format!(
                "initial_replicas {initial} is not between min_replicas {min} and max_replicas {max}{default}"
            ));
        });
    }
}

/// Gangs are whole: every number of replicas is a multiple of their size.
fn gang(report: &mut Report, deployment: &Fields, scaling: Option<&Fields>) {
    let size = deployment
        .get("gang_scheduling_config")
        .and_then(|gang| whole(gang.get("gang_size")?))
        .filter(|size| *size > 0);
    let Some(size) = size else { return };
    let multiple = |report: &mut Report, fields: &Fields, name: &str| {
        if let Some(number) = fields.get(name).and_then(whole)
            && number % size != 0
        {
            report.in_field(name, |report| {
                report.error(format!(
                    "{name} {number} is not a multiple of gang_size {size}"
                ));
            });
        }
    };
    multiple(report, deployment, "num_replicas");
    if let Some(scaling) = scaling {
        report.in_field("autoscaling_config", |report| {
            for name in ["min_replicas", "max_replicas", "initial_replicas"] {
                multiple(report, scaling, name);
            }
        });
    }
}
