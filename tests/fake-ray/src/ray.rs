//! A dashboard whose Serve does at once what it is told, unless a test comes in between.

use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};

use crate::server::{Reply, Request, Server};

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

pub struct Ray {
    pub server: Server,
    state: Arc<Mutex<String>>,
}

impl Ray {
    pub fn with(state: impl Into<String>) -> Self {
        Self::meddled_with(state, |_, _, _| None)
    }

    /// `meddle` sees each request with how many of its method came before to Serve, and may change the state
    /// or answer in Ray's place.
    pub fn meddled_with(
        state: impl Into<String>,
        mut meddle: impl FnMut(&Request, usize, &mut String) -> Option<Reply> + Send + 'static,
    ) -> Self {
        let state = Arc::new(Mutex::new(state.into()));
        let shared = Arc::clone(&state);
        let mut counts: Map<String, Value> = Map::new();
        let server = Server::start(move |request| {
            let mut state = shared.lock().unwrap();
            if !request.path.starts_with("/api/serve/") {
                let reply = meddle(request, 0, &mut state);
                return reply.unwrap_or_else(|| Reply::Answer(404, "404: Not Found".into()));
            }
            let count = counts.get(&request.method).and_then(Value::as_u64);
            let before = usize::try_from(count.unwrap_or(0)).unwrap();
            counts.insert(request.method.clone(), json!(before + 1));
            if let Some(reply) = meddle(request, before, &mut state) {
                return reply;
            }
            match request.method.as_str() {
                "GET" => return Reply::ok(state.clone()),
                "PUT" => *state = deploy(&state, &request.body),
                _ => IDLE.clone_into(&mut state),
            }
            Reply::ok("")
        });
        Self { server, state }
    }

    pub fn state(&self) -> Value {
        serde_json::from_str(&self.state.lock().unwrap()).unwrap()
    }

    /// The names of the applications that run.
    pub fn applications(&self) -> Vec<String> {
        let state = self.state();
        let applications = state["applications"].as_object().unwrap();
        let mut names: Vec<String> = applications.keys().cloned().collect();
        names.sort();
        names
    }

    /// The bodies of all submits, in order.
    pub fn submitted(&self) -> Vec<String> {
        let requests = self.server.requests().into_iter();
        requests
            .filter(|request| request.method == "PUT")
            .map(|request| request.body)
            .collect()
    }
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
