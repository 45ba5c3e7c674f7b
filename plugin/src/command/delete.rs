//! `delete`: removes some applications, or all of them and shuts Serve down.

use ray_serve_client::Applications;
use ray_serve_client::Selection;
use ray_serve_client::change::expected::Expected;
use ray_serve_client::change::plan::Change;
use ray_serve_client::change::rollout::Rollout;
use ray_serve_client::change::submit::Submission;
use ray_serve_client::config::merge::Kept;
use ray_serve_client::state::details::DELETING;
use tokio::time::{Duration, interval};

use super::dry_run::DryRunFlag;
use super::poll;
use super::session::Session;
use super::wait;
use crate::connect::cluster_name::LOCAL;
use crate::connect::flags::{ConnectionFlags, Limit, parse_limit};
use crate::connect::{self, ClusterName};
use crate::error::Failure;
use crate::output::{Row, Ui};

const EXAMPLES: &str = "\
Examples:
  # Remove one application of RayCluster test-cluster and leave the others as they are
  kubectl ray serve delete test-cluster math_app

  # Remove all applications and shut Serve down
  kubectl ray serve delete test-cluster";

const GOES_ON: &str = "the removal goes on";
const REDRAW: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub struct Args {
    /// Name of the RayCluster
    #[arg(value_name = "CLUSTER")]
    raycluster: ClusterName,
    /// Applications to remove; omit them to remove all and shut Serve down
    #[arg(value_name = "APP")]
    applications: Vec<String>,
    /// Succeed if the application or RayCluster does not exist
    #[arg(long)]
    ignore_not_found: bool,
    /// Remove all applications without asking; there is no question if standard input or output is not a
    /// terminal
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    dry_run: DryRunFlag,
    /// Wait until the applications are gone; Ray takes some seconds to shut Serve down
    #[arg(
        long,
        value_name = "BOOL",
        default_value_t = true,
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set
    )]
    wait: bool,
    /// How long to wait until the applications are gone, such as 90s or 10m; 0 waits forever
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = parse_limit)]
    timeout: Limit,
    /// Allow changing a RayCluster that belongs to a RayService or RayJob
    #[arg(long, alias = "force")]
    allow_owned: bool,
}

pub async fn run(args: &Args, connection: &ConnectionFlags, ui: &Ui) -> Result<(), Failure> {
    let mut session = Session::new(
        connection,
        &args.raycluster,
        ui,
        args.timeout,
        args.allow_owned,
    )?;
    let deleted = if args.applications.is_empty() {
        shut_down(args, &mut session).await
    } else {
        remove(args, &mut session).await
    };
    let missing = matches!(
        &deleted,
        Err(Failure::Cluster(connect::Error::NotFound { .. }))
    );
    if missing && args.ignore_not_found {
        ui.note(&format!("raycluster/{} is not there.", args.raycluster));
        return Ok(());
    }
    deleted
}

async fn remove(args: &Args, session: &mut Session<'_>) -> Result<(), Failure> {
    let shut_down = session
        .next()
        .serve("delete", &[&args.raycluster.to_string()], "");
    let submission = session
        .submit(|before| removal(args, before, &shut_down))
        .await?;
    if args.wait && !args.dry_run.is_on() && !submission.plan.is_empty() {
        let rollout = Rollout::new(&submission.plan, None);
        wait::until_done(session, rollout, GOES_ON).await?;
    }
    say_deleted(
        args,
        session.ui,
        submission.plan.iter().map(|(name, _)| name),
    )
}

/// The config that is left when the named applications are taken out of what runs; `shut_down` is
/// the command that removes all of them.
fn removal(args: &Args, before: &Applications, shut_down: &str) -> Result<Submission, Failure> {
    let mut selection = Selection::new(&args.raycluster, &args.applications);
    if args.ignore_not_found {
        selection.be_lenient();
    }
    let mut chosen = before.details.clone();
    selection.apply(&mut chosen)?;
    let running = chosen.applications;
    let known: Vec<String> = running.keys().cloned().collect();
    if let Some(name) = known.iter().find(|name| running[*name].is_imperative()) {
        return Err(Failure::Failed(format!(
            "application/{name} was started from Python (serve.run), which no Serve config removes"
        ))
        .with_hint(format!(
            "end it there with serve.delete(\"{name}\"), or shut Serve down with {shut_down}"
        )));
    }
    let leaving = |name: &String| running[name].status == DELETING;
    let body = if args.dry_run.is_on() || known.iter().all(leaving) {
        None
    } else {
        let kept = Kept::read(&before.raw, |name| known.iter().any(|known| known == name));
        let kept = kept.map_err(|error| Failure::of(&error))?;
        Some(kept.body())
    };
    Ok(Submission {
        expected: Expected::without(&known),
        plan: known
            .into_iter()
            .map(|name| (name, Change::Removed))
            .collect(),
        body,
        warnings: Vec::new(),
        merges: true,
    })
}

