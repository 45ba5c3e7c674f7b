//! Warning events of the cluster, as far as the user may read them.

use kuberay::event::Event;
use ray_serve_client::http::request::percent;

use super::api::{Api, Scope};

/// The warnings about one object, latest first; none if the user may not list events.
///
/// `uid` excludes warnings about an earlier object of the same name.
pub async fn warnings(api: &Api, kind: &str, name: &str, uid: &str) -> Vec<Event> {
    let scope = Scope::Namespace(api.namespace().to_owned());
    let selector = format!("involvedObject.kind={kind},involvedObject.name={name},type=Warning");
    let path = scope.path("/api/v1", "events");
    let path = format!("{path}?fieldSelector={}", percent(&selector));
    let events = api.list(&format!("list events in {scope}"), &path).await;
    let mut events: Vec<Event> = events.unwrap_or_default();
    events.retain(|event| event.may_be_about(uid));
    events.sort_by(|one, other| other.time().cmp(&one.time()));
    events
}
