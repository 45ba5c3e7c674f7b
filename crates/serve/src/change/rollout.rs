//! Whether what was submitted runs yet.
//!
//! Ray sets the new state of each application before it answers the PUT (measured on 2.8 and 2.60), so
//! a RUNNING read afterwards is never the previous deployment's.

use serde_json::Value;

use crate::change::expected::is_other;
use crate::change::plan::Change;
use crate::change::states::State;
use crate::config::ServeConfig;
use crate::state::details::{Application, Details};

/// Answers in a row without an application of the config, after which it is lost and not late.
const ABSENT_LIMIT: u32 = 3;

pub struct Rollout {
    /// With the config that was sent, where there was one.
    wanted: Vec<(String, Option<Value>)>,
    removed: Vec<String>,
    controller: Option<String>,
    absent: u32,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Done,
    /// What is missing still, one entry per application.
    Pending(Vec<State>),
    /// This application cannot run as it is.
    Failed(String),
    /// What was submitted is not there any more, and why.
    Lost(String),
    /// Another user has submitted another config for this application.
    Replaced(String),
}

impl Rollout {
    pub fn new(plan: &[(String, Change)], config: Option<&ServeConfig>) -> Self {
        let sent = |name: &str| {
            let mut applications = config?.applications();
            let (_, sent) = applications.find(|(sent, _)| *sent == name)?;
            Some(sent.clone())
        };
        let (removed, wanted): (Vec<_>, Vec<_>) = plan
            .iter()
            .partition(|(_, change)| *change == Change::Removed);
        Self {
            wanted: wanted
                .into_iter()
                .map(|(name, _)| (name.clone(), sent(name)))
                .collect(),
            removed: removed.into_iter().map(|(name, _)| name.clone()).collect(),
            controller: None,
            absent: 0,
        }
    }

    /// Every application's state, finished ones included: for showing.
    pub fn states(&self, details: &Details) -> Vec<State> {
        let wanted = self
            .wanted
            .iter()
            .map(|(name, _)| match details.applications.get(name) {
                None => State::missing(name),
                Some(application) => State::of(name, application),
            });
        let leaving = |name: &String| State::leaving(name, details.applications.get(name));
        let removed = self.removed.iter().map(leaving);
        wanted.chain(removed).collect()
    }

    pub fn judge(&mut self, details: &Details) -> Verdict {
        if let Some(verdict) = self.lost(details) {
            return verdict;
        }
        let has_failed = |name: &String| {
            let application = details.applications.get(name);
            application.is_some_and(Application::has_failed)
        };
        if let Some((name, _)) = self.wanted.iter().find(|(name, _)| has_failed(name)) {
            return Verdict::Failed(name.clone());
        }
        let states = self.states(details);
        if states.iter().all(|state| state.finished) {
            return Verdict::Done;
        }
        Verdict::Pending(states.into_iter().filter(|state| !state.finished).collect())
    }

    fn lost(&mut self, details: &Details) -> Option<Verdict> {
        let known = self.controller.as_deref();
        let restarted = known.is_some() && known != details.controller();
        if self.controller.is_none() {
            self.controller = details.controller().map(str::to_owned);
        }
        let absent: Vec<&str> = self
            .wanted
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| !details.applications.contains_key(*name))
            .collect();
        self.absent = if absent.is_empty() {
            0
        } else {
            self.absent + 1
        };
        if self.absent >= ABSENT_LIMIT {
            let gone = match absent.as_slice() {
                [one] => format!("application/{one} is gone"),
                several => format!("applications {} are gone", several.join(", ")),
            };
            let why = if restarted {
                "Serve was shut down or its head restarted, which loses all applications"
            } else {
                "somebody else submitted another config"
            };
            return Some(Verdict::Lost(format!("{gone}: {why}; submit again")));
        }
        let other = self.wanted.iter().find(|(name, sent)| {
            let application = details.applications.get(name);
            matches!((application, sent), (Some(application), Some(sent)) if is_other(application, sent))
        });
        other.map(|(name, _)| Verdict::Replaced(name.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parsed;
    use serde_json::json;

    fn details(applications: &Value) -> Details {
        on("c", applications)
    }

    fn on(controller: &str, applications: &Value) -> Details {
        let state =
            json!({"controller_info": {"actor_id": controller}, "applications": applications});
        serde_json::from_value(state).unwrap()
    }

    fn rollout() -> Rollout {
        let config = parsed("applications: [{name: a, import_path: 'm:x'}]");
        let plan = [("a".into(), Change::Created), ("b".into(), Change::Removed)];
        Rollout::new(&plan, Some(&config))
    }

    fn lost(rollout: &mut Rollout, details: &Details) -> String {
        let Verdict::Lost(why) = rollout.judge(details) else {
            panic!()
        };
        why
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
            &json!({"a": {"status": "PAUSED", "deployments": {"d": {"status": "HEALTHY", "target_num_replicas": 2, "replicas": [{"state": "RUNNING"}]},
                "e": {"replicas": [{"state": "STARTING"}]}}}}),
        );
        let Verdict::Pending(missing) = rollout().judge(&odd) else {
            panic!()
        };
        assert_eq!(missing[0].state, "PAUSED, 1/2 deployments healthy");
        let deployments = &missing[0].deployments;
        assert_eq!(deployments[0].state, "HEALTHY, 1/2 replicas");
        assert!(!deployments[0].starting && deployments[1].starting);
    }

    #[test]
    fn an_application_that_vanishes_is_a_failure_but_not_at_once() {
        let mut rollout = rollout();
        let empty = details(&json!({}));
        assert!(matches!(rollout.judge(&empty), Verdict::Pending(_)));
        assert!(matches!(rollout.judge(&empty), Verdict::Pending(_)));
        assert_eq!(
            lost(&mut rollout, &empty),
            "application/a is gone: somebody else submitted another config; submit again"
        );
        let why = lost(&mut rollout, &on("another", &json!({})));
        assert!(why.contains("head restarted"), "{why}");
    }

    #[test]
    fn somebody_else_s_config_is_not_waited_for() {
        let theirs =
            json!({"a": {"status": "DEPLOYING", "deployed_app_config": {"import_path": "m:y"}}});
        assert_eq!(
            rollout().judge(&details(&theirs)),
            Verdict::Replaced("a".into())
        );
    }
}
