//! Where the check of a config is, and what it has found so far.

use ray_serve_client::api::version::RayVersion;

use super::Target;
use super::findings::{At, Found, Severity};
use crate::yaml::positions::Step;

pub(super) struct Report {
    pub(super) target: Target,
    path: Vec<Step>,
    pub(super) found: Vec<Found>,
}

impl Report {
    pub(super) fn new(target: Target) -> Self {
        Self {
            target,
            path: Vec::new(),
            found: Vec::new(),
        }
    }

    pub(super) fn ray(&self) -> Option<RayVersion> {
        self.target.ray
    }

    /// Looks into a field.
    pub(super) fn in_field(&mut self, name: &str, look: impl FnOnce(&mut Self)) {
        self.inside(Step::Key(name.to_owned()), look);
    }

    /// Looks into an item of a list.
    pub(super) fn in_item(&mut self, index: usize, look: impl FnOnce(&mut Self)) {
        self.inside(Step::Index(index), look);
    }

    fn inside(&mut self, step: Step, look: impl FnOnce(&mut Self)) {
        self.path.push(step);
        look(self);
        self.path.pop();
    }

    /// The value that is looked at cannot be.
    pub(super) fn error(&mut self, message: impl Into<String>) {
        self.add(Severity::Error, At::Value, message.into());
    }

    /// The field that is looked at cannot be there.
    pub(super) fn error_at_key(&mut self, message: impl Into<String>) {
        self.add(Severity::Error, At::Key, message.into());
    }

    pub(super) fn warning(&mut self, message: impl Into<String>) {
        self.add(Severity::Warning, At::Value, message.into());
    }

    pub(super) fn warning_at_key(&mut self, message: impl Into<String>) {
        self.add(Severity::Warning, At::Key, message.into());
    }

    fn add(&mut self, severity: Severity, at: At, message: String) {
        self.found.push(Found {
            severity,
            message,
            path: self.path.clone(),
            at,
        });
    }
}
