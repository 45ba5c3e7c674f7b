//! The head's `rayStartParams`: what is missing is added, what is there stays, with a warning
//! where Serve cannot work with it.

use std::net::IpAddr;

use serde_json::Value;

use super::Plan;
use crate::Warning;
use crate::change::Change;
use crate::cluster::Cluster;
use crate::table::{DASHBOARD_HOST, HEAD_PORTS, START_PARAMS, port_number};

pub(super) fn apply(cluster: &Cluster<'_>, plan: &mut Plan) {
    let param = |name| {
        cluster
            .start_params
            .get(name)
            .filter(|value| !value.is_null())
    };
    let missing = START_PARAMS
        .into_iter()
        .filter(|wanted| param(wanted.name).is_none());
    plan.changes.extend(missing.map(Change::StartParam));

    if let Some(host) = param(DASHBOARD_HOST.name).and_then(Value::as_str)
        && is_loopback(host)
    {
        plan.warnings.push(Warning::LoopbackDashboard {
            value: host.to_owned(),
        });
    }
    if let Some(value) = param("include-dashboard").and_then(Value::as_str)
        && is_no(value)
    {
        plan.warnings.push(Warning::NoDashboard {
            value: value.to_owned(),
        });
    }
    for name in HEAD_PORTS.iter().filter_map(|port| port.start_param) {
        if let Some(value) = param(name)
            && value.as_str().and_then(port_number).is_none()
        {
            plan.warnings.push(Warning::NotAPort {
                param: name,
                value: match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                },
            });
        }
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
