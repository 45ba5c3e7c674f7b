//! One change of what a cluster's Serve runs: read, plan, send, and look whether it arrived.

use std::ops::ControlFlow::{Break, Continue};
use std::time::Duration;

use ray_serve_client as serve;
use ray_serve_client::Applications;
use ray_serve_client::change::submit::{self, Fault, Submission, Submitter};
use tokio::time::Instant;

use super::poll::{End, Missing, Wait};
use super::reasons::Reasons;
use super::refuse_owned;
use super::status::report::Report;
use crate::connect::client::Client;
use crate::connect::client::client;
use crate::connect::flags::{ConnectionFlags, Limit};
use crate::connect::{ClusterName, Next, Target};
use crate::error::Failure;
use crate::hint::{Hint, both, longer};
use crate::output::{Progress, Ui};
use crate::package::Packages;

/// Minimum time for one request even when the deadline is closer; a healthy Ray needs less.
const GRACE: Duration = Duration::from_secs(2);
const HEAD_POLL: Duration = Duration::from_secs(1);
/// How often the code is uploaded before it is clear that the cluster does not keep it: heads may
/// be lost meanwhile, but not each time.
const UPLOADS: u32 = 5;

pub struct Session<'a> {
    pub client: Client,
    pub cluster: &'a ClusterName,
    pub progress: Progress,
    pub ui: &'a Ui,
    deadline: Option<Instant>,
    allow_owned: bool,
    /// Waits, up to the deadline, for a head that can answer.
    patient: bool,
    /// What a first look has seen, until something else was done.
    seen: Option<Applications>,
    /// Packages the config refers to, uploaded before the config is sent.
    code: Packages,
    /// How often the cluster has taken them.
    uploads: u32,
}

impl<'a> Session<'a> {
    pub fn new(
        connection: &ConnectionFlags,
        cluster: &'a ClusterName,
        ui: &'a Ui,
        timeout: Limit,
        allow_owned: bool,
    ) -> Result<Self, Failure> {
        Ok(Self {
            client: client(connection, cluster)?,
            cluster,
            progress: ui.progress(),
            ui,
            deadline: Wait::new(HEAD_POLL, timeout).deadline,
            allow_owned,
            patient: false,
            seen: None,
            code: Packages::default(),
            uploads: 0,
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
    pub async fn look(&mut self) -> Result<Applications, Failure> {
        let deadline = self.deadline.filter(|_| self.patient);
        let wait = self.wait(HEAD_POLL);
        let look = async || match by(deadline, self.ask()).await {
            Ok(Some(answer)) => Ok(Break(answer)),
            Ok(None) => Ok(Continue(None)),
            Err(failure) => {
                let missing = self.bear(failure)?;
                if !self.is_over() {
                    self.progress.away(&missing.what);
                }
                Ok(Continue(Some(missing)))
            }
        };
        let looked = wait.until(look).await;
        self.progress.clear();
        match looked? {
            End::Came(answer) => Ok(answer),
            End::TimedOut(missing) => Err(self.timed_out(&missing)),
        }
    }

    async fn ask(&mut self) -> Result<Applications, Failure> {
        refuse_owned(self.client.dial_mut(), self.allow_owned).await?;
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
    pub async fn look_first(&mut self) -> Result<(), Failure> {
        self.seen = Some(self.look().await?);
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
        let submitted = submit::submit(self, make).await;
        submitted.map_err(|failure| self.in_doubt(failure))
    }

    /// The first upload is what was asked for; more of them are of a cluster that forgets.
    fn go_on_after_upload(&mut self) -> Result<(), Failure> {
        self.uploads += 1;
        let uploads = self.uploads;
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

    /// Why nobody answers, if that may pass and there is patience for it, else the failure.
    fn bear(&self, failure: Failure) -> Result<Missing, Failure> {
        if self.patient && failure.may_pass() {
            Ok(Missing::because(&failure))
        } else {
            Err(failure)
        }
    }
}

impl Submitter for Session<'_> {
    type Dial = Target;
    type Failure = Failure;

    fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    async fn applications(&mut self) -> Result<Applications, Failure> {
        match self.seen.take() {
            Some(seen) => Ok(seen),
            None => self.look().await,
        }
    }

    async fn prepare(&mut self) -> Result<bool, Failure> {
        match self.code.upload(&mut self.client, self.ui).await {
            Ok(false) => return Ok(false),
            Ok(true) => self.go_on_after_upload()?,
            Err(failure) => self.outlive(failure).await?,
        }
        Ok(true)
    }

    async fn outlive(&mut self, failure: Failure) -> Result<(), Failure> {
        let missing = match self.bear(failure) {
            Ok(missing) if !self.is_over() => missing,
            ended => {
                self.progress.clear();
                return Err(match ended {
                    Ok(missing) => self.timed_out(&missing),
                    Err(failure) => failure,
                });
            }
        };
        self.progress.away(&missing.what);
        tokio::time::sleep(HEAD_POLL).await;
        Ok(())
    }

    fn is_patient(&self) -> bool {
        self.patient
    }

    fn failure(&mut self, fault: Fault) -> Failure {
        self.progress.clear();
        match fault {
            Fault::ChangedConcurrently(difference) => Failure::Failed(format!(
                "raycluster/{} was changed concurrently: {difference}",
                self.cluster
            ))
            .with_hint(format!("see {} and try again", self.see())),
            Fault::Unknown(error) => Failure::Failed(format!(
                "Ray accepted the config for raycluster/{}, but what came of it is unknown: {error}",
                self.cluster
            ))
            .with_hint_if(error.hint()),
        }
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
