//! Whether what was submitted runs yet.
//!
//! Ray sets the new state of each application before it answers the PUT (measured on 2.8 and 2.60), so
//! a RUNNING read afterwards is never the previous deployment's.

use super::details::Details;
use super::plan::Change;

/// Answers in a row without an application of the config, after which it is lost and not late.
const ABSENT_LIMIT: u32 = 3;

pub struct Rollout {
    wanted: Vec<String>,
    removed: Vec<String>,
    absent: u32,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Done,
    /// What is missing still, one entry per application.
    Pending(Vec<State>),
    Failed(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    pub application: String,
    pub state: String,
    pub finished: bool,
}

impl Rollout {
    pub fn new(plan: &[(String, Change)]) -> Self {
        let named = |wanted: bool| {
            let names = plan
                .iter()
                .filter(move |(_, change)| (*change != Change::Removed) == wanted);
            names.map(|(name, _)| name.clone()).collect()
        };
        Self {
            wanted: named(true),
            removed: named(false),
            absent: 0,
        }
    }

    /// Every application's state, finished ones included: for showing.
    pub fn states(&self, details: &Details) -> Vec<State> {
        let wanted = self
            .wanted
            .iter()
            .map(|name| match details.applications.get(name) {
                None => State {
                    application: name.clone(),
                    state: "not there yet".to_owned(),
                    finished: false,
                },
                Some(application) => {
                    let total = application.deployments.len();
                    let state = if application.is_running() || total == 0 {
                        application.status.clone()
                    } else {
                        let healthy = application.healthy_deployments();
                        format!(
                            "{}, {healthy}/{total} deployments healthy",
                            application.status
                        )
                    };
                    State {
                        application: name.clone(),
                        state,
                        finished: application.is_running(),
                    }
                }
            });
        let removed = self
            .removed
            .iter()
            .map(|name| match details.applications.get(name) {
                None => State {
                    application: name.clone(),
                    state: "removed".to_owned(),
                    finished: true,
                },
                Some(application) => State {
                    application: name.clone(),
                    state: application.status.clone(),
                    finished: false,
                },
            });
        wanted.chain(removed).collect()
    }

    pub fn judge(&mut self, details: &Details) -> Verdict {
        for name in &self.wanted {
            let Some(application) = details
                .applications
                .get(name)
                .filter(|application| application.has_failed())
            else {
                continue;
            };
            let problem = application
                .problem()
                .unwrap_or_else(|| "Ray gives no reason".to_owned());
            return Verdict::Failed(format!(
                "application/{name} is {}: {problem}",
                application.status
            ));
        }
        let lost: Vec<&str> = self
            .wanted
            .iter()
            .filter(|name| !details.applications.contains_key(*name))
            .map(String::as_str)
            .collect();
        self.absent = if lost.is_empty() { 0 } else { self.absent + 1 };
        if self.absent >= ABSENT_LIMIT {
            return Verdict::Failed(format!(
                "{} gone: the head was restarted or somebody else submitted another config; submit again",
                match lost.as_slice() {
                    [one] => format!("application/{one} is"),
                    several => format!("applications {} are", several.join(", ")),
                }
            ));
        }
        let states = self.states(details);
        if states.iter().all(|state| state.finished) {
            return Verdict::Done;
        }
        Verdict::Pending(states.into_iter().filter(|state| !state.finished).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn details(applications: &Value) -> Details {
        serde_json::from_value(json!({ "applications": applications })).unwrap()
    }

    fn rollout() -> Rollout {
        Rollout::new(&[("a".into(), Change::Created), ("b".into(), Change::Removed)])
    }

    #[test]
    fn done_is_all_running_and_the_removed_gone() {
        let a = json!({"status": "RUNNING"});
        assert_eq!(rollout().judge(&details(&json!({ "a": a }))), Verdict::Done);
        let leaving = details(&json!({"a": a, "b": {"status": "DELETING"}}));
        let Verdict::Pending(missing) = rollout().judge(&leaving) else {
            panic!()
        };
        assert_eq!(
            (missing[0].application.as_str(), missing[0].state.as_str()),
            ("b", "DELETING")
        );
    }

    #[test]
    fn an_unknown_state_is_shown_and_waited_for() {
        let odd = details(
            &json!({"a": {"status": "PAUSED", "deployments": {"d": {"status": "HEALTHY"}, "e": {}}}}),
        );
        let Verdict::Pending(missing) = rollout().judge(&odd) else {
            panic!()
        };
        assert_eq!(missing[0].state, "PAUSED, 1/2 deployments healthy");
    }

    #[test]
    fn an_application_that_vanishes_is_a_failure_but_not_at_once() {
        let mut rollout = rollout();
        let empty = details(&json!({}));
        assert!(matches!(rollout.judge(&empty), Verdict::Pending(_)));
        assert!(matches!(rollout.judge(&empty), Verdict::Pending(_)));
        let Verdict::Failed(why) = rollout.judge(&empty) else {
            panic!()
        };
        assert!(why.starts_with("application/a is gone"), "{why}");
    }
}
