use std::time::Duration;

use tokio::time::Instant;

use crate::cluster::ClusterName;
use crate::cluster::flags::{ConnectionFlags, Limit, parse_limit};
use crate::error::Failure;
use crate::output::Ui;

const EXAMPLES: &str = "\
Examples:
  # Remove all applications of RayCluster test-cluster and shut Serve down
  kubectl ray serve delete test-cluster";

const POLL: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Name of the RayCluster
    #[arg(value_name = "CLUSTER")]
    raycluster: ClusterName,
    /// How long to wait until the applications are gone; 0 is for ever
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = parse_limit)]
    timeout: Limit,
    /// Also on a RayCluster that belongs to a RayService
    #[arg(long)]
    force: bool,
}

pub async fn run(args: &Args, connection: &ConnectionFlags, ui: &Ui) -> Result<(), Failure> {
    let started = Instant::now();
    let mut client = super::client(connection, &args.raycluster)?;
    super::refuse_owned(client.dashboard(), args.force).await?;
    let before = client.applications().await?.details;
    if !before.serve_is_running() {
        ui.note(&format!(
            "No Serve applications running on raycluster/{}.",
            args.raycluster
        ));
        return Ok(());
    }
    // Ray answers when Serve is down, which takes it 5 s, but it may give up waiting for a replica.
    client.shut_down().await?;
    while let still = client.applications().await?.details.applications
        && !still.is_empty()
    {
        if args
            .timeout
            .0
            .is_some_and(|limit| started.elapsed() >= limit)
        {
            let names: Vec<String> = still.into_keys().collect();
            return Err(Failure::Failed(format!(
                "timed out waiting for {} to be gone from raycluster/{}; the removal goes on",
                names.join(", "),
                args.raycluster
            )));
        }
        tokio::time::sleep(POLL).await;
    }
    for name in before.applications.keys() {
        ui.line(&format!("application/{name} deleted"))?;
    }
    ui.note(&format!(
        "Serve on raycluster/{} is shut down.",
        args.raycluster
    ));
    Ok(())
}
