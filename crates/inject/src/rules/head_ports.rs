//! The ports of the head container, which the operator copies into the head service.
//!
//! It copies them by name and as TCP whatever their protocol, and falls back to defaults of its own
//! only where none is declared. So either all of Ray's ports are declared or some go missing, and a
//! number declared twice is a head service that the API server refuses, and a cluster without pods.
//!
//! Where the head service is published, whatever is declared here is published with it: then only
//! `serve` is added, and where the operator's defaults apply, which have it, not even that. A rename
//! publishes nothing new.

use std::collections::HashSet;

use kuberay::ports::{HEAD_PORTS, HeadPort, METRICS, OPERATOR_DEFAULTS, SERVE, SERVE_PREFIX};
use kuberay::role::{Role, serve_http};

use super::{Plan, exposure};
use crate::Warning;
use crate::change::Change;
use crate::cluster::Cluster;
use crate::port::Port;
use crate::reference;

/// The names and numbers the head container has, with what is added and renamed on the way.
type Declared<'a> = Vec<(Option<&'a str>, u16)>;

pub(super) fn apply(cluster: &Cluster<'_>, plan: &mut Plan) {
    let before = cluster.ports.as_deref().unwrap_or_default();
    if before.is_empty() && cluster.exposure.service.is_some() {
        let defaults = OPERATOR_DEFAULTS.map(|port| (Some(port.name), port.number));
        finish(cluster, &defaults, plan);
        return;
    }
    let mut declared: Declared<'_> = before.iter().map(|port| (port.name, port.number)).collect();
    let mut wanted: Vec<(HeadPort, u16)> = Vec::with_capacity(HEAD_PORTS.len());

    for port in HEAD_PORTS {
        let users = (port == SERVE)
            .then(|| users_serve_port(before, plan))
            .flatten();
        let number = users.unwrap_or_else(|| port.number_in(cluster.start_params));
        let taken_by = wanted.iter().find(|(_, taken)| *taken == number);
        let taken_by = taken_by.map(|(first, _)| *first);
        if let Some(first) = taken_by.or_else(|| operators_own(port, number, &declared)) {
            plan.warnings.push(Warning::SharedNumber {
                number,
                first: first.name,
                second: port.name,
                start_param: port.start_param.unwrap_or_default(),
            });
            continue;
        }
        wanted.push((port, number));
        if users.is_none() {
            declare(port, number, cluster, &mut declared, plan);
        }
    }
    finish(cluster, &declared, plan);
}

/// Says what is wrong with the head service that is made of these ports.
fn finish(cluster: &Cluster<'_>, declared: &[(Option<&str>, u16)], plan: &mut Plan) {
    warn_of_duplicates(cluster, declared, plan);
    let numbers: Vec<u16> = declared.iter().map(|(_, number)| *number).collect();
    exposure::warn_of_workers(cluster, &numbers, plan);
}

