use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::ValueEnum;
use serde_json::Value;

use crate::cluster::ClusterName;
use crate::cluster::flags::ConnectionFlags;
use crate::error::Failure;
use crate::output::{Table, Ui, age};
use crate::serve::camel_case::camel_case;
use crate::serve::client::Applications;
use crate::serve::details::{Application, Details};
use crate::yaml;

const EXAMPLES: &str = "\
Examples:
  # The applications of RayCluster test-cluster
  kubectl ray serve get test-cluster

  # Everything Ray knows about them, for a script
  kubectl ray serve get test-cluster -o json | jq -r '.applications[].status'

  # Of a Ray without Kubernetes
  kubectl ray serve get local --address http://127.0.0.1:8265";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Name of the RayCluster
    #[arg(value_name = "CLUSTER")]
    raycluster: ClusterName,
    /// Output format; raw is Ray's answer byte for byte
    #[arg(
        short,
        long,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        hide_possible_values = false
    )]
    output: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Table,
    Json,
    Yaml,
    Raw,
}

pub async fn run(args: &Args, connection: &ConnectionFlags, ui: &Ui) -> Result<(), Failure> {
    let mut client = super::client(connection, &args.raycluster)?;
    let answer = client.applications().await?;
    if answer.details.applications.is_empty() {
        ui.note(&format!(
            "No Serve applications running on raycluster/{}.",
            args.raycluster
        ));
    }
    match args.output {
        Format::Raw => ui.data(&answer.raw),
        Format::Json => {
            let text = serde_json::to_string_pretty(&document(&answer)?);
            let text = text.map_err(|error| Failure::Failed(error.to_string()))?;
            ui.data(format!("{text}\n").as_bytes())
        }
        Format::Yaml => ui.data(yaml::to_string(&document(&answer)?).as_bytes()),
        Format::Table if answer.details.applications.is_empty() => Ok(()),
        Format::Table => ui.data(table(&answer.details, SystemTime::now()).as_bytes()),
    }
}

fn document(answer: &Applications) -> Result<Value, Failure> {
    let value =
        serde_json::from_slice(&answer.raw).map_err(|error| Failure::Failed(error.to_string()))?;
    Ok(camel_case(value))
}

pub fn table(details: &Details, now: SystemTime) -> String {
    let problems: Vec<Option<String>> = details
        .applications
        .values()
        .map(Application::problem)
        .collect();
    let with_problems = problems.iter().any(Option::is_some);
    let mut headings = vec![
        "APPLICATION",
        "STATUS",
        "ROUTE",
        "DEPLOYMENTS",
        "REPLICAS",
        "LAST DEPLOYED",
    ];
    if with_problems {
        headings.push("MESSAGE");
    }
    let mut table = Table::new(&headings);
    for ((name, application), problem) in details.applications.iter().zip(problems) {
        let running = application.running_replicas();
        let mut row = vec![
            name.clone(),
            application.status.clone(),
            application
                .route_prefix
                .clone()
                .unwrap_or_else(|| "<none>".to_owned()),
            format!(
                "{}/{}",
                application.healthy_deployments(),
                application.deployments.len()
            ),
            application.target_replicas().map_or_else(
                || running.to_string(),
                |target| format!("{running}/{target}"),
            ),
            last_deployed(application, now),
        ];
        if with_problems {
            row.push(problem.unwrap_or_default());
        }
        table.row(&row);
    }
    table.render()
}

fn last_deployed(application: &Application, now: SystemTime) -> String {
    let seconds = application
        .last_deployed_time_s
        .filter(|seconds| *seconds > 0.0);
    let at = seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .and_then(|since| UNIX_EPOCH.checked_add(since));
    // A head whose clock is ahead of ours deployed "0s" ago.
    at.map_or_else(
        || "<unknown>".to_owned(),
        |at| format!("{} ago", age(now.duration_since(at).unwrap_or_default())),
    )
}
