//! What a drill plays on, and what comes out of it.

use std::{fmt, time::Duration};

use anyhow::Result;

use super::{
    cluster::Cluster,
    column::Column,
    form::Form,
    load::{Counts, Load},
};
use crate::target::Prepared;

/// A fault that is played under load, the same in both columns.
pub(super) struct Drill {
    pub(super) name: &'static str,
    /// What is done, as the table says it.
    pub(super) says: &'static str,
    pub(super) columns: &'static [Column],
    /// Whether it is a part of the short form.
    pub(super) is_short: bool,
    /// Leaves the cluster as [`Cluster::bring`] can use it.
    pub(super) play: fn(&mut Stage<'_>) -> Result<Outcome>,
}

/// Drills for which there is nothing to compare without the controller.
pub(super) const ONLY_WITH: &[Column] = &[Column::With];

pub(super) struct Stage<'a> {
    pub(super) prepared: &'a Prepared,
    pub(super) column: Column,
    pub(super) cluster: Cluster<'a>,
    pub(super) is_short: bool,
}

impl Stage<'_> {
    /// Brings the cluster into form and puts it under load.
    pub(super) fn load(&mut self, form: Form) -> Result<Load> {
        self.cluster.bring(form)?;
        Load::start(self.cluster.address()?, false)
    }

    /// The same with requests of 20 s.
    pub(super) fn load_with_long(&mut self, form: Form) -> Result<Load> {
        self.cluster.bring(form)?;
        Load::start(self.cluster.address()?, true)
    }

    pub(super) fn is_with(&self) -> bool {
        self.column == Column::With
    }

    /// Whether this Ray moves replicas off a node that drains: since 2.60.
    pub(super) fn moves_replicas(&self) -> bool {
        let mut numbers = self.prepared.ray.split('.').map(str::parse::<u32>);
        let mut next = || numbers.next().and_then(Result::ok).unwrap_or_default();
        (next(), next()) >= (2, 60)
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    pub(super) counts: Option<Counts>,
    /// What was measured besides.
    pub(super) notes: Vec<String>,
    /// What must not be, with the controller.
    pub(super) faults: Vec<String>,
}

impl Outcome {
    pub(super) fn new(counts: Counts) -> Self {
        Self {
            counts: Some(counts),
            ..Self::default()
        }
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Holds what must be against what was; without the controller nothing must.
    pub(super) fn demand(&mut self, stage: &Stage<'_>, holds: bool, fault: impl Into<String>) {
        if stage.is_with() && !holds {
            self.faults.push(fault.into());
        }
    }

    /// No request may fail, but for those that a kept connection loses with its proxy.
    pub(super) fn demand_no_failure(&mut self, stage: &Stage<'_>, proxies_killed: usize) {
        let counts = self.counts.clone().unwrap_or_default();
        let lost = counts.each.failed() + counts.long.failed();
        self.demand(stage, lost == 0, format!("{lost} requests failed"));
        let kept = counts.kept.failed();
        let fault = format!("{kept} requests of the kept connection failed");
        self.demand(stage, kept <= proxies_killed, fault);
    }
}

impl fmt::Display for Outcome {
    /// A cell of the table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        if let Some(counts) = &self.counts {
            let gap = counts.each.gap.as_secs_f32();
            lines.push(format!("**{}**", counts.each));
            lines.push(format!("kept connection: {}", counts.kept));
            if counts.long.sent() > 0 {
                lines.push(format!("20 s requests: {}", counts.long));
            }
            lines.push(format!("longest gap {gap:.1} s"));
        }
        lines.extend(self.notes.iter().cloned());
        lines.extend(
            self.faults
                .iter()
                .map(|fault| format!("**wrong: {fault}**")),
        );
        f.write_str(&lines.join("<br>"))
    }
}

/// 1.5 s
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f32())
}
