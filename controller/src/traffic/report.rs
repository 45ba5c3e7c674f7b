//! What Serve's REST API says of its proxies: second to the probes, and never the only reason to act.
//!
//! It lags: Serve calls a dead proxy healthy for up to 30 s. What it knows and a probe does not is where
//! Serve was told to run proxies, on which port, and whether it holds one that nobody reaches for dead.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use ray_serve_client::Details;
use ray_serve_client::state::details::UNHEALTHY;

/// How long a report speaks of a pod that is silent.
pub const FRESH: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    at: Instant,
    serve_runs: bool,
    pub proxy_location: ProxyLocation,
    /// `http_options.port`, if Serve says it.
    pub port: Option<u16>,
    pub is_https: bool,
    /// Whether Serve holds the proxy of a node for dead.
    proxies: BTreeMap<IpAddr, bool>,
}

/// On which nodes Serve runs proxies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyLocation {
    Disabled,
    HeadOnly,
    /// On the head, and on nodes with a replica. Also what is not known here.
    EveryNode,
}

impl Report {
    /// Takes what matters here from Serve's answer, which came at `at`.
    pub fn new(details: &Details, at: Instant) -> Self {
        let proxies = details.proxies.values();
        Self {
            at,
            serve_runs: details.serve_is_running(),
            proxy_location: match details.proxy_location.as_deref() {
                Some("Disabled") => ProxyLocation::Disabled,
                Some("HeadOnly") => ProxyLocation::HeadOnly,
                _ => ProxyLocation::EveryNode,
            },
            port: details.http_options.port,
            is_https: details.http_options.is_https(),
            proxies: proxies
                .filter_map(|proxy| Some((proxy.node_ip.parse().ok()?, proxy.status == UNHEALTHY)))
                .collect(),
        }
    }

    /// Whether Serve itself holds that no proxy works there. An answer without any proxy says nothing: a
    /// head that has just lost everything gives it too.
    pub fn denies(&self, ip: IpAddr, now: Instant) -> bool {
        let is_fresh = now.saturating_duration_since(self.at) <= FRESH;
        let is_dead = self.proxies.get(&ip).copied();
        is_fresh && !self.proxies.is_empty() && is_dead.unwrap_or(true)
    }

    /// Whether Serve runs no proxies on workers.
    pub fn spares_workers(&self) -> bool {
        self.serve_runs && self.proxy_location != ProxyLocation::EveryNode
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn report(details: Value, at: Instant) -> Report {
        Report::new(&serde_json::from_value(details).unwrap(), at)
    }

    fn running(proxies: &Value) -> Value {
        json!({
            "applications": {}, "controller_info": {"actor_id": "a"}, "proxy_location": "HeadOnly",
            "http_options": {"port": 8100, "ssl_keyfile": "k", "ssl_certfile": "c"}, "proxies": proxies,
        })
    }

    #[test]
    fn a_proxy_is_denied_if_serve_holds_it_for_dead_or_has_none() {
        let now = Instant::now();
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let found = report(
            running(&json!({
                "a": {"node_ip": "10.0.0.1", "status": "HEALTHY"},
                "b": {"node_ip": "10.0.0.2", "status": "UNHEALTHY"},
                "c": {"node_ip": "10.0.0.3", "status": "DRAINING"},
            })),
            now,
        );
        for (address, expected) in [
            ("10.0.0.1", false),
            ("10.0.0.2", true),
            ("10.0.0.3", false),
            ("10.0.0.4", true),
        ] {
            assert_eq!(found.denies(ip(address), now), expected, "{address}");
        }
        let old = now + FRESH + Duration::from_millis(1);
        assert!(!found.denies(ip("10.0.0.2"), old));
    }

    #[test]
    fn an_empty_answer_denies_nothing() {
        let now = Instant::now();
        let ip = "10.0.0.1".parse().unwrap();
        assert!(!report(running(&json!({})), now).denies(ip, now));
        let not_running = report(json!({"applications": {}}), now);
        assert!(!not_running.denies(ip, now));
        assert!(!not_running.spares_workers());
    }

    #[test]
    fn location_port_and_https_are_read() {
        let found = report(running(&json!({})), Instant::now());
        assert_eq!(found.proxy_location, ProxyLocation::HeadOnly);
        assert_eq!((found.port, found.is_https), (Some(8100), true));
        assert!(found.spares_workers());
        let unset = report(json!({"applications": {}}), Instant::now());
        assert_eq!(unset.proxy_location, ProxyLocation::EveryNode);
        assert_eq!((unset.port, unset.is_https), (None, false));
    }
}
