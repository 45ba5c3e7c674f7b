//! One change of what a cluster's Serve runs: read, plan, send, and look whether it arrived.

use std::ops::ControlFlow::{Break, Continue};
use std::time::Duration;

use ray_serve_client as serve;
use ray_serve_client::Applications;
use ray_serve_client::change::expected::Expected;
use ray_serve_client::change::plan::Change;
use tokio::time::Instant;

use super::poll::{End, Missing, Wait};
use super::reasons::Reasons;
use super::refuse_owned;
use super::status::report::Report;
use crate::connect::client::Client;
use crate::connect::client::client;
use crate::connect::flags::{ConnectionFlags, Limit};
use crate::connect::{ClusterName, Next};
use crate::error::Failure;
use crate::hint::{Hint, both, longer};
use crate::output::{Progress, Ui};
use crate::package::Packages;

/// Minimum time for one request even when the deadline is closer; a healthy Ray needs less.
const GRACE: Duration = Duration::from_secs(2);
const HEAD_POLL: Duration = Duration::from_secs(1);
/// How often a change is planned anew because somebody else's came in between.
const CONFLICTS: u32 = 5;
/// How often the same config is sent again because the connection broke.
const BROKEN: u32 = 2;
/// How often the code is uploaded before it is clear that the cluster does not keep it: heads may
/// be lost meanwhile, but not each time.
const UPLOADS: u32 = 5;
/// Looks at a change that keeps other applications, and the time between them: a submit that read
/// before this one wrote has written by then, Ray takes 0.1 to 1 s for it.
const LOOKS: u32 = 4;
const LOOK_AGAIN: Duration = Duration::from_millis(500);

pub struct Session<'a> {
    pub client: Client,
    pub cluster: &'a ClusterName,
    pub progress: Progress,
    pub ui: &'a Ui,
    deadline: Option<Instant>,
    force: bool,
    /// Waits, up to the deadline, for a head that can answer.
    patient: bool,
    /// What a first look has seen, until something else was done.
    seen: Option<Applications>,
    /// Packages the config refers to, uploaded before the config is sent.
    code: Packages,
}

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

impl<'a> Session<'a> {
    pub fn new(
        connection: &ConnectionFlags,
        cluster: &'a ClusterName,
        ui: &'a Ui,
        timeout: Limit,
        force: bool,
    ) -> Result<Self, Failure> {
        Ok(Self {
            client: client(connection, cluster)?,
            cluster,
            progress: ui.progress(),
            ui,
            deadline: Wait::new(HEAD_POLL, timeout).deadline,
            force,
            patient: false,
            seen: None,
            code: Packages::default(),
        })
    }

    pub fn with_code(mut self, code: Packages) -> Self {
        self.code = code;
        self
    }

    pub fn patient(mut self, patient: bool) -> Self {
        self.patient = patient;
        self
    }

    pub fn is_over(&self) -> bool {
        self.wait(HEAD_POLL).is_over()
    }

    /// A wait up to the deadline of the command.
    pub(super) fn wait(&self, interval: Duration) -> Wait {
        Wait {
            interval,
            deadline: self.deadline,
        }
    }

    /// What Serve runs, or nothing when the deadline comes before the answer.
    pub async fn now(&mut self) -> Result<Option<Applications>, serve::Error> {
        by(self.deadline, self.client.applications()).await
    }

    /// The state of Serve; patience waits for a head that tells it.
    pub async fn applications(&mut self) -> Result<Applications, Failure> {
        let deadline = self.deadline.filter(|_| self.patient);
        let wait = self.wait(HEAD_POLL);
        let look = async || match by(deadline, self.ask()).await {
            Ok(Some(answer)) => Ok(Break(answer)),
            Ok(None) => Ok(Continue(None)),
            Err(failure) => self.bear(failure).map(Some).map(Continue),
        };
        let looked = wait.until(look).await;
        self.progress.clear();
        match looked? {
            End::Came(answer) => Ok(answer),
            End::TimedOut(missing) => Err(self.timed_out(&missing)),
        }
    }

