//! Finds out from Ray's events and logs why an application does not run, if Serve does not say.
//!
//! Nothing here fails: if a cluster gives no more, the caller shows what it has.

mod dead_actors;
mod state_api;
pub mod version_before;

use http::StatusCode;
use serde::Deserialize;

use crate::http::request::Request;
use crate::http::{Client, Dial};
use crate::logs::lines::Lines;
use crate::logs::request::{self as log, Tail, relative};
use crate::state::details::{Application, Deployment, Details, Replica};
use crate::text::{clean, name as safe_name};

const EVENTS: &str = "/api/v0/cluster_events";
/// A traceback's length, with whatever was logged after it.
const LINES: Tail = Tail::Lines(200);
/// What Serve says when it has no more to say.
const VAGUE: [&str; 3] = [
    "Failed to update the deployments",
    "The deployment failed to start",
    "Deployment failed to start",
];

/// Why `application` has failed, in one line.
pub async fn of_failure(
    client: &mut Client<impl Dial>,
    id: &str,
    application: &Application,
) -> String {
    let said = application.problem();
    let is_vague = |said: &String| VAGUE.iter().any(|vague| said.contains(vague));
    if let Some(said) = said.as_ref().filter(|said| !is_vague(said)) {
        return said.clone();
    }
    let failing = application
        .deployments
        .iter()
        .filter(|(_, deployment)| !deployment.is_healthy());
    for (name, deployment) in failing {
        let replicas = deployment.replicas.iter();
        let dead = deployment.recent_dead_replicas.iter().rev();
        for replica in dead.chain(replicas).take(2) {
            if let Some(found) = of_replica(client, replica).await {
                return format!("{}: {found}", safe_name(name));
            }
        }
        let told = after_error(deployment);
        // Such as RayActorError(), which only says that the process died.
        if told.as_ref().is_none_or(|told| told.ends_with("()"))
            && let Some(actor) = dead_actors::latest(client, id, name).await
            && let Some(found) = of_actor(client, &actor).await
        {
            return format!("{}: {found}", safe_name(name));
        }
        if let Some(told) = told {
            return format!("{}: {told}", safe_name(name));
        }
    }
    said.unwrap_or_else(|| {
        "Ray gives no reason; its Serve controller's log may (serve/controller_*.log on the head)"
            .to_owned()
    })
}

/// What Ray has reported so far about replicas that do not start.
#[derive(Default)]
pub struct Told {
    events: Vec<Event>,
    controller_log: String,
}

impl Told {
    /// Two requests, however many deployments there are.
    pub async fn ask(client: &mut Client<impl Dial>, details: &Details) -> Self {
        let request = Request::get(EVENTS, "the request for Ray's events");
        let events = state_api::list(client, &request).await;
        let controller_log = match details.controller_log() {
            Some((node, file)) => {
                log_file(client, &[("node_id", node), ("filename", relative(file))]).await
            }
            None => None,
        };
        Self {
            events,
            controller_log: controller_log.unwrap_or_default(),
        }
    }

    /// Why a deployment's replicas do not start, if Ray has reported it anywhere.
    pub fn about(&self, details: &Details, application: &str, name: &str) -> Option<String> {
        let running = details.applications.get(application)?;
        let deployment = running.deployments.get(name)?;
        let event = deployment
            .is_homeless()
            .then(|| unschedulable(&self.events, deployment))
            .flatten();
        event.or_else(|| slow_to_start(&self.controller_log, application, name))
    }
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    message: String,
}

/// The autoscaler's word on resources that no node has, as these replicas need them.
fn unschedulable(events: &[Event], deployment: &Deployment) -> Option<String> {
    let needs = &deployment.required_resources;
    let is_ours = |message: &str| {
        message.contains("No available node types")
            && needs.iter().all(|(resource, amount)| {
                // As Python writes the mapping.
                let amount = amount.as_f64().unwrap_or_default();
                message.contains(&format!("'{resource}': {amount:?}"))
            })
    };
    let event = events.iter().rfind(|event| is_ours(&event.message))?;
    let message = clean(&event.message).replace('\n', " ");
    Some(message.trim_start_matches("Error: ").trim().to_owned())
}

/// Serve's warning about a deployment whose replicas do not start, which it repeats every 30 s.
fn slow_to_start(log: &str, application: &str, deployment: &str) -> Option<String> {
    let names = [format!("'{application}'"), format!("'{deployment}'")];
    let line = log.lines().rfind(|line| {
        line.contains("taken more than") && names.iter().all(|name| line.contains(name.as_str()))
    })?;
    let message = line.split_once(" -- ").map_or(line, |(_, message)| message);
    // The sentence starts with application and deployment, which the caller names already.
    let message = message
        .split_once(" has ")
        .map_or(message, |(_, message)| message);
    let message = message.split(" Use `ray status`").next().unwrap_or(message);
    Some(message.trim_end().to_owned())
}

