//! `--wait-for`: for scripts, which want an exit code and not a picture.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::ControlFlow::{Break, Continue};
use std::time::Instant;

use ray_serve_client::Details;
use ray_serve_client::change::rollout::{Rollout, Verdict};
use ray_serve_client::state::details::Application;

use super::POLL;
use crate::command::poll::{self, End, Missing, Wait};
use crate::command::reasons::Reasons;
use crate::connect::client::Client;
use crate::connect::flags::Limit;
use crate::connect::{ClusterName, SUBMIT};
use crate::error::Failure;
use crate::hint::longer;
use crate::output::Ui;

pub(super) async fn until_running(
    client: &mut Client,
    cluster: &ClusterName,
    timeout: Limit,
    ui: &Ui,
) -> Result<(), Failure> {
    let mut progress = ui.progress();
    let submit = client
        .dial()
        .next()
        .serve("submit", &[&cluster.to_string()], SUBMIT);
    let mut rollout = Rollout::of_all();
    let mut reasons = Reasons::default();
    let mut had_some = false;
    let look = async || {
        let details = match client.applications().await {
            Ok(answer) => answer.details,
            Err(error) if error.may_pass() => {
                let missing = Missing::because(&error);
                progress.away(&missing.what);
                return Ok(Continue(Some(missing)));
            }
            Err(error) => return Err(error.into()),
        };
        let verdict = rollout.judge(&details, Instant::now());
        let causes = reasons
            .of_failed(client, &details, Application::has_failed)
            .await;
        let missing = match verdict {
            Verdict::Done => return Ok(Break(())),
            Verdict::Failed(fault) => {
                let name = fault.application();
                return Err(Failure::Failed(because(&fault, name, &details, &causes)));
            }
            Verdict::NoProxy => "no proxy is HEALTHY".to_owned().into(),
            Verdict::Nothing => Missing {
                what: nothing(had_some).to_owned(),
                hint: Some(submit.clone()),
            },
            // Nothing was submitted here that could be lost or replaced.
            Verdict::Pending(_) | Verdict::Lost(_) | Verdict::Replaced(_) => {
                pending(&details, &causes).into()
            }
        };
        had_some |= !details.applications.is_empty();
        let next = missing.hint.as_ref().map(|next| format!(": {next}"));
        progress.waiting(&format!("{}{}", missing.what, next.unwrap_or_default()));
        Ok(Continue(Some(missing)))
    };
    let ended = poll::interruptible(Wait::new(POLL, timeout).until(look)).await;
    progress.clear();
    match ended? {
        End::Came(()) => Ok(()),
        End::TimedOut(Missing { what, hint }) => Err(Failure::Failed(format!(
            "timed out waiting for raycluster/{cluster} to run its applications: {what}"
        ))
        .with_hint(longer("--timeout"))
        .with_hint_if(hint)),
    }
}

/// Why there is nothing to wait for; `had_some` is whether there was.
fn nothing(had_some: bool) -> &'static str {
    if had_some {
        "it runs no application any more: Serve was shut down or its head restarted, which loses all of them, and none comes back by itself"
    } else {
        "it runs no application, and none comes by itself"
    }
}

/// The state of the application that most needs attention.
fn pending(details: &Details, causes: &BTreeMap<String, String>) -> String {
    let Some((name, worst)) = details.worst_application() else {
        return String::new();
    };
    let state = format!("application/{name} is {}", worst.status);
    because(&state, name, details, causes)
}

/// `fact` of an application, with its cause if one is known.
fn because(
    fact: &impl Display,
    name: &str,
    details: &Details,
    causes: &BTreeMap<String, String>,
) -> String {
    let told = || details.applications.get(name)?.problem();
    match causes.get(name).cloned().or_else(told) {
        Some(why) => format!("{fact}: {why}"),
        None => fact.to_string(),
    }
}
