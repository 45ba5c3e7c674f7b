//! The head's `rayStartParams`: what is missing is added, what is there stays, with a warning
//! where Serve cannot work with it, and where the API server will refuse it.

use std::net::IpAddr;

use kuberay::ports::HEAD_PORTS;
use kuberay::start_params::{DASHBOARD_HOST, START_PARAMS, meant, port_number};
use serde_json::Value;

use super::Plan;
use crate::Warning;
use crate::change::Change;
use crate::cluster::Cluster;
use crate::place::Place;

pub(super) fn apply(cluster: &Cluster<'_>, plan: &mut Plan) {
    let param = |name| {
        let value = cluster.start_params.get(name);
        value.and_then(meant)
    };
    let missing = START_PARAMS
        .into_iter()
        .filter(|wanted| param(wanted.name).is_none());
    plan.changes.extend(missing.map(Change::StartParam));

    warn_of_values_without_quotes(cluster, plan);
    if let Some(host) = param(DASHBOARD_HOST.name)
        && is_loopback(&host)
    {
        plan.warnings.push(Warning::LoopbackDashboard {
            value: host.into_owned(),
        });
    }
    if let Some(value) = param("include-dashboard")
        && is_no(&value)
    {
        plan.warnings.push(Warning::NoDashboard {
            value: value.into_owned(),
        });
    }
    for name in HEAD_PORTS.iter().filter_map(|port| port.start_param) {
        if let Some(value) = param(name)
            && port_number(&value).is_none()
        {
            plan.warnings.push(Warning::NotAPort {
                param: name,
                value: value.into_owned(),
            });
        }
    }
}

fn warn_of_values_without_quotes(cluster: &Cluster<'_>, plan: &mut Plan) {
    let head = cluster.start_params.as_object();
    let head = head.map(|params| (Place::Head, params));
    let workers = cluster.worker_start_params.iter().copied();
    for (place, params) in head.into_iter().chain(workers) {
        let without_quotes = params
            .iter()
            .filter(|(_, value)| matches!(value, Value::Number(_) | Value::Bool(_)));
        plan.warnings
            .extend(without_quotes.map(|(param, value)| Warning::WithoutQuotes {
                place: place.to_string(),
                param: param.clone(),
                value: value.to_string(),
            }));
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

/// The values that Ray's command line takes for false.
fn is_no(value: &str) -> bool {
    ["false", "f", "0", "no", "n", "off"]
        .iter()
        .any(|no| value.eq_ignore_ascii_case(no))
}
