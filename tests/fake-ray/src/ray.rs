//! A dashboard that plays a scenario, and what was sent to it.

use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;

use crate::scenario::Scenario;
use crate::server::{Pace, Reply, Server};

pub struct Ray {
    pub server: Server,
    scenario: Arc<Mutex<Scenario>>,
}

impl Ray {
    /// A dashboard in this state, or one that plays a scenario.
    pub fn with(scenario: impl Into<Scenario>) -> Self {
        Self::start(scenario, |handler| Server::start(handler))
    }

    pub fn of_version(version: &'static str, scenario: impl Into<Scenario>) -> Self {
        Self::start(scenario, |handler| Server::of_ray(version, handler))
    }

    /// One that reads what requests carry no faster than this.
    pub fn slow(pace: Pace, scenario: impl Into<Scenario>) -> Self {
        Self::start(scenario, |handler| Server::slow(pace, handler))
    }

    fn start(
        scenario: impl Into<Scenario>,
        serve: impl FnOnce(Box<dyn FnMut(&crate::Request) -> Reply + Send>) -> Server,
    ) -> Self {
        let scenario = Arc::new(Mutex::new(scenario.into()));
        let shared = Arc::clone(&scenario);
        let server = serve(Box::new(move |request| {
            let mut scenario = shared.lock().unwrap();
            scenario.answer(&request.path, request)
        }));
        Self { server, scenario }
    }

    fn scenario(&self) -> MutexGuard<'_, Scenario> {
        self.scenario.lock().unwrap()
    }

    /// Shows this state from now on, and answers again if it was away.
    pub fn show(&self, state: impl Into<String>) {
        self.scenario().show(state.into());
    }

    /// Answers looks at Serve with this until `show` is called.
    pub fn goes_away(&self, answer: impl FnMut() -> Reply + Send + Clone + 'static) {
        self.scenario().refuse_looks(answer);
    }

    /// How many faults of the scenario have not happened yet.
    pub fn faults_left(&self) -> usize {
        self.scenario().faults_left()
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    pub fn state(&self) -> Value {
        serde_json::from_str(self.scenario().state()).unwrap()
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
        let configs = requests
            .filter(|request| request.method == "PUT" && request.path == crate::APPLICATIONS);
        configs.map(|request| request.body).collect()
    }

    /// The methods of all requests that are no looks, in order.
    pub fn changes(&self) -> Vec<String> {
        let mut methods = self.server.methods();
        methods.retain(|method| method != "GET");
        methods
    }
}