async fn of_replica(client: &mut Client<impl Dial>, replica: &Replica) -> Option<String> {
    if let Some(actor) = &replica.actor_id
        && let Some(found) = of_actor(client, actor).await
    {
        return Some(found);
    }
    let (node, file) = (replica.node_id.as_ref()?, replica.log_file_path.as_ref()?);
    let log = log_file(client, &[("node_id", node), ("filename", relative(file))]).await;
    log.as_deref().and_then(exception)
}

async fn of_actor(client: &mut Client<impl Dial>, actor: &str) -> Option<String> {
    let printed = log_file(client, &[("actor_id", actor), ("suffix", "err")]).await;
    printed.as_deref().and_then(exception)
}

async fn log_file(client: &mut Client<impl Dial>, which: &[(&str, &str)]) -> Option<String> {
    let answer = client.send(&log::file(which, LINES)).await.ok()?;
    if answer.status != StatusCode::OK {
        return None;
    }
    let mut lines = Lines::of_file(&answer.headers);
    let mut log = lines.push(&answer.body).ok()?;
    log.extend(lines.end());
    Some(clean(&String::from_utf8_lossy(&log.join(&b'\n'))))
}

/// The last exception in a log: the line that ends its traceback, or what killed the process.
fn exception(log: &str) -> Option<String> {
    if let Some((_, traceback)) = log.rsplit_once("Traceback (most recent call last):") {
        let line = traceback
            .lines()
            .find(|line| !line.trim().is_empty() && !line.starts_with(' '));
        if let Some(line) = line {
            return Some(line.trim().to_owned());
        }
    }
    let fatal = |line: &&str| {
        [
            "Fatal Python error",
            "ERROR ",
            "Segmentation fault",
            "SystemExit",
            "MemoryError",
        ]
        .iter()
        .any(|word| line.contains(word))
    };
    let line = log.lines().rfind(fatal)?;
    Some(
        line.split_once(" -- ")
            .map_or(line, |(_, said)| said)
            .trim()
            .to_owned(),
    )
}

/// The part after "Error:" of "… See controller logs for details. Error:
/// The actor died …".
fn after_error(deployment: &Deployment) -> Option<String> {
    let message = clean(deployment.message.as_deref()?);
    let (_, error) = message.split_once("Error:\n")?;
    let line = error.lines().find(|line| !line.trim().is_empty())?;
    Some(line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn needing(resources: &serde_json::Value) -> Deployment {
        serde_json::from_value(json!({ "required_resources": resources })).unwrap()
    }

    #[test]
    fn the_event_about_these_resources_is_found() {
        let event = |needs: &str| json!({"message": format!("Error: No available node types can fulfill resource request {{{needs}}}. Add.")});
        let events = json!({"data": {"result": {"result": [event("'CPU': 100.0"), event("'GPU': 1.0"), {"message": "Resized to 2 CPUs."}]}}});
        let events = state_api::read::<Event>(events.to_string().as_bytes());
        let found = |resources| unschedulable(&events, &needing(&resources));
        assert_eq!(
            found(json!({"CPU": 100})).as_deref(),
            Some("No available node types can fulfill resource request {'CPU': 100.0}. Add.")
        );
        assert_eq!(found(json!({"CPU": 7})), None);
        // Ray 2.8 does not say what a replica needs: the latest is the best guess.
        assert!(found(json!({})).unwrap().contains("GPU"));
        assert!(state_api::read::<Event>(b"{}").is_empty());
    }

    #[test]
    fn the_controller_s_warning_is_found_by_its_names() {
        let log = "WARNING 2026 controller 1 -- Deployment 'D' in application 'a' has 1 replicas that have taken more than 30s to be scheduled. This may be due to waiting for the cluster to auto-scale or for a runtime environment to be installed. Resources required for each replica: {\"CPU\": 100}, total resources available: {\"CPU\": 1.8}. Use `ray status` for more details.\n\
            WARNING 2026 controller 1 -- Deployment 'E' in application 'a' has 1 replicas that have taken more than 30s to be scheduled.\n";
        let found = slow_to_start(log, "a", "D").unwrap();
        assert!(
            found.starts_with("1 replicas that have taken more than 30s")
                && found.ends_with("{\"CPU\": 1.8}."),
            "{found}"
        );
        assert_eq!(slow_to_start(log, "b", "D"), None);
    }

    #[test]
    fn the_last_exception_of_a_log_is_its_cause() {
        let log = "INFO a -- Started\nTraceback (most recent call last):\n  File \"x.py\", line 1\nKeyError: 'a'\n\nThe above exception was the direct cause:\nTraceback (most recent call last):\n  File \"x.py\", line 2\n    raise\nRuntimeError: no model\nINFO b -- Exiting\n";
        assert_eq!(exception(log).as_deref(), Some("RuntimeError: no model"));
        assert_eq!(
            exception("INFO a -- x\nERROR 2026 r -- out of memory\n").as_deref(),
            Some("out of memory")
        );
        assert_eq!(exception("INFO a -- x\n"), None);
    }
}
