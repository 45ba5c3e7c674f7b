//! Waiting until what was submitted runs, or what was removed is gone.

use std::collections::BTreeMap;
use std::ops::ControlFlow::{Break, Continue};
use std::time::{Duration, Instant};

use ray_serve_client::causes::{self, version_before};
use ray_serve_client::change::rollout::{Fault, Rollout, Verdict};
use ray_serve_client::change::states::State;
use ray_serve_client::state::details::{Application, Details, UNHEALTHY};

use super::poll::{self, End, Missing};
use super::reasons::Reasons;
use super::session::Session;
use super::status::report::Report;
use crate::error::Failure;
use crate::output::{Part, Row};

const POLL: Duration = Duration::from_millis(500);

/// Ends when the rollout does, with its failure, or at the deadline; Ctrl-C ends it too.
///
/// `goes_on` is what does not stop with the waiting: "deploying goes on".
pub async fn until_done(
    session: &mut Session<'_>,
    rollout: Rollout,
    goes_on: &str,
) -> Result<(), Failure> {
    let waited = poll::interruptible(until_verdict(session, rollout, goes_on)).await;
    session.progress.clear();
    waited.inspect_err(|failure| session.say_goes_on(failure, goes_on))
}

async fn until_verdict(
    session: &mut Session<'_>,
    mut rollout: Rollout,
    goes_on: &str,
) -> Result<(), Failure> {
    let mut reasons = Reasons::default();
    let mut shown = false;
    let wait = session.wait(POLL);
    let look = async || {
        let news = match session.now().await {
            Ok(Some(answer)) => {
                let details = answer.details;
                let states = rollout.states(&details);
                let verdict = rollout.judge(&details, Instant::now());
                // What is finished at first sight needs no line of its own.
                let mut why = Why::default();
                if shown || verdict != Verdict::Done {
                    why = Why::ask(&mut reasons, session, &details, &states).await;
                    session.progress.show(&rows(&states, &why));
                    shown = true;
                }
                match verdict {
                    Verdict::Done => return Ok(Break(())),
                    Verdict::Pending(pending) => Some(summary(&pending, &why).into()),
                    // Not of what was submitted.
                    Verdict::NoProxy | Verdict::Nothing => None,
                    Verdict::Lost(why) => {
                        return Err(Failure::Failed(why).with_hint("submit again"));
                    }
                    Verdict::Replaced(name) => {
                        return Err(Failure::Failed(format!(
                            "application/{name} has another config by now: somebody else submitted it"
                        ))
                        .with_hint(format!("see {}", session.see())));
                    }
                    Verdict::Failed(fault) => return Err(failed(session, &details, &fault).await),
                }
            }
            Ok(None) => None,
            // The head may be restarting or the tunnel cut: the next answer tells.
            Err(error) if error.may_pass() => {
                session.progress.away(&error.to_string());
                Some(Missing::because(&error))
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Continue(news))
    };
    match wait.until(look).await? {
        End::Came(()) => Ok(()),
        End::TimedOut(Missing { what, hint }) => {
            let what = format!("{what}; {goes_on}");
            Err(session.timed_out(&Missing { what, hint }))
        }
    }
}

async fn failed(session: &mut Session<'_>, details: &Details, fault: &Fault) -> Failure {
    let name = fault.application();
    let Some(application) = details.applications.get(name) else {
        return Failure::Failed(format!("application/{name} is gone"));
    };
    let why = causes::of_failure(&mut session.client, name, application).await;
    let report = session.report().await;
    let proxy = report.as_ref().and_then(Report::proxy);
    let before = version_before::told(name, application, proxy);
    let before = before.map_or_else(String::new, |before| format!("; {before}"));
    Failure::Failed(format!("{fault}: {why}{before}"))
}

/// Why applications and deployments wait, at one look.
#[derive(Default)]
struct Why {
    unhealthy: BTreeMap<String, String>,
    starting: BTreeMap<(String, String), String>,
}

impl Why {
    async fn ask(
        reasons: &mut Reasons,
        session: &mut Session<'_>,
        details: &Details,
        states: &[State],
    ) -> Self {
        // Before giving up too, so that the last word has the reason in it.
        let hurry = session.is_over();
        let client = &mut session.client;
        // Ray restarts their replicas by itself: the cause is shown while it does.
        let is_unhealthy = |application: &Application| application.status == UNHEALTHY;
        let unhealthy = reasons.of_failed(client, details, is_unhealthy).await;
        let starting: Vec<(String, String)> = states
            .iter()
            .flat_map(|state| {
                let starting = state.deployments.iter().filter(|it| it.starting);
                starting.map(|deployment| (state.application.clone(), deployment.name.clone()))
            })
            .collect();
        let starting = reasons.of_starting(client, details, &starting, hurry).await;
        Self {
            unhealthy,
            starting,
        }
    }

    fn of(&self, application: &str, name: &str) -> Option<&String> {
        let deployment = (application.to_owned(), name.to_owned());
        self.starting.get(&deployment)
    }
}

fn rows(states: &[State], why: &Why) -> Vec<Row> {
    let row = |state: &State| Row {
        subject: format!("application/{}", state.application),
        state: match why.unhealthy.get(&state.application) {
            Some(cause) => format!("{}: {cause}", state.state),
            None => state.state.clone(),
        },
        done: state.finished,
        parts: state
            .deployments
            .iter()
            .map(|deployment| Part {
                subject: format!("deployment/{}", deployment.name),
                state: deployment.state.clone(),
                trouble: why.of(&state.application, &deployment.name).cloned(),
            })
            .collect(),
    };
    states.iter().map(row).collect()
}

fn summary(pending: &[State], known: &Why) -> String {
    let states = pending.iter().map(|state| {
        // One reason is often that of many deployments.
        let mut whys: Vec<(&String, Vec<&str>)> = Vec::new();
        for deployment in &state.deployments {
            let Some(why) = known.of(&state.application, &deployment.name) else {
                continue;
            };
            match whys.iter_mut().find(|(known, _)| *known == why) {
                Some((_, names)) => names.push(&deployment.name),
                None => whys.push((why, vec![&deployment.name])),
            }
        }
        let whys = whys
            .iter()
            .map(|(why, names)| format!(" ({}: {why})", names.join(", ")));
        let unhealthy = known.unhealthy.get(&state.application);
        let unhealthy = unhealthy.map(|why| format!(": {why}"));
        format!(
            "application/{} is {}{}{}",
            state.application,
            state.state,
            unhealthy.unwrap_or_default(),
            whys.collect::<String>()
        )
    });
    states.collect::<Vec<_>>().join("; ")
}
