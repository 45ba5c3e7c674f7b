//! Lists the logs of a cluster, and finds those that a user means.

use crate::http::request::Request;
use crate::logs::request::{Tail, file, relative, stream};
use crate::state::details::{Application, Deployment, Details, Replica};
use crate::state::selection::{Selection, UnknownApplications};

/// Seconds that Ray may take over the whole of a log; its own 30 are few for a long one. Silence ends
/// a request all the same, by our own limit.
const WHOLE: &str = "3600";

/// The logs that are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// `APP[/DEPLOYMENT[/REPLICA]]`; without it, those of all replicas.
    Replicas(Option<String>),
    Controller,
    Proxies,
}

/// A log on a node. Its name is what a user can ask for it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    pub name: String,
    node: String,
    file: String,
}

impl LogFile {
    fn new(name: String, node: Option<&str>, file: Option<&str>) -> Option<Self> {
        Some(Self {
            name,
            node: node?.to_owned(),
            file: file?.to_owned(),
        })
    }

    pub fn file(&self, tail: Tail) -> Request {
        file(
            &[&self.parameters()[..], &[("timeout", WHOLE)]].concat(),
            tail,
        )
    }

    pub fn stream(&self, tail: Tail) -> Request {
        stream(&self.parameters(), tail)
    }

    fn parameters(&self) -> [(&'static str, &str); 2] {
        [("node_id", &self.node), ("filename", relative(&self.file))]
    }
}

/// What was found, and whether it can only ever be one.
#[derive(Debug)]
pub struct Found {
    pub logs: Vec<LogFile>,
    pub is_one: bool,
    /// Deployments without a replica, in a sentence each.
    pub idle: Vec<String>,
}

impl Found {
    fn several(logs: Vec<LogFile>) -> Self {
        Self {
            logs,
            is_one: false,
            idle: Vec::new(),
        }
    }

    fn idle(self, idle: Vec<String>) -> Self {
        Self { idle, ..self }
    }
}

pub enum NotFound {
    Application(UnknownApplications),
    /// Another part of the path, in a sentence.
    Part(String),
}

impl Wanted {
    pub fn find(&self, details: &Details, cluster: &impl ToString) -> Result<Found, NotFound> {
        match self {
            Self::Controller => {
                let log = details.controller_log();
                let log = log.and_then(|(node, file)| {
                    LogFile::new("controller".to_owned(), Some(node), Some(file))
                });
                Ok(Found {
                    logs: log.into_iter().collect(),
                    is_one: true,
                    idle: Vec::new(),
                })
            }
            Self::Proxies => {
                let proxies = details.proxies.iter().filter_map(|(node, proxy)| {
                    let name = format!("proxy/{}", proxy.node_ip);
                    LogFile::new(name, Some(node), proxy.log_file_path.as_deref())
                });
                Ok(Found::several(proxies.collect()))
            }
            Self::Replicas(None) => {
                let applications = details.applications.iter();
                let logs = applications.flat_map(|(name, application)| of_all(name, application));
                let idle = details.applications.iter();
                let idle = idle.flat_map(|(name, application)| idle_of_all(name, application));
                Ok(Found::several(logs.collect()).idle(idle.collect()))
            }
            Self::Replicas(Some(path)) => named(path, details, cluster),
        }
    }
}

/// A path that `Wanted::Replicas` takes.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    pub path: String,
    pub state: String,
    /// There may be more of it.
    pub goes_on: bool,
}

/// The paths that begin with `path` and have at most one name more.
pub fn steps(details: &Details, path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut offer = |before: &str, name: &str, state: &str, goes_on| {
        let step = format!("{before}{name}");
        if path.starts_with(before) && step.starts_with(path) {
            steps.push(Step {
                path: step,
                state: state.to_owned(),
                goes_on,
            });
        }
    };
    for (name, application) in &details.applications {
        offer("", name, &application.status, true);
        let before = format!("{name}/");
        for (name, deployment) in &application.deployments {
            offer(&before, name, &deployment.status, true);
            let before = format!("{before}{name}/");
            let dead = &deployment.recent_dead_replicas;
            for replica in deployment.replicas.iter().chain(dead) {
                offer(&before, replica.short_id(), &replica.state, false);
            }
        }
    }
    steps
}

