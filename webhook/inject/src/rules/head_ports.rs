//! The ports of the head container, which the operator copies into the head service.
//!
//! It copies them by name and as TCP whatever their protocol, and falls back to defaults of its own
//! only where none is declared. So either all of Ray's ports are declared or some go missing, and a
//! number declared twice is a head service that the API server refuses, and a cluster without pods.

use std::collections::HashSet;

use super::Plan;
use crate::Warning;
use crate::change::Change;
use crate::cluster::{Cluster, Port};
use crate::table::{HEAD_PORTS, HeadPort, METRICS, SERVE, SERVE_PREFIX};

/// The names and numbers the head container has, with what is added and renamed on the way.
type Declared<'a> = Vec<(Option<&'a str>, u16)>;

pub(super) fn apply(cluster: &Cluster<'_>, plan: &mut Plan) {
    let before = cluster.ports.as_deref().unwrap_or_default();
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
    warn_of_duplicates(cluster, &declared, plan);
}

/// A port that the user gave to Serve stays Serve's, whatever its number.
fn users_serve_port(before: &[Port<'_>], plan: &mut Plan) -> Option<u16> {
    let named = |test: fn(&str) -> bool| before.iter().find(|port| port.name.is_some_and(test));
    if let Some(port) = named(|name| name == SERVE.name) {
        return Some(port.number);
    }
    let port = named(|name| name.starts_with(SERVE_PREFIX))?;
    plan.warnings.push(Warning::OnlyPrefixedServe {
        name: port.name.unwrap_or_default().to_owned(),
    });
    Some(port.number)
}

/// The operator's own `metrics` port, where none is declared by now, has its number before `port`.
fn operators_own(port: HeadPort, number: u16, declared: &Declared<'_>) -> Option<HeadPort> {
    let comes_later = port != SERVE && port != METRICS;
    let is_added = number == METRICS.number && !has_metrics(declared);
    (comes_later && is_added).then_some(METRICS)
}

fn has_metrics(declared: &Declared<'_>) -> bool {
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
    match find_number(before, number) {
        Some(index) => {
            let name = declared[index].0;
            if may_rename(name, port) && (port == SERVE || !in_head_service) {
                declared[index].0 = Some(port.name);
                plan.warnings.push(Warning::PortRenamed {
                    number,
                    from: name.map(str::to_owned),
                    to: port.name,
                });
                plan.changes.push(Change::RenamePort {
                    index,
                    port,
                    number,
                    had_name: name.is_some(),
                });
            }
        }
        // The serve service is made from the container's ports alone.
        None if port == SERVE || !in_head_service => {
            declared.push((Some(port.name), number));
            plan.changes.push(Change::AddPort { port, number });
        }
        None => {}
    }
}

/// Of two ports with the number, TCP is what Ray listens on.
fn find_number(ports: &[Port<'_>], number: u16) -> Option<usize> {
    let with_number = |port: &Port<'_>| port.number == number;
    ports
        .iter()
        .position(|port| with_number(port) && port.tcp)
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
fn warn_of_duplicates(cluster: &Cluster<'_>, declared: &Declared<'_>, plan: &mut Plan) {
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
