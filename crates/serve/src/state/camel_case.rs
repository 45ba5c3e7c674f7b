//! Ray's answer with its own field names in camelCase, and nothing else changed.
//!
//! Ray's names are `snake_case`, the names users give (applications, environment variables, keys of a
//! `user_config`) are anything. Only the former may be renamed.

use serde_json::{Map, Value};

/// What is below a field, if not simply more fields of Ray's.
enum Below {
    /// The user's own: not touched at any depth.
    Users,
    /// Keyed by names or ids; Ray's fields below each key.
    Named,
}

/// Fields not listed here hold Ray's fields, lists of such, or a plain value; so do fields of Ray
/// versions yet to come.
const TABLE: &[(&str, Below)] = &[
    ("applications", Below::Named),
    ("deployments", Below::Named),
    ("nodes", Below::Named),
    ("proxies", Below::Named),
    ("actor_options", Below::Users),
    ("args", Below::Users),
    ("autoscaling_config", Below::Users),
    ("autoscaling_policy", Below::Users),
    ("fallback_strategy", Below::Users),
    ("init_args", Below::Users),
    ("init_kwargs", Below::Users),
    ("label_selector", Below::Users),
    ("metrics", Below::Users),
    ("placement_group_bundle_label_selector", Below::Users),
    ("placement_group_bundles", Below::Users),
    ("request_router_kwargs", Below::Users),
    ("required_resources", Below::Users),
    ("resources", Below::Users),
    ("runtime_env", Below::Users),
    ("user_config", Below::Users),
];

pub fn camel_case(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(fields.into_iter().map(rename).collect()),
        Value::Array(items) => Value::Array(items.into_iter().map(camel_case).collect()),
        plain => plain,
    }
}

fn rename((name, value): (String, Value)) -> (String, Value) {
    let below = TABLE
        .iter()
        .find(|(field, _)| *field == name)
        .map(|(_, below)| below);
    let value = match (below, value) {
        (Some(Below::Users), value) => value,
        (Some(Below::Named), Value::Object(entries)) => {
            Value::Object(entries.into_iter().map(keep_key).collect::<Map<_, _>>())
        }
        // `deployments` of an application's config is a list.
        (_, value) => camel_case(value),
    };
    (to_camel_case(&name), value)
}

fn keep_key((key, value): (String, Value)) -> (String, Value) {
    (key, camel_case(value))
}

fn to_camel_case(name: &str) -> String {
    let is_ray_field = name
        .bytes()
        .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    if !is_ray_field {
        return name.to_owned();
    }
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for character in name.chars() {
        if character == '_' && !camel.is_empty() {
            upper = true;
        } else if std::mem::take(&mut upper) {
            camel.push(character.to_ascii_uppercase());
        } else {
            camel.push(character);
        }
    }
    camel
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_of_ray_change_and_names_of_users_do_not() {
        let ray = json!({
            "applications": {"my_app": {
                "route_prefix": "/a_b",
                "deployed_app_config": {
                    "runtime_env": {"env_vars": {"MY_VAR": "1"}, "working_dir": "a_b"},
                    "args": {"model_id": {"sub_key": 1}},
                    "deployments": [{"name": "my_dep", "user_config": {"some_key": 3}, "ray_actor_options": {"num_cpus": 0.1, "resources": {"my_gpu": 1}}}],
                },
                "deployments": {"my_dep": {"target_num_replicas": 1}},
            }},
            "field_of_tomorrow": [{"new_field": null}],
        });
        let expected = json!({
            "applications": {"my_app": {
                "routePrefix": "/a_b",
                "deployedAppConfig": {
                    "runtimeEnv": {"env_vars": {"MY_VAR": "1"}, "working_dir": "a_b"},
                    "args": {"model_id": {"sub_key": 1}},
                    "deployments": [{"name": "my_dep", "userConfig": {"some_key": 3}, "rayActorOptions": {"numCpus": 0.1, "resources": {"my_gpu": 1}}}],
                },
                "deployments": {"my_dep": {"targetNumReplicas": 1}},
            }},
            "fieldOfTomorrow": [{"newField": null}],
        });
        assert_eq!(camel_case(ray), expected);
    }

    #[test]
    fn names_are_joined_as_protobuf_joins_them() {
        for (ray, camel) in [
            ("last_deployed_time_s", "lastDeployedTimeS"),
            ("ip", "ip"),
            ("CPU", "CPU"),
            ("_private", "_private"),
            ("p_99", "p99"),
            ("a__b", "aB"),
        ] {
            assert_eq!(to_camel_case(ray), camel, "{ray}");
        }
    }
}