fn named(path: &str, details: &Details, cluster: &impl ToString) -> Result<Found, NotFound> {
    let path = path.strip_prefix("application/").unwrap_or(path);
    let Some((name, application, rest)) = step(path, &details.applications) else {
        let first = path.split('/').next().unwrap_or(path).to_owned();
        let names = [first];
        // Its error has the names of those that are there.
        return match Selection::new(cluster, &names).apply(&mut details.clone()) {
            Err(unknown) => Err(NotFound::Application(unknown)),
            Ok(()) => Ok(Found::several(Vec::new())),
        };
    };
    let Some(rest) = rest else {
        let idle = idle_of_all(name, application);
        return Ok(Found::several(of_all(name, application)).idle(idle));
    };
    let Some((deployment_name, deployment, rest)) = step(rest, &application.deployments) else {
        let known = application.deployments.keys().map(String::as_str);
        return Err(NotFound::Part(format!(
            "deployment/{rest} of application/{name} not found: it has {}",
            listed(known)
        )));
    };
    let Some(id) = rest else {
        let idle = idle(name, deployment_name, deployment);
        let logs = of(name, deployment_name, deployment);
        return Ok(Found::several(logs).idle(idle.into_iter().collect()));
    };
    let replicas = || {
        deployment
            .replicas
            .iter()
            .chain(&deployment.recent_dead_replicas)
    };
    let replica = replicas().find(|replica| replica.replica_id == id || replica.short_id() == id);
    match replica {
        Some(replica) => Ok(Found {
            logs: of_replica(name, deployment_name, replica)
                .into_iter()
                .collect(),
            is_one: true,
            idle: Vec::new(),
        }),
        None => Err(NotFound::Part(format!(
            "replica/{id} of deployment/{deployment_name} not found: it has {}",
            listed(replicas().map(Replica::short_id))
        ))),
    }
}

/// The entry that a path begins with, and what comes after it: a name may have a slash in it.
fn step<'a, 'p, T>(
    path: &'p str,
    entries: &'a std::collections::BTreeMap<String, T>,
) -> Option<(&'a str, &'a T, Option<&'p str>)> {
    // The longer of two names that fit comes later.
    entries.iter().rev().find_map(|(name, entry)| {
        let rest = path.strip_prefix(name.as_str())?;
        match rest.strip_prefix('/') {
            _ if rest.is_empty() => Some((name.as_str(), entry, None)),
            Some(rest) => Some((name.as_str(), entry, Some(rest))),
            None => None,
        }
    })
}

fn of_all(name: &str, application: &Application) -> Vec<LogFile> {
    let deployments = application.deployments.iter();
    deployments
        .flat_map(|(deployment_name, deployment)| of(name, deployment_name, deployment))
        .collect()
}

/// Logs of the running replicas or, if there are none, of the one that died last.
fn of(application: &str, name: &str, deployment: &Deployment) -> Vec<LogFile> {
    let log = |replica| of_replica(application, name, replica);
    let logs: Vec<LogFile> = deployment.replicas.iter().filter_map(log).collect();
    if logs.is_empty() {
        let dead = deployment.recent_dead_replicas.iter().rev();
        return dead.filter_map(log).take(1).collect();
    }
    logs
}

fn idle_of_all(name: &str, application: &Application) -> Vec<String> {
    let deployments = application.deployments.iter();
    deployments
        .filter_map(|(deployment_name, deployment)| idle(name, deployment_name, deployment))
        .collect()
}

/// Says that a deployment has no replica, and whose log is shown in its place.
fn idle(application: &str, name: &str, deployment: &Deployment) -> Option<String> {
    if !deployment.replicas.is_empty() {
        return None;
    }
    let why = match deployment.target_replicas() {
        Some(0) => " (it is scaled to zero)",
        _ => "",
    };
    let shown = of(application, name, deployment);
    let then = match shown.first() {
        Some(log) => format!("this is the log of its last one, {}", log.name),
        None => "no log of an earlier one is known".to_owned(),
    };
    Some(format!(
        "No replica of deployment/{name} of application/{application} runs{why}; {then}."
    ))
}

