//! The applications of one RayCluster.

use std::time::{Duration, SystemTime};

use ray_serve_client::Applications;
use ray_serve_client::state::camel_case::camel_case;
use ray_serve_client::state::details::{Application, Details};
use serde_json::Value;

use super::{Args, Format};
use crate::command::poll;
use crate::connect::ClusterName;
use crate::connect::client::Client;
use crate::error::Failure;
use crate::output::{Cell, Changes, Table, Tone, UNKNOWN, Ui, age, since};

const POLL: Duration = Duration::from_secs(1);

/// What of an application is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Columns {
    /// A message too, where any has one.
    Normal,
    Wide,
    /// Always the same ones: rows that are told later belong below the first headings.
    Watched,
    WatchedWide,
}

pub async fn once(
    args: &Args,
    cluster: &ClusterName,
    mut client: Client,
    ui: &Ui,
) -> Result<(), Failure> {
    let mut answer = client.applications().await?;
    args.selection(cluster).apply(&mut answer.details)?;
    let details = &answer.details;
    if details.applications.is_empty() {
        ui.note(&format!(
            "No Serve applications running on raycluster/{cluster}."
        ));
    }
    match args.output {
        Format::Raw if ui.is_terminal() => ui.json_text(&String::from_utf8_lossy(&answer.raw)),
        Format::Raw => ui.data(&answer.raw),
        Format::Json => ui.json(&document(&answer)?),
        Format::Yaml => ui.yaml(&document(&answer)?),
        Format::Name => details
            .applications
            .keys()
            .try_for_each(|name| ui.line(&format!("application/{name}"))),
        _ if details.applications.is_empty() => Ok(()),
        Format::Table => show(args, details, Columns::Normal, ui),
        Format::Wide => show(args, details, Columns::Wide, ui),
    }
}

fn show(args: &Args, details: &Details, columns: Columns, ui: &Ui) -> Result<(), Failure> {
    let table = table(details, columns, SystemTime::now());
    ui.data(table.render(args.look(ui)).as_bytes())
}

pub async fn watch(
    args: &Args,
    cluster: &ClusterName,
    mut client: Client,
    ui: &Ui,
) -> Result<(), Failure> {
    let columns = match args.output {
        Format::Wide => Columns::WatchedWide,
        _ => Columns::Watched,
    };
    let mut selection = args.selection(cluster);
    let mut changes = Changes::new(1);
    let ask = async || Ok(client.applications().await?);
    let show = |mut answer: Applications, _| {
        selection.apply(&mut answer.details)?;
        // One that was there may go, and come again.
        selection.be_lenient();
        let table = table(&answer.details, columns, SystemTime::now());
        ui.data(changes.since_last(&table, args.look(ui)).as_bytes())
    };
    poll::watch(POLL, &format!("raycluster/{cluster}"), ui, ask, show).await
}

/// Ray's answer in camelCase, with the chosen applications only.
fn document(answer: &Applications) -> Result<Value, Failure> {
    let mut value: Value =
        serde_json::from_slice(&answer.raw).map_err(|error| Failure::Failed(error.to_string()))?;
    if let Some(applications) = value["applications"].as_object_mut() {
        applications.retain(|name, _| answer.details.applications.contains_key(name));
    }
    Ok(camel_case(value))
}

pub fn table(details: &Details, columns: Columns, now: SystemTime) -> Table {
    let problems: Vec<Option<String>> = details
        .applications
        .values()
        .map(Application::problem)
        .collect();
    let wide = matches!(columns, Columns::Wide | Columns::WatchedWide);
    let watched = matches!(columns, Columns::Watched | Columns::WatchedWide);
    let with_problems = watched || problems.iter().any(Option::is_some);
    let mut headings = vec![
        "APPLICATION",
        "STATUS",
        "ROUTE",
        "DEPLOYMENTS",
        "REPLICAS",
        "LAST DEPLOYED",
    ];
    if wide {
        headings.extend(["IMPORT PATH", "SOURCE", "DOCS"]);
    }
    if with_problems {
        headings.push("MESSAGE");
    }
    let mut table = Table::new(&headings);
    for ((name, application), problem) in details.applications.iter().zip(problems) {
        let mut row = vec![
            name.as_str().into(),
            Cell::state(&application.status),
            Cell::or_none(application.route_prefix.as_deref()),
            format!(
                "{}/{}",
                application.healthy_deployments(),
                application.deployments.len()
            )
            .into(),
            replicas(application).into(),
            Cell::aging(&last_deployed(application, now)),
        ];
        if wide {
            row.extend([
                Cell::or_none(application.import_path()),
                application.source.as_deref().unwrap_or(UNKNOWN).into(),
                Cell::or_none(application.docs_path.as_deref()),
            ]);
        }
        if with_problems {
            row.push(Cell::new(&problem.unwrap_or_default(), Tone::Bad));
        }
        table.row(row);
    }
    table
}

fn replicas(application: &Application) -> String {
    let running = application.running_replicas();
    match application.target_replicas() {
        Some(target) => format!("{running}/{target}"),
        None => running.to_string(),
    }
}

fn last_deployed(application: &Application, now: SystemTime) -> String {
    let since = application
        .last_deployed_time_s
        .and_then(|seconds| since(seconds, now));
    since.map_or_else(|| UNKNOWN.to_owned(), |since| format!("{} ago", age(since)))
}
