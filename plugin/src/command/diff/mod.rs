//! `diff`: what a submit would change.

mod external;

use ray_serve_client::change::ignored_settings;
use ray_serve_client::change::plan::Change;

use super::config_file::{self, CheckFlags, Ready};
use super::files::FilesArgs;
use crate::check::difference::{Difference, differences};
use crate::connect::ClusterName;
use crate::connect::client::client;
use crate::connect::flags::ConnectionFlags;
use crate::error::Failure;
use crate::output::{Side, Ui, unified};
use crate::package::PackageFlags;
use crate::safe;

const EXAMPLES: &str = "\
Examples:
  # What submitting this file would change
  kubectl ray serve diff test-cluster -f serve_config.yaml

  # The same, side by side
  KUBECTL_EXTERNAL_DIFF=\"diff -y\" kubectl ray serve diff test-cluster -f serve_config.yaml

Applications that the files lack are shown as removed. Values of environment variables are masked.
KUBECTL_EXTERNAL_DIFF names a program that compares two directories, as for kubectl diff.

Exit code: 0 without differences, 1 with differences, more than 1 for an error.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Name of the RayCluster
    #[arg(value_name = "CLUSTER")]
    raycluster: ClusterName,
    #[command(flatten)]
    files: FilesArgs,
    /// Compare for submit --merge, which keeps applications that are not in the file
    #[arg(long)]
    merge: bool,
    #[command(flatten)]
    check: CheckFlags,
    #[command(flatten)]
    code: PackageFlags,
    /// Show the values of environment variables, which may be secret
    #[arg(long)]
    show_env: bool,
}

pub async fn run(args: &Args, connection: &ConnectionFlags, ui: &Ui) -> Result<(), Failure> {
    let (ready, differences) = find(args, connection, ui)
        .await
        .map_err(Failure::instead_of_differences)?;
    if differences.is_empty() {
        return Ok(());
    }
    match external::program() {
        None => show(args, &ready, &differences, ui)?,
        Some(program) => {
            external::run(&program, &differences, ui)
                .await
                .map_err(Failure::instead_of_differences)?;
        }
    }
    Err(Failure::Told)
}

async fn find(
    args: &Args,
    connection: &ConnectionFlags,
    ui: &Ui,
) -> Result<(Ready, Vec<Difference>), Failure> {
    // The code is only packed, to know what it would be called on the cluster.
    let ready =
        config_file::prepare(&args.files, connection, &args.check, &args.code, false, ui).await?;
    let mut client = client(connection, &args.raycluster)?;
    let running = client.applications().await?;
    args.check
        .on(&mut client, &ready.sources, args.code.are_given(), ui)
        .await?;
    for ignored in ignored_settings::ignored(&ready.config, &running.raw) {
        ui.warning(&format!("{ignored}: a running Serve does not change it"));
    }
    let mut differences = differences(&ready.config, &running.details, args.show_env);
    if args.merge {
        differences.retain(|one| one.change != Change::Removed);
    }
    Ok((ready, differences))
}

fn show(args: &Args, ready: &Ready, differences: &[Difference], ui: &Ui) -> Result<(), Failure> {
    for Difference {
        application,
        before,
        after,
        ..
    } in differences
    {
        let file = ready.files_of(application);
        let application = safe::name(application);
        let diff = unified(
            Side {
                name: &format!(
                    "application/{application} on raycluster/{}",
                    args.raycluster
                ),
                text: before,
            },
            Side {
                name: &format!("application/{application} in {}", safe::name(&file)),
                text: after,
            },
            ui.style(),
        );
        ui.data(diff.as_bytes())?;
    }
    Ok(())
}
