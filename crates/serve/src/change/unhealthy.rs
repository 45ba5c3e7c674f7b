//! For how long applications have been UNHEALTHY without a replica becoming healthy.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::state::details::{Application, Details, UNHEALTHY};

pub(super) struct Unhealthy {
    limit: Duration,
    spells: BTreeMap<String, Spell>,
    looked: Option<Instant>,
    controller: Option<String>,
}

/// One application's time in UNHEALTHY.
struct Spell {
    /// When it began, or the last replica became healthy.
    since: Instant,
    running: Replicas,
}

/// Deployment and id of each replica that runs.
type Replicas = BTreeSet<(String, String)>;

impl Unhealthy {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            spells: BTreeMap::new(),
            looked: None,
            controller: None,
        }
    }

    /// The applications that have been UNHEALTHY for the limit.
    pub(super) fn look(&mut self, details: &Details, now: Instant) -> Vec<String> {
        // Replicas may have come and gone while nobody answered, and another controller starts all of
        // them anew.
        let unseen = self
            .looked
            .is_some_and(|looked| now.duration_since(looked) > self.limit);
        if unseen || self.controller.as_deref() != details.controller() {
            self.spells.clear();
        }
        self.looked = Some(now);
        self.controller = details.controller().map(str::to_owned);
        let mut before = std::mem::take(&mut self.spells);
        for (name, application) in &details.applications {
            if application.status != UNHEALTHY {
                continue;
            }
            let running = running(application);
            let since = match before.remove(name) {
                Some(spell) if running.is_subset(&spell.running) => spell.since,
                _ => now,
            };
            self.spells.insert(name.clone(), Spell { since, running });
        }
        let lasts = |spell: &Spell| now.duration_since(spell.since) >= self.limit;
        let lasting = self.spells.iter().filter(|(_, spell)| lasts(spell));
        lasting.map(|(name, _)| name.clone()).collect()
    }
}

fn running(application: &Application) -> Replicas {
    let deployments = application.deployments.iter();
    deployments
        .flat_map(|(name, deployment)| {
            let running = deployment.replicas.iter().filter(|it| it.is_running());
            running.map(|replica| (name.clone(), replica.replica_id.clone()))
        })
        .collect()
}
