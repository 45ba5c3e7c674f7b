//! A line for each annotated RayCluster, their heads asked side by side.
//!
//! Three lists tell what Kubernetes knows of all clusters, so that a cluster without a ready head
//! costs no request of its own. Heads that look ready are asked a few at a time.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use kuberay::resource::QUALIFIED;
use ray_serve_client::Details;
use serde_json::{Value, json};

use super::heads::{ask, key};
use super::{Args, Format};
use crate::command::poll;
use crate::connect::flags::ConnectionFlags;
use crate::connect::head;
use crate::connect::serve_service::{self, Service};
use crate::connect::{self, Api, RayCluster, Scope, raycluster};
use crate::error::Failure;
use crate::output::{Cell, Changes, Table, Tone, UNKNOWN, Ui, age};

const POLL: Duration = Duration::from_secs(5);

/// What became of one RayCluster.
pub struct Line {
    pub cluster: RayCluster,
    /// `None` where services may not be listed.
    pub service: Option<Vec<Service>>,
    /// Serve's state, or why it is not known.
    pub serve: Result<Details, String>,
}

pub async fn once(args: &Args, connection: &ConnectionFlags, ui: &Ui) -> Result<(), Failure> {
    let api = Api::connect(connection)?;
    let scope = scope(args, &api);
    let clusters = raycluster::list(&api, &scope, args.selector.as_deref()).await?;
    let all = clusters.len();
    let clusters = annotated(clusters);
    if clusters.is_empty() {
        ui.note(&none_found(&scope, all));
    }
    if args.output == Format::Name {
        // Nothing of it needs a head.
        return clusters
            .iter()
            .try_for_each(|cluster| ui.line(&format!("{QUALIFIED}/{}", cluster.metadata.name)));
    }
    let lines = look(&api, &scope, clusters, connection.request_timeout.0).await?;
    match args.output {
        Format::Json => ui.json(&document(&lines)),
        Format::Yaml => ui.yaml(&document(&lines)),
        _ if lines.is_empty() => Ok(()),
        _ => {
            let table = table(&lines, args.all_namespaces, false, SystemTime::now());
            ui.data(table.render(args.look(ui)).as_bytes())
        }
    }
}

pub async fn watch(args: &Args, connection: &ConnectionFlags, ui: &Ui) -> Result<(), Failure> {
    let api = Api::connect(connection)?;
    let scope = scope(args, &api);
    let mut changes = Changes::new(if args.all_namespaces { 2 } else { 1 });
    let ask = async || {
        let clusters = raycluster::list(&api, &scope, args.selector.as_deref()).await?;
        let clusters = annotated(clusters);
        Ok(look(&api, &scope, clusters, connection.request_timeout.0).await?)
    };
    let show = |lines: Vec<Line>, _| {
        let table = table(&lines, args.all_namespaces, true, SystemTime::now());
        ui.data(changes.since_last(&table, args.look(ui)).as_bytes())
    };
    poll::watch(POLL, "The Kubernetes API server", ui, ask, show).await
}

fn scope(args: &Args, api: &Api) -> Scope {
    if args.all_namespaces {
        Scope::All
    } else {
        Scope::Namespace(api.namespace().to_owned())
    }
}

fn annotated(mut clusters: Vec<RayCluster>) -> Vec<RayCluster> {
    clusters.retain(RayCluster::is_annotated);
    clusters
}

fn none_found(scope: &Scope, all: usize) -> String {
    let found = match scope {
        Scope::All => "No annotated RayClusters found.".to_owned(),
        Scope::Namespace(name) => {
            format!("No annotated RayClusters found in {name} namespace.")
        }
    };
    match all {
        0 => found,
        1 => format!(
            "{found} One is there without the annotation {}.",
            annotation()
        ),
        all => format!(
            "{found} {all} are there without the annotation {}.",
            annotation()
        ),
    }
}

fn annotation() -> String {
    use kuberay::labels::{ANNOTATION, ANNOTATION_ON};
    format!("{ANNOTATION}: \"{ANNOTATION_ON}\"")
}

async fn look(
    api: &Api,
    scope: &Scope,
    clusters: Vec<RayCluster>,
    limit: Option<Duration>,
) -> Result<Vec<Line>, connect::Error> {
    if clusters.is_empty() {
        return Ok(Vec::new());
    }
    let (heads, services) = tokio::join!(head::all(api, scope), serve_service::list(api, scope));
    let heads = heads?;
    // A nicety, for which not everybody has the right.
    let services = services.ok().map(by_cluster);
    let answers = ask(api, &clusters, heads, limit).await;
    let lines = clusters.into_iter().zip(answers).map(|(cluster, serve)| {
        let service = services
            .as_ref()
            .map(|services| services.get(&key(&cluster)).cloned().unwrap_or_default());
        Line {
            cluster,
            service,
            serve,
        }
    });
    Ok(lines.collect())
}