fn of_replica(application: &str, deployment: &str, replica: &Replica) -> Option<LogFile> {
    let name = format!("{application}/{deployment}/{}", replica.short_id());
    LogFile::new(
        name,
        replica.node_id.as_deref(),
        replica.log_file_path.as_deref(),
    )
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        return "none".to_owned();
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn details() -> Details {
        let replica = |id: &str| json!({"replica_id": id, "node_id": "n", "log_file_path": format!("/serve/{id}.log")});
        serde_json::from_value(json!({"applications": {
            "a": {"deployments": {
                "D": {"replicas": [replica("r1"), replica("a#D#r2"), {"replica_id": "starting"}]},
                "Dead": {"recent_dead_replicas": [replica("d1"), replica("d2")]},
            }},
            "a/b": {"deployments": {"E": {"replicas": [replica("r3")]}}},
        }}))
        .unwrap()
    }

    fn found(path: &str) -> Result<Vec<String>, String> {
        let details = details();
        match Wanted::Replicas(Some(path.to_owned())).find(&details, &"x") {
            Ok(found) => Ok(found.logs.into_iter().map(|log| log.name).collect()),
            Err(NotFound::Application(error)) => Err(error.to_string()),
            Err(NotFound::Part(sentence)) => Err(sentence),
        }
    }

    #[test]
    fn a_path_names_an_application_a_deployment_or_a_replica() {
        for (path, logs) in [
            ("a", &["a/D/r1", "a/D/r2", "a/Dead/d2"][..]),
            ("application/a", &["a/D/r1", "a/D/r2", "a/Dead/d2"]),
            ("a/D", &["a/D/r1", "a/D/r2"]),
            ("a/D/r2", &["a/D/r2"]),
            ("a/D/a#D#r2", &["a/D/r2"]),
            ("a/Dead/d1", &["a/Dead/d1"]),
            ("a/b/E", &["a/b/E/r3"]),
        ] {
            assert_eq!(found(path).unwrap(), logs, "{path}");
        }
    }

    #[test]
    fn a_deployment_without_a_replica_says_so_and_whose_log_is_shown() {
        let details: Details = serde_json::from_value(json!({"applications": {"a": {"deployments": {
            "Cold": {"target_num_replicas": 0},
            "Cooled": {"target_num_replicas": 0, "recent_dead_replicas": [{"replica_id": "d", "node_id": "n", "log_file_path": "/serve/d.log"}]},
            "Dead": {"target_num_replicas": 1},
            "Up": {"target_num_replicas": 1, "replicas": [{"replica_id": "r"}]},
        }}}}))
        .unwrap();
        let idle = |path: Option<&str>| {
            let wanted = Wanted::Replicas(path.map(str::to_owned));
            let Ok(found) = wanted.find(&details, &"x") else {
                panic!()
            };
            found.idle
        };
        let all = [
            "No replica of deployment/Cold of application/a runs (it is scaled to zero); no log of an earlier one is known.",
            "No replica of deployment/Cooled of application/a runs (it is scaled to zero); this is the log of its last one, a/Cooled/d.",
            "No replica of deployment/Dead of application/a runs; no log of an earlier one is known.",
        ];
        assert_eq!(idle(None), all);
        assert_eq!(idle(Some("a")), all);
        assert_eq!(idle(Some("a/Cooled")), all[1..2]);
        assert_eq!(idle(Some("a/Cooled/d")), [""; 0]);
    }

    #[test]
    fn a_path_is_completed_name_by_name() {
        let details = details();
        for (path, expected) in [
            ("", &["a", "a/b"][..]),
            ("a", &["a", "a/b"]),
            ("a/", &["a/D", "a/Dead", "a/b"]),
            ("a/De", &["a/Dead"]),
            ("a/D/", &["a/D/r1", "a/D/r2", "a/D/starting"]),
            ("a/Dead/", &["a/Dead/d1", "a/Dead/d2"]),
            ("a/b/", &["a/b/E"]),
            ("c", &[]),
        ] {
            let steps = steps(&details, path).into_iter();
            let paths: Vec<String> = steps.map(|step| step.path).collect();
            assert_eq!(paths, expected, "{path}");
        }
    }

    #[test]
    fn what_is_not_there_is_told_with_what_is() {
        for (path, sentence) in [
            (
                "c/D",
                "application/c not found on raycluster/x: it has a, a/b",
            ),
            (
                "a/X",
                "deployment/X of application/a not found: it has D, Dead",
            ),
            (
                "a/D/r9",
                "replica/r9 of deployment/D not found: it has r1, r2, starting",
            ),
        ] {
            assert_eq!(found(path).unwrap_err(), sentence, "{path}");
        }
    }
}
