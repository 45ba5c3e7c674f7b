//! The places in a container that name one of its own ports.
//!
//! The kubelet resolves a name there among the ports of the same container, so those of sidecars
//! never mean a port of the Ray container.

use serde_json::{Map, Value};

/// The keys from the container to the field that holds a number or a name.
pub(crate) type Path = &'static [&'static str];

const PATHS: [Path; 10] = [
    &["startupProbe", "httpGet", "port"],
    &["startupProbe", "tcpSocket", "port"],
    &["readinessProbe", "httpGet", "port"],
    &["readinessProbe", "tcpSocket", "port"],
    &["livenessProbe", "httpGet", "port"],
    &["livenessProbe", "tcpSocket", "port"],
    &["lifecycle", "postStart", "httpGet", "port"],
    &["lifecycle", "postStart", "tcpSocket", "port"],
    &["lifecycle", "preStop", "httpGet", "port"],
    &["lifecycle", "preStop", "tcpSocket", "port"],
];

/// The name of a port that stands there.
pub(crate) fn name_at(container: &Map<String, Value>, path: Path) -> Option<&str> {
    let (first, rest) = path.split_first()?;
    let first = container.get(*first)?;
    rest.iter()
        .try_fold(first, |value, key| value.get(key))?
        .as_str()
}

/// Where in the container the port of this name is meant.
pub(crate) fn of<'a>(
    container: &'a Map<String, Value>,
    name: &'a str,
) -> impl Iterator<Item = Path> + 'a {
    PATHS
        .into_iter()
        .filter(move |path| name_at(container, path) == Some(name))
}
