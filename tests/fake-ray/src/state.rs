//! Serve's state as its dashboard gives it.

use serde_json::{Map, Value, json};

/// A Serve that was never started.
pub const IDLE: &str =
    r#"{"controller_info": {}, "proxies": {}, "applications": {}, "target_capacity": null}"#;

pub fn state(applications: &Value) -> String {
    json!({"controller_info": {"node_id": "n", "actor_id": "c"}, "applications": applications})
        .to_string()
}

/// An application as Serve shows it once it runs.
pub fn running(config: &Value) -> Value {
    json!({"name": config["name"], "status": "RUNNING", "source": "declarative", "deployed_app_config": config})
}

/// An application as Serve shows it before it runs.
pub fn deploying(config: &Value) -> Value {
    let mut application = running(config);
    application["status"] = "DEPLOYING".into();
    application
}

/// What Serve shows after `config` was submitted to it.
pub fn deploy(state: &str, config: &str) -> String {
    let mut state: Value = serde_json::from_str(state).unwrap();
    let config: Value = serde_json::from_str(config).unwrap();
    let mut applications = Map::new();
    for (name, application) in state["applications"].as_object().unwrap() {
        if application["source"] == "imperative" {
            applications.insert(name.clone(), application.clone());
        }
    }
    for application in config["applications"].as_array().unwrap() {
        let name = application["name"].as_str().unwrap_or("default");
        applications.insert(name.to_owned(), running(application));
    }
    state["controller_info"] = json!({"node_id": "n", "actor_id": "c"});
    state["applications"] = applications.into();
    state.to_string()
}