/// A port that the user gave to Serve's HTTP stays there, whatever its number.
fn users_serve_port(before: &[Port<'_>], plan: &mut Plan) -> Option<u16> {
    let exact = before.iter().find(|port| port.name == Some(SERVE.name));
    if let Some(port) = exact {
        warn_unless_tcp(port, plan);
        return Some(port.number);
    }
    let prefixed: Vec<&Port<'_>> = before
        .iter()
        .filter(|port| port.name.is_some_and(|name| name.starts_with(SERVE_PREFIX)))
        .filter(|port| port.declared().role() == Role::Http)
        .collect();
    let best = serve_http(prefixed.iter().map(|port| port.declared()))?;
    plan.warnings.push(Warning::OnlyPrefixedServe {
        name: prefixed[best].name.unwrap_or_default().to_owned(),
    });
    Some(prefixed[best].number)
}

/// The operator's own `metrics` port, where none is declared by now, has its number before `port`.
fn operators_own(port: HeadPort, number: u16, declared: &Declared<'_>) -> Option<HeadPort> {
    let comes_later = port != SERVE && port != METRICS;
    let is_added = number == METRICS.number && !has_metrics(declared);
    (comes_later && is_added).then_some(METRICS)
}

fn has_metrics(declared: &[(Option<&str>, u16)]) -> bool {
    declared.iter().any(|(name, _)| *name == Some(METRICS.name))
}

fn declare(
    port: HeadPort,
    number: u16,
    cluster: &Cluster<'_>,
    declared: &mut Declared<'_>,
    plan: &mut Plan,
) {
    let before = cluster.ports.as_deref().unwrap_or_default();
    let named = declared.iter().find(|(name, _)| *name == Some(port.name));
    if let Some((_, declared)) = named {
        if *declared != number {
            plan.warnings.push(Warning::NameTaken {
                name: port.name,
                declared: *declared,
                number,
            });
        }
        return;
    }
    let in_head_service = cluster
        .head_service
        .iter()
        .any(|service| service.name == port.name || service.tcp_number == Some(number.into()));
    let is_published = cluster.exposure.service.is_some();
    // The serve service is made from the container's ports alone.
    let may_add = if port == SERVE {
        !(is_published && exposure::is_dangerous(number, cluster))
    } else {
        !(in_head_service || is_published)
    };
    match find_number(before, number) {
        Some(index) => {
            let name = declared[index].0;
            if may_rename(name, port) && (port == SERVE || !in_head_service) {
                declared[index].0 = Some(port.name);
                rename(index, port, cluster, plan);
            } else if port == SERVE {
                plan.warnings.push(Warning::NoPortForHttp {
                    name: name.unwrap_or_default().to_owned(),
                    number,
                });
            }
        }
        None if may_add => {
            declared.push((Some(port.name), number));
            plan.changes.push(Change::AddPort { port, number });
            if port == SERVE {
                warn_of_look_alikes(cluster, plan);
            }
        }
        None => {}
    }
}

/// Gives the port its name, and to the container's own probes and hooks that name it.
fn rename(index: usize, port: HeadPort, cluster: &Cluster<'_>, plan: &mut Plan) {
    let before = cluster.ports.as_deref().unwrap_or_default();
    let Port { name, number, .. } = before[index];
    plan.warnings.push(Warning::PortRenamed {
        number,
        from: name.map(str::to_owned),
        to: port.name,
    });
    if port == SERVE {
        warn_unless_tcp(&before[index], plan);
    }
    plan.changes.push(Change::RenamePort {
        index,
        port,
        number,
        had_name: name.is_some(),
    });
    // A name that another port keeps goes on meaning that one.
    let is_kept = |name| before.iter().filter(|port| port.name == Some(name)).count() > 1;
    if let Some(name) = name.filter(|name| !is_kept(*name)) {
        let references = reference::of(cluster.container, name);
        let followed = references.map(|path| Change::FollowPort { path, port });
        plan.changes.extend(followed);
    }
}

fn warn_unless_tcp(serve: &Port<'_>, plan: &mut Plan) {
    if !serve.tcp() {
        plan.warnings.push(Warning::ServeIsNotTcp {
            protocol: serve.protocol.unwrap_or_default().to_owned(),
        });
    }
}

/// Ports of the user's that look meant for Serve's HTTP, where a `serve` is added beside them.
fn warn_of_look_alikes(cluster: &Cluster<'_>, plan: &mut Plan) {
    let before = cluster.ports.as_deref().unwrap_or_default();
    let others = HEAD_PORTS.iter().filter(|port| **port != SERVE);
    let rays: Vec<u16> = others
        .map(|port| port.number_in(cluster.start_params))
        .collect();
    let alike = before
        .iter()
        .filter(|port| port.declared().looks_like_http() && !rays.contains(&port.number));
    plan.warnings.extend(alike.map(|port| Warning::AddedBeside {
        name: port.name.unwrap_or_default().to_owned(),
        other: port.number,
    }));
}

/// Of two ports with the number, TCP is what Ray listens on.
fn find_number(ports: &[Port<'_>], number: u16) -> Option<usize> {
    let with_number = |port: &Port<'_>| port.number == number;
    ports
        .iter()
        .position(|port| with_number(port) && port.tcp())
        .or_else(|| ports.iter().position(with_number))
}

/// A name of this table is left where it is: freeing it would change what the next run finds.
/// Serve is worth it, and goes first.
fn may_rename(name: Option<&str>, to: HeadPort) -> bool {
    let Some(name) = name else { return true };
    if name.starts_with(SERVE_PREFIX) {
        return false;
    }
    let is_ours = HEAD_PORTS.iter().any(|port| port.name == name);
    to == SERVE || (to.found_by_name && !is_ours)
}

/// Puts the head service together as the operator does, and looks for what the API server refuses.
fn warn_of_duplicates(cluster: &Cluster<'_>, declared: &[(Option<&str>, u16)], plan: &mut Plan) {
    let added = (!has_metrics(declared)).then_some((Some(METRICS.name), METRICS.number));
    let service = &cluster.head_service;
    let service_names: HashSet<_> = service.iter().map(|port| port.name).collect();
    let service_numbers: HashSet<_> = service.iter().filter_map(|port| port.tcp_number).collect();
    let mut numbers = HashSet::new();
    let mut reported = HashSet::new();
    for (name, number) in declared.iter().copied().chain(added) {
        if !numbers.insert(number) && reported.insert(number) {
            plan.warnings.push(Warning::DeclaredTwice { number });
        }
        let name = name.unwrap_or_default();
        if service_numbers.contains(&number.into())
            || (!name.is_empty() && service_names.contains(name))
        {
            plan.warnings.push(Warning::InHeadService {
                number,
                name: name.to_owned(),
            });
        }
    }
}