    async fn ask(&mut self) -> Result<Applications, Failure> {
        refuse_owned(self.client.dial_mut(), self.force).await?;
        Ok(self.client.applications().await?)
    }

    pub(super) fn timed_out(&self, missing: &Missing) -> Failure {
        let Missing { what, hint } = missing;
        Failure::Failed(format!(
            "timed out waiting for raycluster/{}: {what}",
            self.cluster
        ))
        .with_hint(longer("--timeout"))
        .with_hint_if(hint.clone())
    }

    /// Whether the head is there and may be changed, before anything else is asked of it.
    pub async fn look(&mut self) -> Result<(), Failure> {
        self.seen = Some(self.applications().await?);
        Ok(())
    }

    /// Commands for messages, which go to the same cluster.
    pub fn next(&self) -> Next {
        self.client.dial().next().clone()
    }

    /// The command that shows what runs.
    pub fn see(&self) -> String {
        self.client
            .dial()
            .next()
            .serve("get", &[&self.cluster.to_string()], "")
    }

    /// What is known of the cluster and its traffic; nothing of a Ray without Kubernetes.
    pub async fn report(&mut self) -> Option<Report> {
        let api = self.client.dial_mut().api()?.clone();
        let client = &mut self.client;
        let mut reasons = Reasons::default();
        let looked = Report::look(Some(&api), client, &mut reasons, self.cluster);
        let mut report = Box::pin(looked).await.ok()?;
        Box::pin(report.ask_proxy(client)).await;
        Some(report)
    }

    /// After Ctrl-C, what goes on without the command, and what shows it.
    pub(super) fn say_goes_on(&self, failure: &Failure, goes_on: &str) {
        if matches!(failure, Failure::Interrupted) {
            let see = self.see();
            self.ui
                .note(&format!("Stopped waiting; {goes_on}. See {see}"));
        }
    }

    /// A lost answer does not tell whether the change got through: says so.
    pub fn in_doubt(&self, failure: Failure) -> Failure {
        let doubt = match &failure {
            Failure::Serve(error) if error.is_doubtful() => "; it may have got through",
            Failure::Serve(serve::Error::BrokeOff { .. }) => "",
            _ => return failure,
        };
        Failure::Failed(format!("{failure}{doubt}"))
            .with_hint_if(both(Some(format!("see {}", self.see())), failure.hint()))
    }

    /// Makes a submission of what runs, sends it, and makes it anew where it did not arrive.
    pub async fn submit(
        &mut self,
        make: impl Fn(&Applications) -> Result<Submission, Failure>,
    ) -> Result<Submission, Failure> {
        let submitted = self.send(make).await;
        submitted.map_err(|failure| self.in_doubt(failure))
    }

    async fn send(
        &mut self,
        make: impl Fn(&Applications) -> Result<Submission, Failure>,
    ) -> Result<Submission, Failure> {
        let mut conflicts = 0;
        let mut broken = 0;
        let mut uploads = 0;
        let mut doubt = None;
        loop {
            let before = match self.seen.take() {
                Some(seen) => seen,
                None => match self.applications().await {
                    Ok(now) => now,
                    // Report the earlier doubtful PUT rather than "head is away": it says more.
                    Err(failure) if self.patient => return Err(failure),
                    Err(failure) => return Err(doubt.unwrap_or(failure)),
                },
            };
            let submission = make(&before)?;
            let Some(body) = &submission.body else {
                return Ok(submission);
            };
            match self.code.upload(&mut self.client, self.ui).await {
                Ok(false) => {}
                // It took its time: what was seen is old.
                Ok(true) => {
                    uploads += 1;
                    self.go_on_after(uploads)?;
                    continue;
                }
                Err(failure) => {
                    self.outlive(failure).await?;
                    continue;
                }
            }
            match self.client.deploy(body.clone()).await {
                Ok(()) => {}
                Err(error) if error.is_doubtful() && self.has_arrived(&submission).await => {}
                Err(error @ serve::Error::Broken { .. }) if broken < BROKEN => {
                    broken += 1;
                    doubt = Some(error.into());
                    continue;
                }
                Err(error) => {
                    self.outlive(error.into()).await?;
                    continue;
                }
            }
            let Some(difference) = self.difference(&submission).await? else {
                return Ok(submission);
            };
            if !submission.merges || conflicts == CONFLICTS {
                return Err(self.conflict(&difference));
            }
            conflicts += 1;
            tokio::time::sleep(backoff(conflicts)).await;
        }
    }

