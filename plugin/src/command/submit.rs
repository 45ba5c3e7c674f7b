//! `submit`: deploys the applications of a Serve config.

use std::time::Duration;

use ray_serve_client::Applications;
use ray_serve_client::change::expected::Expected;
use ray_serve_client::change::plan::{Change, plan};
use ray_serve_client::change::rollout::Rollout;
use ray_serve_client::change::submit::Submission;
use ray_serve_client::config::merge::Kept;
use ray_serve_client::{ServeConfig, change::ignored_settings as settings};
use tokio::time::sleep;

use super::config_file::{self, CheckFlags, Ready};
use super::dry_run::DryRunFlag;
use super::files::FilesArgs;
use super::poll;
use super::session::Session;
use super::status::problems::Problem;
use super::status::traffic;
use super::wait;
use crate::connect::ClusterName;
use crate::connect::flags::{ConnectionFlags, Limit, parse_limit};
use crate::error::Failure;
use crate::output::Ui;
use crate::package::PackageFlags;

const EXAMPLES: &str = "\
Examples:
  # Deploy the applications of a file, remove all others, and wait until they run
  kubectl ray serve submit test-cluster -f serve_config.yaml --wait

  # With the code they need, from this machine
  kubectl ray serve submit test-cluster -f serve_config.yaml --working-dir src --wait

  # Only print what that would do
  kubectl ray serve submit test-cluster -f serve_config.yaml --dry-run=client

  # Deploy the applications of a file and leave all others as they are
  kubectl ray serve submit test-cluster -f fruit.yaml --merge

  # Deploy the applications of all files of a directory, and of one on the web
  kubectl ray serve submit test-cluster -f applications/ -f https://example.com/fruit.yaml

  # From another program
  generate-config | kubectl ray serve submit test-cluster -f -";

/// At traffic that does not arrive.
const LOOKS: u32 = 6;
const LOOK_AGAIN: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Name of the RayCluster
    #[arg(value_name = "CLUSTER")]
    raycluster: ClusterName,
    #[command(flatten)]
    files: FilesArgs,
    /// Leave applications that are not in the files as they are, instead of removing them
    ///
    /// Several people may do so at the same time: a submit that was overwritten is sent again. Ray does
    /// not report tracing_config and controller_options; they take effect when Serve starts, and a running
    /// Serve keeps them.
    #[arg(long)]
    merge: bool,
    #[command(flatten)]
    dry_run: DryRunFlag,
    /// Wait until all applications run and removed ones are gone
    ///
    /// Fails with the cause as soon as an application is DEPLOY_FAILED, or when it has been UNHEALTHY for 30s
    /// without a replica becoming healthy: Ray restarts replicas by itself.
    #[arg(long)]
    wait: bool,
    /// How long --wait waits, such as 90s or 10m; 0 waits forever
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = parse_limit)]
    timeout: Limit,
    #[command(flatten)]
    check: CheckFlags,
    #[command(flatten)]
    code: PackageFlags,
    /// Allow changing a RayCluster that belongs to a RayService or RayJob
    #[arg(long, alias = "force")]
    allow_owned: bool,
}

pub async fn run(args: &Args, connection: &ConnectionFlags, ui: &Ui) -> Result<(), Failure> {
    let Ready {
        sources,
        config,
        packages,
    } = config_file::prepare(
        &args.files,
        connection,
        &args.check,
        &args.code,
        args.dry_run.is_on(),
        ui,
    )
    .await?;
    let session = Session::new(
        connection,
        &args.raycluster,
        ui,
        args.timeout,
        args.allow_owned,
    )?;
    let mut session = session.patient(args.wait).with_code(packages);
    session.look_first().await?;
    args.check
        .on(&mut session.client, &sources, args.code.are_given(), ui)
        .await?;
    let shut_down = session
        .next()
        .serve("delete", &[&args.raycluster.to_string()], "");
    let submission = session
        .submit(|before| submission(args, &config, before, &shut_down))
        .await?;
    for warning in &submission.warnings {
        ui.warning(warning);
    }
    for (application, change) in &submission.plan {
        let suffix = args.dry_run.suffix();
        ui.line(&format!("application/{application} {change}{suffix}"))?;
    }
    if !args.wait || args.dry_run.is_on() {
        return Ok(());
    }
    let rollout = Rollout::new(&submission.plan, Some(&config));
    wait::until_done(&mut session, rollout, "deploying goes on").await?;
    ui.note(&format!(
        "All applications of raycluster/{} are running.",
        args.raycluster
    ));
    let told = async {
        tell_traffic(&mut session).await;
        Ok(())
    };
    poll::interruptible(told).await
}

/// That all run does not say that requests arrive.
async fn tell_traffic(session: &mut Session<'_>) {
    let mut problems = Vec::new();
    // Proxies come up a moment after the replicas they send to.
    for look in 0..LOOKS {
        if look > 0 {
            sleep(LOOK_AGAIN).await;
        }
        let Some(report) = session.report().await else {
            return;
        };
        problems = traffic::problems(&report);
        if problems.is_empty() {
            return;
        }
    }
    for Problem { what, next } in &problems {
        let next = next.as_ref().map(|next| format!("; next: {next}"));
        session
            .ui
            .warning(&format!("{what}{}", next.unwrap_or_default()));
    }
}

fn submission(
    args: &Args,
    config: &ServeConfig,
    before: &Applications,
    shut_down: &str,
) -> Result<Submission, Failure> {
    let mut plan = plan(config, &before.details);
    let body = if args.merge {
        plan.retain(|(_, change)| *change != Change::Removed);
        let listed = |name: &str| config.applications().any(|(listed, _)| listed == name);
        let kept = Kept::read(&before.raw, listed);
        kept.and_then(|kept| kept.body_with(config))
            .map_err(|error| Failure::of(&error))?
    } else {
        config.to_json()
    };
    let ignored = settings::ignored(config, &before.raw);
    let warnings = ignored.into_iter().map(|ignored| {
        format!("{ignored}: a running Serve does not change it; {shut_down} and submit again")
    });
    Ok(Submission {
        plan,
        body: (!args.dry_run.is_on()).then_some(body),
        expected: if args.merge {
            Expected::at_least(config)
        } else {
            Expected::all_of(config)
        },
        warnings: warnings.collect(),
        merges: args.merge,
    })
}
