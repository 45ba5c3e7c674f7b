//! What a drill needs before it begins: how many workers, and which of them serve.

use serde_json::{Value, json};

use super::cluster::ROUTE;

/// A RayCluster's workers and the one application on it. The head takes no replica, so a form says
/// exactly how many pods serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) workers: usize,
    pub(super) proxies: Proxies,
    pub(super) replicas: usize,
    /// Room for replicas on a worker: more than it needs where those of another are to move to it.
    pub(super) per_worker: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proxies {
    HeadOnly,
    EveryNode,
}

impl Form {
    /// Each pod serves, and each worker has room for the replica of another.
    pub(super) const ALL_SERVE: Self = Self {
        workers: 3,
        proxies: Proxies::EveryNode,
        replicas: 3,
        per_worker: 2,
    };

    /// Two of three workers are idle.
    pub(super) const ONE_REPLICA: Self = Self {
        replicas: 1,
        ..Self::ALL_SERVE
    };

    pub(super) const fn head_only(workers: usize) -> Self {
        Self {
            workers,
            proxies: Proxies::HeadOnly,
            replicas: 1,
            per_worker: 1,
        }
    }

    /// How many pods have a proxy once everything has settled: the head has one always.
    pub(super) fn serving(&self) -> usize {
        match self.proxies {
            Proxies::HeadOnly => 1,
            Proxies::EveryNode => 1 + self.replicas.min(self.workers),
        }
    }

    /// The Serve config.
    pub(super) fn config(&self) -> Value {
        let proxies = match self.proxies {
            Proxies::HeadOnly => "HeadOnly",
            Proxies::EveryNode => "EveryNode",
        };
        json!({
            "proxy_location": proxies,
            "applications": [{
                "name": "drill",
                "route_prefix": ROUTE,
                "import_path": "sleeper:app",
                "deployments": [{
                    "name": "Sleeper",
                    "num_replicas": self.replicas,
                    "max_replicas_per_node": self.per_worker,
                    // Requests of 20 s must not hold up the others, and a replica that stops may end them.
                    "max_ongoing_requests": 100,
                    "graceful_shutdown_timeout_s": 30,
                }],
            }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_serves_always_and_a_worker_where_it_has_a_replica() {
        assert_eq!(Form::head_only(3).serving(), 1);
        assert_eq!(Form::ALL_SERVE.serving(), 4);
        assert_eq!(Form::ONE_REPLICA.serving(), 2);
        let crowded = Form {
            replicas: 6,
            ..Form::ALL_SERVE
        };
        assert_eq!(crowded.serving(), 4);
    }
}
