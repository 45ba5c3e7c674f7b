//! Replicas that have died, where Serve lists them no longer: Ray 2.8 forgets each at once.

use std::collections::HashMap;

use serde::Deserialize;

use crate::causes::state_api;
use crate::http::request::{Request, with_query};
use crate::http::{Client, Dial};

const DEAD: &str = "/api/v0/actors";
/// The dashboard page's source, because the list of dead actors has no times in Ray 2.8. It is some
/// seconds old.
const TIMES: &str = "/logical/actors";
/// The most that Ray gives.
const LIMIT: &str = "10000";
const CALL: &str = "the request for Ray's actors";

/// The dead replica of this deployment that was started last.
pub(super) async fn latest(
    client: &mut Client<impl Dial>,
    application: &str,
    deployment: &str,
) -> Option<String> {
    let class = format!("ServeReplica:{application}:{deployment}");
    let query = [
        ("limit", LIMIT),
        ("filter_keys", "class_name"),
        ("filter_predicates", "="),
        ("filter_values", class.as_str()),
        ("filter_keys", "state"),
        ("filter_predicates", "="),
        ("filter_values", "DEAD"),
    ];
    let request = Request::get(with_query(DEAD, &query), CALL);
    let dead = state_api::list(client, &request).await;
    if dead.is_empty() {
        return None;
    }
    choose(dead, &times(client).await.unwrap_or_default())
}

async fn times(client: &mut Client<impl Dial>) -> Option<HashMap<String, Time>> {
    let answer = client.send(&Request::get(TIMES, CALL)).await.ok()?;
    let times: Times = serde_json::from_slice(&answer.body).ok()?;
    Some(times.data.actors)
}

#[derive(Deserialize)]
struct DeadActor {
    actor_id: String,
    #[serde(default)]
    pid: u64,
}

#[derive(Deserialize)]
struct Times {
    data: Actors,
}

#[derive(Deserialize)]
struct Actors {
    actors: HashMap<String, Time>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Time {
    /// Unix time in milliseconds.
    #[serde(default)]
    start_time: u64,
}

/// An actor without a start time counts as newest; ties go to the higher pid.
fn choose(dead: Vec<DeadActor>, times: &HashMap<String, Time>) -> Option<String> {
    let age = |actor: &DeadActor| {
        let time = times.get(&actor.actor_id).map(|time| time.start_time);
        (time.is_none(), time, actor.pid)
    };
    let latest = dead.into_iter().max_by_key(age);
    latest.map(|actor| actor.actor_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    #[test]
    fn the_latest_of_dead_replicas_is_meant() {
        let chosen = |actors: serde_json::Value| {
            let times = json!({
                "first": {"startTime": 1000},
                "second": {"startTime": 2000, "numRestarts": "0"},
            });
            choose(from_value(actors).unwrap(), &from_value(times).unwrap())
        };
        let [first, second] = [
            json!({"actor_id": "first", "pid": 80}),
            json!({"actor_id": "second", "pid": 70}),
        ];
        assert_eq!(chosen(json!([first, second])).as_deref(), Some("second"));
        let [third, fourth] = [
            json!({"actor_id": "third", "pid": 71}),
            json!({"actor_id": "fourth", "pid": 72}),
        ];
        assert_eq!(
            chosen(json!([fourth, second, third, first])).as_deref(),
            Some("fourth")
        );
        assert_eq!(chosen(json!([])), None);
    }
}
