use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use super::validate::CheckFlags;
use crate::cluster::ClusterName;
use crate::cluster::flags::{ConnectionFlags, Limit, parse_limit};
use crate::error::Failure;
use crate::output::{Progress, Ui};
use crate::package::{self, PackageFlags};
use crate::serve::plan::{Change, plan};
use crate::serve::rollout::{Rollout, State, Verdict};
use crate::serve::source::Source;
use crate::serve::{self, Client, Details};

const EXAMPLES: &str = "\
Examples:
  # Deploy the applications of a file, remove all others, and wait until they run
  kubectl ray serve submit test-cluster -f serve_config.yaml --wait

  # From another program
  generate-config | kubectl ray serve submit test-cluster -f -";

const POLL: Duration = Duration::from_millis(500);
const HEAD_POLL: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Name of the RayCluster
    #[arg(value_name = "CLUSTER")]
    raycluster: ClusterName,
    /// Serve config in YAML or JSON; - reads standard input
    #[arg(short, long, value_name = "FILE")]
    filename: PathBuf,
    /// Wait until all applications run and removed ones are gone
    #[arg(long)]
    wait: bool,
    /// How long --wait waits, such as 90s or 10m; 0 is for ever
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = parse_limit)]
    timeout: Limit,
    #[command(flatten)]
    check: CheckFlags,
    #[command(flatten)]
    code: PackageFlags,
    /// Also on a RayCluster that belongs to a RayService
    #[arg(long)]
    force: bool,
}

pub async fn run(args: &Args, connection: &ConnectionFlags, ui: &Ui) -> Result<(), Failure> {
    let source = Source::read(&args.filename)?;
    let uploads_code = args.code.are_given();
    args.check.before(&source, uploads_code, ui)?;
    let mut config = source.config()?;
    let packages = package::pack(&mut config, &args.code, &args.filename, ui)?;
    let mut submission = Submission {
        client: super::client(connection, &args.raycluster)?,
        cluster: &args.raycluster,
        deadline: args.timeout.0.map(|limit| Instant::now() + limit),
        progress: ui.progress(),
        ui,
    };

    let before = if args.wait {
        // Until then nothing was deployed, so there is nothing to say about Ctrl-C.
        submission.wait_for_head(args.force).await?
    } else {
        super::refuse_owned(submission.client.dashboard(), args.force).await?;
        submission.client.applications().await?.details
    };
    args.check
        .on(&mut submission.client, &source, uploads_code, ui)
        .await?;
    let plan = plan(&config, &before);
    packages.upload(&mut submission.client, ui).await?;
    submission.client.deploy(config.to_json()).await?;
    for (application, change) in &plan {
        ui.line(&format!("application/{application} {change}"))?;
    }
    if !args.wait {
        return Ok(());
    }
    tokio::select! {
        waited = submission.wait_for(&plan) => waited,
        _ = tokio::signal::ctrl_c() => {
            ui.note(&format!(
                "Stopped waiting; deploying goes on. See kubectl ray serve get {}.",
                args.raycluster
            ));
            Err(Failure::Interrupted)
        }
    }
}

struct Submission<'a> {
    client: Client,
    cluster: &'a ClusterName,
    deadline: Option<Instant>,
    progress: Progress,
    ui: &'a Ui,
}

impl Submission<'_> {
    fn is_over(&self) -> bool {
        self.deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// The state of Serve, as soon as there is a head that tells it.
    async fn wait_for_head(&mut self, force: bool) -> Result<Details, Failure> {
        loop {
            let result = match super::refuse_owned(self.client.dashboard(), force).await {
                Ok(()) => self.client.applications().await.map_err(Failure::from),
                Err(failure) => Err(failure),
            };
            match result {
                Ok(answer) => {
                    self.progress.clear();
                    return Ok(answer.details);
                }
                Err(failure) if may_pass(&failure) && !self.is_over() => {
                    self.progress.waiting(&failure.to_string());
                }
                Err(failure) => {
                    self.progress.clear();
                    return Err(failure);
                }
            }
            tokio::time::sleep(HEAD_POLL).await;
        }
    }

    async fn wait_for(&mut self, plan: &[(String, Change)]) -> Result<(), Failure> {
        let mut rollout = Rollout::new(plan);
        loop {
            let missing = match self.client.applications().await {
                Ok(answer) => {
                    self.progress.show(&lines(&rollout.states(&answer.details)));
                    match rollout.judge(&answer.details) {
                        Verdict::Done => break,
                        Verdict::Failed(why) => return Err(self.failed(why)),
                        Verdict::Pending(pending) => summary(&pending),
                    }
                }
                // The head may be restarting or the tunnel cut: the next answer tells.
                Err(error) if error.may_pass() => {
                    self.progress.waiting(&error.to_string());
                    error.to_string()
                }
                Err(error) => return Err(self.failed(error.to_string())),
            };
            if self.is_over() {
                return Err(self.failed(format!(
                    "timed out (--timeout) waiting for raycluster/{}: {missing}; deploying goes on",
                    self.cluster
                )));
            }
            tokio::time::sleep(POLL).await;
        }
        self.progress.clear();
        self.ui.note(&format!(
            "All applications of raycluster/{} are running.",
            self.cluster
        ));
        Ok(())
    }

    fn failed(&mut self, why: String) -> Failure {
        self.progress.clear();
        Failure::Failed(why)
    }
}

fn may_pass(failure: &Failure) -> bool {
    match failure {
        Failure::Cluster(error) => error.may_pass(),
        Failure::Serve(error) => serve::Error::may_pass(error),
        _ => false,
    }
}

fn lines(states: &[State]) -> Vec<(String, String)> {
    states
        .iter()
        .map(|state| {
            (
                format!("application/{}", state.application),
                state.state.clone(),
            )
        })
        .collect()
}

fn summary(pending: &[State]) -> String {
    let states = pending
        .iter()
        .map(|state| format!("application/{} is {}", state.application, state.state));
    states.collect::<Vec<_>>().join("; ")
}
