//! Sends a change of what Serve runs, and looks whether it arrived.
//!
//! Ray takes whole configs and knows no versions: a change that keeps what others submitted is
//! planned from what runs, sent, and planned anew where somebody else's came in between. An answer
//! that is lost says nothing of the config, so what runs is looked at before it is sent again.

use std::time::Duration;

use tokio::time::sleep;

use super::expected::Expected;
use super::plan::Change;
use crate::api::Applications;
use crate::http::error::Error;
use crate::http::{Client, Dial};

/// How often a change is planned anew because somebody else's came in between.
const CONFLICTS: u32 = 5;
/// How often the same config is sent again because the connection broke.
const BROKEN: u32 = 2;
/// Looks at a change that keeps other applications, and the time between them: a submit that read
/// before this one wrote has written by then, Ray takes 0.1 to 1 s for it.
const LOOKS: u32 = 4;
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// What is to be sent, and what comes of it.
pub struct Submission {
    pub plan: Vec<(String, Change)>,
    /// A whole Serve config; nothing where nothing is to be sent.
    pub body: Option<String>,
    pub expected: Expected,
    pub warnings: Vec<String>,
    /// Keeps what others submitted: planned anew where that has changed meanwhile.
    pub merges: bool,
}

/// Why a config that Ray took is no success.
#[derive(Debug)]
pub enum Fault {
    /// Something else runs by now: what.
    ChangedConcurrently(String),
    /// What came of it cannot be seen.
    Unknown(Error),
}

/// Whoever submits: how long it waits for a head, and what it has to bring there.
#[expect(
    async_fn_in_trait,
    reason = "a Dial's futures promise no Send either: whoever uses both runs them in one task"
)]
pub trait Submitter {
    type Dial: Dial;
    type Failure: From<Error>;

    fn client(&mut self) -> &mut Client<Self::Dial>;

    /// What Serve runs, as soon as there is somebody who tells.
    async fn applications(&mut self) -> Result<Applications, Self::Failure>;

    /// Brings what the config refers to. Returns whether time has passed since [`Self::applications`].
    async fn prepare(&mut self) -> Result<bool, Self::Failure>;

    /// Waits a moment where the failure may pass and there is patience left, else gives it back.
    async fn outlive(&mut self, failure: Self::Failure) -> Result<(), Self::Failure>;

    /// Whether it waits for a head that is away, and then sees what comes of its submission.
    fn is_patient(&self) -> bool;

    fn failure(&mut self, fault: Fault) -> Self::Failure;
}

/// Makes a submission of what runs, sends it, and makes it anew where it did not arrive.
pub async fn submit<S: Submitter>(
    submitter: &mut S,
    make: impl Fn(&Applications) -> Result<Submission, S::Failure>,
) -> Result<Submission, S::Failure> {
    let mut conflicts = 0;
    let mut broken = 0;
    let mut doubt = None;
    loop {
        let before = match submitter.applications().await {
            Ok(now) => now,
            // Report the earlier doubtful PUT rather than "head is away": it says more.
            Err(failure) if submitter.is_patient() => return Err(failure),
            Err(failure) => return Err(doubt.unwrap_or(failure)),
        };
        let submission = make(&before)?;
        let Some(body) = &submission.body else {
            return Ok(submission);
        };
        if submitter.prepare().await? {
            continue;
        }
        match submitter.client().deploy(body.clone()).await {
            Ok(()) => {}
            Err(error) if error.is_doubtful() && has_arrived(submitter, &submission).await => {}
            Err(error @ Error::Broken { .. }) if broken < BROKEN => {
                broken += 1;
                doubt = Some(error.into());
                continue;
            }
            Err(error) => {
                submitter.outlive(error.into()).await?;
                continue;
            }
        }
        let Some(difference) = difference(submitter, &submission).await? else {
            return Ok(submission);
        };
        if !submission.merges || conflicts == CONFLICTS {
            return Err(submitter.failure(Fault::ChangedConcurrently(difference)));
        }
        conflicts += 1;
        sleep(backoff(conflicts)).await;
    }
}

async fn has_arrived<S: Submitter>(submitter: &mut S, submission: &Submission) -> bool {
    let now = submitter.client().applications().await;
    now.is_ok_and(|now| submission.expected.difference(&now.details).is_none())
}

async fn difference<S: Submitter>(
    submitter: &mut S,
    submission: &Submission,
) -> Result<Option<String>, S::Failure> {
    let looks = if submission.merges { LOOKS } else { 1 };
    for look in 0..looks {
        if look > 0 {
            sleep(LOOK_AGAIN).await;
        }
        match submitter.client().applications().await {
            Ok(now) => {
                let difference = submission.expected.difference(&now.details);
                if difference.is_some() {
                    return Ok(difference);
                }
            }
            // Whoever waits sees what comes of it.
            Err(error) if submitter.is_patient() && error.may_pass() => break,
            Err(error) => return Err(submitter.failure(Fault::Unknown(error))),
        }
    }
    Ok(None)
}

/// Jittered by process id, so that competing submits do not retry in step.
fn backoff(conflicts: u32) -> Duration {
    let spread = u64::from(std::process::id()) % 7 * 40;
    Duration::from_millis(100 * u64::from(conflicts) + spread)
}