async fn shut_down(args: &Args, session: &mut Session<'_>) -> Result<(), Failure> {
    let before = session.look().await?.details;
    if !before.serve_is_running() {
        session.ui.note(&format!(
            "No Serve applications running on raycluster/{}.",
            args.raycluster
        ));
        return Ok(());
    }
    let names: Vec<&String> = before.applications.keys().collect();
    // With --address, which can stand for CLUSTER.
    let meant = args.raycluster.as_str();
    if session.client.dial().api().is_none() && before.applications.contains_key(meant) {
        return Err(Failure::Usage(format!(
            "{meant} is taken for the name of the Ray at --address, and an application of that name runs there"
        ))
        .with_hint(format!(
            "to remove it alone, write delete {LOCAL} {meant}; to remove all, leave {meant} out"
        )));
    }
    if !args.dry_run.is_on() {
        if !args.yes && session.ui.has_a_person() && !session.ui.asks(&question(args, &names)) {
            return Err(Failure::Failed("cancelled: nothing was deleted".to_owned()));
        }
        let rows: Vec<Row> = before
            .applications
            .iter()
            .map(|(name, application)| {
                Row::new(format!("application/{name}"), application.status.clone())
            })
            .collect();
        session.progress.start(&rows);
        end_serve(session).await?;
        if args.wait {
            let removed = |name: &&String| ((*name).clone(), Change::Removed);
            let plan: Vec<_> = names.iter().map(removed).collect();
            wait::until_done(session, Rollout::new(&plan, None), GOES_ON).await?;
        }
    }
    say_deleted(args, session.ui, names.into_iter())?;
    if !args.dry_run.is_on() {
        session.ui.note(&format!(
            "Serve on raycluster/{} is shut down.",
            args.raycluster
        ));
    }
    Ok(())
}

fn question(args: &Args, names: &[&String]) -> String {
    let cluster = &args.raycluster;
    if names.is_empty() {
        return format!("Shut Serve down on raycluster/{cluster}?");
    }
    let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    let all = match names.len() {
        1 => "its application",
        _ => "all its applications",
    };
    format!(
        "Shut Serve down on raycluster/{cluster} and remove {all}: {}?",
        names.join(", ")
    )
}

/// Ray answers when Serve is down, which takes it 5 s, but it may give up waiting for a replica.
async fn end_serve(session: &mut Session<'_>) -> Result<(), Failure> {
    let mut clock = interval(REDRAW);
    let (client, progress) = (&mut session.client, &mut session.progress);
    let ending = async {
        let mut ending = std::pin::pin!(client.shut_down());
        loop {
            tokio::select! {
                ended = &mut ending => return Ok(ended),
                _ = clock.tick() => progress.tick(),
            }
        }
    };
    let ended = poll::interruptible(ending).await;
    session.progress.clear();
    match ended.inspect_err(|failure| session.say_goes_on(failure, GOES_ON))? {
        Ok(()) => Ok(()),
        // A lost answer: what matters is whether Serve still runs.
        Err(error) if error.is_doubtful() => match session.client.applications().await {
            Ok(now) if !now.details.serve_is_running() => Ok(()),
            _ => Err(session.in_doubt(error.into())),
        },
        Err(error) => Err(error.into()),
    }
}

fn say_deleted<'a>(
    args: &Args,
    ui: &Ui,
    names: impl Iterator<Item = &'a String>,
) -> Result<(), Failure> {
    for name in names {
        ui.line(&format!(
            "application/{name} deleted{}",
            args.dry_run.suffix()
        ))?;
    }
    Ok(())
}