    /// The first upload is what was asked for; more of them are of a cluster that forgets.
    fn go_on_after(&mut self, uploads: u32) -> Result<(), Failure> {
        if uploads > 1 && self.patient && self.is_over() {
            self.progress.clear();
            return Err(self.timed_out(&"it forgets the code that is uploaded".to_owned().into()));
        }
        if uploads < UPLOADS {
            return Ok(());
        }
        self.progress.clear();
        Err(Failure::Failed(format!(
            "raycluster/{} has taken the code {uploads} times and forgotten it again, and nothing was submitted",
            self.cluster
        ))
        .with_hint("see whether its head restarts, and the log of its dashboard"))
    }

    /// Waits a moment if the failure may pass and there is patience left, else gives it back.
    async fn outlive(&mut self, failure: Failure) -> Result<(), Failure> {
        let borne = self.bear(failure);
        if borne.is_err() || self.is_over() {
            self.progress.clear();
        }
        let missing = borne?;
        if self.is_over() {
            return Err(self.timed_out(&missing));
        }
        tokio::time::sleep(HEAD_POLL).await;
        Ok(())
    }

    /// Shows why nobody answers if that may pass and there is patience for it, else gives it back.
    fn bear(&mut self, failure: Failure) -> Result<Missing, Failure> {
        if !self.patient || !failure.may_pass() {
            return Err(failure);
        }
        let missing = Missing::because(&failure);
        if !self.is_over() {
            self.progress.away(&missing.what);
        }
        Ok(missing)
    }

    async fn has_arrived(&mut self, submission: &Submission) -> bool {
        let now = self.client.applications().await;
        now.is_ok_and(|now| submission.expected.difference(&now.details).is_none())
    }

    async fn difference(&mut self, submission: &Submission) -> Result<Option<String>, Failure> {
        let looks = if submission.merges { LOOKS } else { 1 };
        for look in 0..looks {
            if look > 0 {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            match self.client.applications().await {
                Ok(now) => {
                    let difference = submission.expected.difference(&now.details);
                    if difference.is_some() {
                        return Ok(difference);
                    }
                }
                // Whoever waits sees what comes of it.
                Err(error) if self.patient && error.may_pass() => break,
                Err(error) => {
                    return Err(Failure::Failed(format!(
                        "Ray accepted the config for raycluster/{}, but what came of it is unknown: {error}",
                        self.cluster
                    ))
                    .with_hint_if(error.hint()));
                }
            }
        }
        Ok(None)
    }

    fn conflict(&mut self, difference: &str) -> Failure {
        self.progress.clear();
        Failure::Failed(format!(
            "raycluster/{} was changed concurrently: {difference}",
            self.cluster
        ))
        .with_hint(format!("see {} and try again", self.see()))
    }
}

/// Gives nothing when the deadline and some grace have come first.
async fn by<T, E>(
    deadline: Option<Instant>,
    asked: impl Future<Output = Result<T, E>>,
) -> Result<Option<T>, E> {
    match deadline {
        None => asked.await.map(Some),
        Some(deadline) => tokio::time::timeout_at(deadline.max(Instant::now() + GRACE), asked)
            .await
            .map_or(Ok(None), |answered| answered.map(Some)),
    }
}

/// Jittered by process id, so that competing submits do not retry in step.
fn backoff(conflicts: u32) -> Duration {
    let spread = u64::from(std::process::id()) % 7 * 40;
    Duration::from_millis(100 * u64::from(conflicts) + spread)
}
