//! What a running Serve does not take over from a config: how its proxies listen.

use serde::Deserialize;
use serde_json::Value;

use crate::change::plan::same;
use crate::config::ServeConfig;

/// Of a running Serve, in Ray's answer; one that does not run has none.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Settings {
    http_options: Value,
    grpc_options: Value,
    proxy_location: Value,
}

/// One sentence for each setting of the config that differs from the running Serve's in `raw`.
///
/// Ray answers such a config with success and keeps the old settings.
pub fn ignored(config: &ServeConfig, raw: &[u8]) -> Vec<String> {
    let running: Settings = serde_json::from_slice(raw).unwrap_or_default();
    let mut found = Vec::new();
    for (key, wanted) in config.settings() {
        let running = match key {
            "http_options" => &running.http_options,
            "grpc_options" => &running.grpc_options,
            "proxy_location" => &running.proxy_location,
            _ => continue,
        };
        match wanted {
            Value::Object(options) => {
                for (option, wanted) in options {
                    if let Some(running) = running.get(option) {
                        differing(&format!("{key}.{option}"), wanted, running, &mut found);
                    }
                }
            }
            wanted => differing(key, wanted, running, &mut found),
        }
    }
    found
}

fn differing(setting: &str, wanted: &Value, running: &Value, found: &mut Vec<String>) {
    let unknown = setting == "proxy_location" && running.is_null();
    if unknown || same(wanted, running) {
        return;
    }
    found.push(if setting.contains("password") {
        format!("{setting} stays as it is")
    } else {
        format!("{setting} stays {running}, not {wanted}")
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parsed;

    #[test]
    fn only_what_the_config_says_and_serve_has_otherwise_is_told() {
        let running = br#"{"proxy_location": "EveryNode", "http_options": {"host": "0.0.0.0", "port": 8000, "ssl_keyfile_password": "a", "root_path": ""},
                "grpc_options": {"port": 9000, "grpc_servicer_functions": []}}"#;
        let config = parsed(
            "proxy_location: HeadOnly\nhttp_options: {port: 8001, host: 0.0.0.0, ssl_keyfile_password: b, newer: 1}\n\
              grpc_options: {port: 9000.0, grpc_servicer_functions: [a.b]}\ntarget_capacity: 3\napplications: []",
        );
        assert_eq!(
            ignored(&config, running),
            [
                "proxy_location stays \"EveryNode\", not \"HeadOnly\"",
                "http_options.port stays 8000, not 8001",
                "http_options.ssl_keyfile_password stays as it is",
                "grpc_options.grpc_servicer_functions stays [], not [\"a.b\"]",
            ]
        );
        assert!(ignored(&config, br#"{"applications": {}}"#).is_empty());
    }
}
