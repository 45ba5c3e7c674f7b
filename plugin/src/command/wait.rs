//! Waiting until what was submitted runs, or what was removed is gone.

use std::collections::BTreeMap;
use std::time::Duration;

use ray_serve_client::causes::version_before;
use ray_serve_client::causes::{self, Told};
use ray_serve_client::change::rollout::{Fault, Rollout, Verdict};
use ray_serve_client::change::states::State;
use ray_serve_client::state::details::{Application, Details, UNHEALTHY};
use tokio::time::Instant;

use super::session::Session;
use super::status::report::{self, Report};
use crate::error::Failure;
use crate::output::{Part, Row};

const POLL: Duration = Duration::from_millis(500);
/// Ray is asked why when a replica has been starting for this long, and then as often.
const ASK_WHY: Duration = Duration::from_secs(5);

/// Ends when the rollout does, with its failure, or at the deadline; Ctrl-C ends it too.
///
/// `goes_on` is what does not stop with the waiting: "deploying goes on".
pub async fn until_done(
    session: &mut Session<'_>,
    rollout: Rollout,
    goes_on: &str,
) -> Result<(), Failure> {
    let interrupted = tokio::select! {
        waited = poll(session, rollout, goes_on) => Some(waited),
        _ = tokio::signal::ctrl_c() => None,
    };
    session.progress.clear();
    interrupted.unwrap_or_else(|| {
        session.ui.note(&format!(
            "Stopped waiting; {goes_on}. See {}",
            session.see()
        ));
        Err(Failure::Interrupted)
    })
}

async fn poll(
    session: &mut Session<'_>,
    mut rollout: Rollout,
    goes_on: &str,
) -> Result<(), Failure> {
    let mut reasons = Reasons::default();
    let mut shown = false;
    let mut missing = "there is no answer".to_owned();
    loop {
        missing = match session.now().await {
            Ok(Some(answer)) => {
                let details = answer.details;
                let states = rollout.states(&details);
                let verdict = rollout.judge(&details, Instant::now().into_std());
                // What is finished at first sight needs no line of its own.
                if shown || verdict != Verdict::Done {
                    reasons.ask(session, &details, &states).await;
                    session.progress.show(&rows(&states, &reasons));
                    shown = true;
                }
                match verdict {
                    Verdict::Done => return Ok(()),
                    Verdict::Lost(why) => return Err(Failure::Failed(why)),
                    Verdict::Replaced(name) => {
                        return Err(Failure::Failed(format!(
                            "application/{name} has another config by now: somebody else submitted it, see {}",
                            session.see()
                        )));
                    }
                    Verdict::Failed(fault) => return Err(failed(session, &details, &fault).await),
                    Verdict::Pending(pending) => summary(&pending, &reasons),
                    // Not of what was submitted.
                    Verdict::NoProxy | Verdict::Nothing => missing,
                }
            }
            Ok(None) => missing,
            // The head may be restarting or the tunnel cut: the next answer tells.
            Err(error) if error.may_pass() => {
                session.progress.away(&error.to_string());
                error.to_string()
            }
            Err(error) => return Err(error.into()),
        };
        if session.is_over() {
            return Err(session.timed_out(&format!("{missing}; {goes_on}")));
        }
        tokio::time::sleep(POLL).await;
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

/// Why applications and deployments wait, as far as Ray has told.
#[derive(Default)]
struct Reasons {
    unhealthy: BTreeMap<String, String>,
    causes: report::Reasons,
    known: BTreeMap<(String, String), String>,
    asked: Option<Instant>,
}

impl Reasons {
    async fn ask(&mut self, session: &mut Session<'_>, details: &Details, states: &[State]) {
        // Ray restarts their replicas by itself: the cause is shown while it does.
        let is_unhealthy = |application: &Application| application.status == UNHEALTHY;
        let causes = &mut self.causes;
        let unhealthy = causes.of_failed(&mut session.client, details, is_unhealthy);
        self.unhealthy = unhealthy.await;
        let starting: Vec<(&str, &str)> = states
            .iter()
            .flat_map(|state| {
                let starting = state.deployments.iter().filter(|it| it.starting);
                starting.map(|deployment| (state.application.as_str(), deployment.name.as_str()))
            })
            .collect();
        self.known.retain(|(application, name), _| {
            starting.contains(&(application.as_str(), name.as_str()))
        });
        if starting.is_empty() {
            self.asked = None;
            return;
        }
        let asked = *self.asked.get_or_insert_with(Instant::now);
        // Before giving up too, so that the last word has the reason in it.
        if asked.elapsed() < ASK_WHY && !session.is_over() {
            return;
        }
        self.asked = Some(Instant::now());
        let told = Told::ask(&mut session.client, details).await;
        for (application, name) in starting {
            if let Some(why) = told.about(details, application, name) {
                let deployment = (application.to_owned(), name.to_owned());
                self.known.insert(deployment, why);
            }
        }
    }

    fn of(&self, application: &str, name: &str) -> Option<&String> {
        self.known.get(&(application.to_owned(), name.to_owned()))
    }
}

fn rows(states: &[State], reasons: &Reasons) -> Vec<Row> {
    let row = |state: &State| Row {
        subject: format!("application/{}", state.application),
        state: match reasons.unhealthy.get(&state.application) {
            Some(why) => format!("{}: {why}", state.state),
            None => state.state.clone(),
        },
        done: state.finished,
        parts: state
            .deployments
            .iter()
            .map(|deployment| Part {
                subject: format!("deployment/{}", deployment.name),
                state: deployment.state.clone(),
                trouble: reasons.of(&state.application, &deployment.name).cloned(),
            })
            .collect(),
    };
    states.iter().map(row).collect()
}

fn summary(pending: &[State], reasons: &Reasons) -> String {
    let states = pending.iter().map(|state| {
        // One reason is often that of many deployments.
        let mut whys: Vec<(&String, Vec<&str>)> = Vec::new();
        for deployment in &state.deployments {
            let Some(why) = reasons.of(&state.application, &deployment.name) else {
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
        let unhealthy = reasons.unhealthy.get(&state.application);
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
