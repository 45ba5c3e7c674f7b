//! What the author of an unknown field may have meant.

use crate::serve::schema::{self, Object, Type};
use crate::serve::spelling::nearest;

/// Fields that people take from elsewhere in Ray.
const FROM_ELSEWHERE: &[(Object, &str, &str)] = &[
    (
        Object::HttpOptions,
        "location",
        "set proxy_location at the top",
    ),
    (
        Object::Deployment,
        "actor_options",
        "did you mean \"ray_actor_options\"?",
    ),
];

const RUNTIME_ENV: &str = "runtime_env";

/// Ray's own; a cluster's plugins may take others.
pub(super) const RUNTIME_ENV_KEYS: &[&str] = &[
    "working_dir",
    "py_modules",
    "py_executable",
    "java_jars",
    "conda",
    "pip",
    "uv",
    "container",
    "image_uri",
    "excludes",
    "env_vars",
    "config",
    "worker_process_setup_hook",
    "nsight",
];

/// `: did you mean …?`, or nothing.
pub(super) fn hint(of: Object, name: &str) -> String {
    let known = FROM_ELSEWHERE
        .iter()
        .find(|(object, field, _)| *object == of && *field == name);
    if let Some((_, _, what)) = known {
        return format!(": {what}");
    }
    if let Some(holder) = holder(of, name) {
        return format!(": it belongs in {holder}");
    }
    match nearest(name, schema::fields(of).map(|field| field.name)) {
        Some(near) => format!(": did you mean \"{near}\"?"),
        None => String::new(),
    }
}

/// The mapping below or above `of` that has a field of this name.
fn holder(of: Object, name: &str) -> Option<String> {
    let below = schema::fields(of).find_map(|field| match field.is {
        Type::Object(inner) if schema::field(inner, name).is_some() => {
            Some(format!("\"{}\"", field.name))
        }
        Type::Objects(inner) if schema::field(inner, name).is_some() => {
            Some(format!("an entry of \"{}\"", field.name))
        }
        Type::RuntimeEnv if RUNTIME_ENV_KEYS.contains(&name) => Some(format!("\"{RUNTIME_ENV}\"")),
        _ => None,
    });
    let above = || {
        let at = schema::FIELDS.iter().find(
            |field| matches!(field.is, Type::Object(inner) | Type::Objects(inner) if inner == of),
        )?;
        schema::field(at.of, name).map(|_| at.of.noun().to_owned())
    };
    below.or_else(above)
}

#[cfg(test)]
mod tests {
    use super::Object::{Application, Config, Deployment, HttpOptions, RayActorOptions};
    use super::*;

    #[test]
    fn misspellings_lead_to_the_field_that_was_meant() {
        for (of, name, said) in [
            (
                Deployment,
                "num_replica",
                ": did you mean \"num_replicas\"?",
            ),
            (
                Deployment,
                "numReplicas",
                ": did you mean \"num_replicas\"?",
            ),
            (Deployment, "user-config", ": did you mean \"user_config\"?"),
            (
                Deployment,
                "actor_options",
                ": did you mean \"ray_actor_options\"?",
            ),
            (
                Deployment,
                "num_cpus",
                ": it belongs in \"ray_actor_options\"",
            ),
            (
                Deployment,
                "min_replicas",
                ": it belongs in \"autoscaling_config\"",
            ),
            (
                Application,
                "num_replicas",
                ": it belongs in an entry of \"deployments\"",
            ),
            (
                Application,
                "working_dir",
                ": it belongs in \"runtime_env\"",
            ),
            (Application, "importpath", ": did you mean \"import_path\"?"),
            (
                Application,
                "http_options",
                ": it belongs in the Serve config",
            ),
            (Config, "application", ": did you mean \"applications\"?"),
            (Config, "port", ": it belongs in \"http_options\""),
            (
                RayActorOptions,
                "num_replicas",
                ": it belongs in a deployment",
            ),
            (HttpOptions, "location", ": set proxy_location at the top"),
            (Deployment, "colour", ""),
            (Deployment, "x", ""),
        ] {
            assert_eq!(hint(of, name), said, "{name}");
        }
    }
}