fn by_cluster(services: Vec<Service>) -> HashMap<(String, String), Vec<Service>> {
    let mut sorted: HashMap<_, Vec<Service>> = HashMap::new();
    for service in services {
        if let Some(cluster) = service.cluster() {
            let key = (service.metadata.namespace.clone(), cluster.to_owned());
            sorted.entry(key).or_default().push(service);
        }
    }
    sorted
}

impl Line {
    fn status(&self) -> Option<&str> {
        let (_, application) = self.serve.as_ref().ok()?.worst_application()?;
        Some(&application.status)
    }

    /// Why not all is well, if there is a reason.
    fn message(&self) -> Option<String> {
        let details = match &self.serve {
            Ok(details) => details,
            Err(why) => return Some(why.clone()),
        };
        let (name, worst) = details.worst_application()?;
        Some(format!("{name}: {}", worst.problem()?))
    }

    fn services(&self) -> Cell {
        match &self.service {
            None => UNKNOWN.into(),
            Some(services) => {
                let names: Vec<&str> = services
                    .iter()
                    .map(|service| service.metadata.name.as_str())
                    .collect();
                Cell::or_none((!names.is_empty()).then(|| names.join(",")).as_deref())
            }
        }
    }

    fn age(&self, now: SystemTime) -> String {
        let created = self.cluster.metadata.creation_timestamp.as_ref();
        created.map_or_else(
            || UNKNOWN.to_owned(),
            |created| {
                let created = SystemTime::from(created.0);
                age(now.duration_since(created).unwrap_or_default())
            },
        )
    }
}

/// `watched`: with all columns that there may ever be.
pub fn table(lines: &[Line], namespaces: bool, watched: bool, now: SystemTime) -> Table {
    let messages: Vec<Option<String>> = lines.iter().map(Line::message).collect();
    let with_messages = watched || messages.iter().any(Option::is_some);
    let mut headings = vec![
        "NAME",
        "APPLICATIONS",
        "STATUS",
        "RAY VERSION",
        "PROXIES",
        "SERVE SERVICE",
        "AGE",
    ];
    if namespaces {
        headings.insert(0, "NAMESPACE");
    }
    if with_messages {
        headings.push("MESSAGE");
    }
    let mut table = Table::new(&headings);
    for (line, message) in lines.iter().zip(messages) {
        let metadata = &line.cluster.metadata;
        let mut row: Vec<Cell> = Vec::new();
        if namespaces {
            row.push(metadata.namespace.as_str().into());
        }
        row.push(metadata.name.as_str().into());
        let version = line.cluster.spec.ray_version.as_deref().unwrap_or(UNKNOWN);
        row.extend(match &line.serve {
            Ok(details) => [
                format!(
                    "{}/{}",
                    details.running_applications(),
                    details.applications.len()
                )
                .into(),
                line.status()
                    .map_or_else(|| Cell::or_none(None), Cell::state),
                version.into(),
                format!("{}/{}", details.healthy_proxies(), details.proxies.len()).into(),
            ],
            Err(_) => [
                UNKNOWN.into(),
                Cell::new(UNKNOWN, Tone::Bad),
                version.into(),
                UNKNOWN.into(),
            ],
        });
        row.extend([line.services(), Cell::aging(&line.age(now))]);
        if with_messages {
            row.push(Cell::new(&message.unwrap_or_default(), Tone::Bad));
        }
        table.row(row);
    }
    table
}

/// For scripts; described by `schema/get-list.schema.json`.
pub fn document(lines: &[Line]) -> Value {
    let items: Vec<Value> = lines.iter().map(item).collect();
    json!({ "items": items })
}

fn item(line: &Line) -> Value {
    let metadata = &line.cluster.metadata;
    let details = line.serve.as_ref().ok();
    let applications = details.map(|details| {
        let applications = details.applications.iter().map(|(name, application)| {
            let state = json!({"status": application.status, "message": application.problem()});
            (name.clone(), state)
        });
        applications.collect::<serde_json::Map<_, _>>()
    });
    let proxies = details.map(
        |details| json!({"healthy": details.healthy_proxies(), "total": details.proxies.len()}),
    );
    let services = line.service.as_ref().map(|services| {
        let names = services.iter().map(|service| service.metadata.name.clone());
        names.collect::<Vec<_>>()
    });
    json!({
        "name": metadata.name,
        "namespace": metadata.namespace,
        "creationTimestamp": metadata.creation_timestamp,
        "rayVersion": line.cluster.spec.ray_version,
        "status": line.status(),
        "applications": applications,
        "proxies": proxies,
        "serveServices": services,
        "message": line.message(),
    })
}
