//! Real answers of Ray 2.8.0 and 2.60.0, and what the plugin makes of them.

use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use crate::support::{RAY_VERSIONS, assert_golden, fixtures, recorded};
use kubectl_ray::command::get::applications::{Columns, table};
use kubectl_ray::output::Look;
use kubectl_ray::yaml;
use ray_serve_client::ray_error::cause;
use ray_serve_client::state::camel_case::camel_case;
use ray_serve_client::state::details::Details;
use serde_json::Value;

const STATES: [&str; 8] = [
    "get_two_apps_running",
    "get_odd_apps",
    "get_broken_import_module",
    "get_broken_import_attr",
    "get_unknown_deployment",
    "get_bad_runtime_env",
    "get_autoscaling_min_gt_max",
    "get_route_no_slash",
];

fn is_recorded(ray: &str, name: &str) -> bool {
    fixtures().join(format!("ray/{ray}/{name}.json")).exists()
}

fn tables_of(columns: Columns, golden: &str) {
    for ray in RAY_VERSIONS {
        let mut all = String::new();
        for name in states(ray) {
            let details: Details = serde_json::from_str(&recorded(ray, name).1).unwrap();
            let latest = details
                .applications
                .values()
                .filter_map(|application| application.last_deployed_time_s);
            let now = UNIX_EPOCH
                + Duration::from_secs_f64(latest.fold(0.0, f64::max))
                + Duration::from_secs(90);
            let table = table(&details, columns, now).render(Look::default());
            let _ = writeln!(all, "# {name}\n{table}");
        }
        assert_golden(&format!("{ray}/{golden}.txt"), &all);
    }
}

#[test]
fn tables() {
    tables_of(Columns::Normal, "tables");
    tables_of(Columns::Wide, "tables_wide");
}

/// The states that were recorded with this version of Ray.
pub(crate) fn states(ray: &str) -> impl Iterator<Item = &'static str> {
    STATES.into_iter().filter(|name| is_recorded(ray, name))
}

#[test]
fn documents() {
    for ray in RAY_VERSIONS {
        let state: Value = serde_json::from_str(&recorded(ray, "get_two_apps_running").1).unwrap();
        let document = camel_case(state);
        assert_golden(
            &format!("{ray}/two_apps_running.json"),
            &format!("{document:#}\n"),
        );
        assert_golden(
            &format!("{ray}/two_apps_running.yaml"),
            &yaml::to_string(&document),
        );
    }
}

/// Renaming loses no value and changes none, on any recorded state.
#[test]
fn documents_hold_every_value_of_ray() {
    fn values(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => fields.values().for_each(|field| values(field, found)),
            Value::Array(items) => items.iter().for_each(|item| values(item, found)),
            plain => found.push(plain.to_string()),
        }
    }
    for ray in RAY_VERSIONS {
        for name in states(ray) {
            let state: Value = serde_json::from_str(&recorded(ray, name).1).unwrap();
            let (mut before, mut after) = (Vec::new(), Vec::new());
            values(&state, &mut before);
            values(&camel_case(state), &mut after);
            assert_eq!(before, after, "{ray} {name}");
        }
    }
}

/// Every error Ray was seen to answer, in one line each.
#[test]
fn errors() {
    for ray in RAY_VERSIONS {
        let mut names: Vec<String> = std::fs::read_dir(fixtures().join("ray").join(ray))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|file| file.strip_suffix(".json").map(str::to_owned))
            .collect();
        names.sort();
        let mut all = String::new();
        for name in names {
            let (status, body) = recorded(ray, &name);
            if status >= 400 {
                let cause = cause(&body);
                assert!(
                    !cause.contains('\n') && !cause.contains("Traceback"),
                    "{name}: {cause}"
                );
                let _ = writeln!(all, "{name} {status}: {cause}");
            }
        }
        assert_golden(&format!("{ray}/errors.txt"), &all);
    }
}
