//! `config`: what runs, as a Serve config that can be submitted again.

use clap::ValueEnum;
use ray_serve_client::Selection;
use ray_serve_client::config::running::RunningConfig;
use serde_json::Value;

use crate::connect::ClusterName;
use crate::connect::client::client;
use crate::connect::flags::ConnectionFlags;
use crate::error::Failure;
use crate::output::{Ui, one_line};
use crate::safe::visible_yaml;

const EXAMPLES: &str = "\
Examples:
  # What runs on RayCluster test-cluster, to keep
  kubectl ray serve config test-cluster > serve_config.yaml

  # The same on another one
  kubectl ray serve config test-cluster | kubectl ray serve submit other-cluster -f -";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Name of the RayCluster
    #[arg(value_name = "CLUSTER")]
    raycluster: ClusterName,
    /// Names of applications (default: all)
    #[arg(value_name = "APP")]
    applications: Vec<String>,
    /// Output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Yaml,
    Json,
}

pub async fn run(args: &Args, connection: &ConnectionFlags, ui: &Ui) -> Result<(), Failure> {
    let cluster = &args.raycluster;
    let mut client = client(connection, cluster)?;
    let mut answer = client.applications().await?;
    Selection::new(cluster, &args.applications).apply(&mut answer.details)?;
    let all: Value =
        serde_json::from_slice(&answer.raw).map_err(|error| Failure::Failed(error.to_string()))?;
    let running = RunningConfig::new(&all, &answer.details);
    if answer.details.applications.is_empty() {
        ui.note(&format!(
            "No Serve applications running on raycluster/{cluster}."
        ));
    }
    for (name, application) in &answer.details.applications {
        if application.has_failed() {
            ui.warning(&format!(
                "application/{name} is {}: this is the config that failed, which is not what answers requests",
                application.status
            ));
        }
    }
    for missing in &running.missing {
        ui.warning(&format!("not in this config: {missing}"));
    }
    match args.output {
        Format::Json => {
            ui.note(&running.limits);
            ui.json(&running.config)
        }
        Format::Yaml => {
            let heading = format!("Serve config of what runs on raycluster/{cluster}.");
            let mut text = comment(&heading) + &comment(&running.limits);
            for missing in &running.missing {
                text.push_str(&comment(&format!("Not in it: {missing}.")));
            }
            ui.data((text + &visible_yaml(&running.config)).as_bytes())
        }
    }
}

/// One line, whatever Ray or a user put into it: the next would be read as YAML.
fn comment(text: &str) -> String {
    format!("# {}\n", one_line(text))
}
