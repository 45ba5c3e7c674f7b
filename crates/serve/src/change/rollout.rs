//! The one judge of a rollout: what was expected, what Ray says and when, and what follows from it.
//!
//! Ray sets the new state of each application before it answers the PUT (measured on 2.8 and 2.60), so
//! a RUNNING read afterwards is never the previous deployment's. Nothing here asks Ray or a clock.

use std::fmt::{self, Display, Formatter};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::change::expected::is_other;
use crate::change::plan::Change;
use crate::change::states::State;
use crate::change::unhealthy::Unhealthy;
use crate::config::ServeConfig;
use crate::state::details::{DEPLOY_FAILED, Details, UNHEALTHY};
use crate::text::seconds;

/// Answers in a row without an application of the config, after which it is lost and not late.
const ABSENT_LIMIT: u32 = 3;
/// How long an application may be UNHEALTHY without a replica becoming healthy. Ray restarts
/// replicas by itself, and needs seconds for each, so a shorter time would end waits that come true.
pub const UNHEALTHY_LIMIT: Duration = Duration::from_secs(30);

pub struct Rollout {
    goal: Goal,
    controller: Option<String>,
    absent: u32,
    unhealthy: Unhealthy,
}

enum Goal {
    /// A change that was sent.
    Change {
        /// With the config that was sent, where there was one.
        wanted: Vec<(String, Option<Value>)>,
        removed: Vec<String>,
    },
    /// All applications that there are run, and requests reach them.
    AllServe,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Done,
    /// What is missing still, one entry per application.
    Pending(Vec<State>),
    /// All applications run, but no proxy takes requests for them yet.
    NoProxy,
    /// There is no application, and none comes by itself.
    Nothing,
    /// One application cannot run as it is.
    Failed(Fault),
    /// What was submitted is not there any more, and why.
    Lost(String),
    /// Another user has submitted another config for this application.
    Replaced(String),
}

/// What ends a rollout, and the application that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    DeployFailed(String),
    /// UNHEALTHY for [`UNHEALTHY_LIMIT`].
    StaysUnhealthy(String),
}

impl Fault {
    pub fn application(&self) -> &str {
        match self {
            Self::DeployFailed(name) | Self::StaysUnhealthy(name) => name,
        }
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::DeployFailed(name) => write!(f, "application/{name} is {DEPLOY_FAILED}"),
            Self::StaysUnhealthy(name) => write!(
                f,
                "application/{name} has been {UNHEALTHY} for {}",
                seconds(UNHEALTHY_LIMIT)
            ),
        }
    }
}

impl Rollout {
    /// The rollout of `plan`, with the config that was sent.
    pub fn new(plan: &[(String, Change)], config: Option<&ServeConfig>) -> Self {
        let sent = |name: &str| {
            let mut applications = config?.applications();
            let (_, sent) = applications.find(|(sent, _)| *sent == name)?;
            Some(sent.clone())
        };
        let (removed, wanted): (Vec<_>, Vec<_>) = plan
            .iter()
            .partition(|(_, change)| *change == Change::Removed);
        Self::towards(Goal::Change {
            wanted: wanted
                .into_iter()
                .map(|(name, _)| (name.clone(), sent(name)))
                .collect(),
            removed: removed.into_iter().map(|(name, _)| name.clone()).collect(),
        })
    }

    /// The rollout of whatever there is, whoever sent it.
    pub fn of_all() -> Self {
        Self::towards(Goal::AllServe)
    }

    fn towards(goal: Goal) -> Self {
        Self {
            goal,
            controller: None,
            absent: 0,
            unhealthy: Unhealthy::new(UNHEALTHY_LIMIT),
        }
    }

    /// Every application's state, finished ones included: for showing.
    pub fn states(&self, details: &Details) -> Vec<State> {
        let applications = &details.applications;
        match &self.goal {
            Goal::AllServe => applications
                .iter()
                .map(|(name, application)| State::of(name, application))
                .collect(),
            Goal::Change { wanted, removed } => {
                let wanted = wanted.iter().map(|(name, _)| match applications.get(name) {
                    None => State::missing(name),
                    Some(application) => State::of(name, application),
                });
                let leaving = |name: &String| State::leaving(name, applications.get(name));
                wanted.chain(removed.iter().map(leaving)).collect()
            }
        }
    }

    /// What follows from one look at `now`; looks are in the order of time.
    pub fn judge(&mut self, details: &Details, now: Instant) -> Verdict {
        if let Some(verdict) = self.lost(details) {
            return verdict;
        }
        let wanted = self.wanted(details);
        let has_failed = |name: &String| {
            let application = details.applications.get(name);
            application.is_some_and(|application| application.status == DEPLOY_FAILED)
        };
        if let Some(name) = wanted.iter().find(|name| has_failed(name)) {
            return Verdict::Failed(Fault::DeployFailed(name.clone()));
        }
        let stay = self.unhealthy.look(details, now);
        if let Some(name) = stay.into_iter().find(|name| wanted.contains(name)) {
            return Verdict::Failed(Fault::StaysUnhealthy(name));
        }
        let states = self.states(details);
        if !states.iter().all(|state| state.finished) {
            return Verdict::Pending(states.into_iter().filter(|state| !state.finished).collect());
        }
        match self.goal {
            Goal::Change { .. } => Verdict::Done,
            Goal::AllServe if states.is_empty() => Verdict::Nothing,
            Goal::AllServe if details.takes_requests() => Verdict::Done,
            Goal::AllServe => Verdict::NoProxy,
        }
    }

    fn wanted(&self, details: &Details) -> Vec<String> {
        match &self.goal {
            Goal::AllServe => details.applications.keys().cloned().collect(),
            Goal::Change { wanted, .. } => wanted.iter().map(|(name, _)| name.clone()).collect(),
        }
    }

    fn lost(&mut self, details: &Details) -> Option<Verdict> {
        let known = self.controller.as_deref();
        let restarted = known.is_some() && known != details.controller();
        if self.controller.is_none() {
            self.controller = details.controller().map(str::to_owned);
        }
        let Goal::Change { wanted, .. } = &self.goal else {
            return None;
        };
        let absent: Vec<&str> = wanted
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
            return Some(Verdict::Lost(format!("{gone}: {why}")));
        }
        let other = wanted.iter().find(|(name, sent)| {
            let application = details.applications.get(name);
            matches!((application, sent), (Some(application), Some(sent)) if is_other(application, sent))
        });
        other.map(|(name, _)| Verdict::Replaced(name.clone()))
    }
}

#[cfg(test)]
mod tests;
