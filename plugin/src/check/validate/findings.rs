//! What is wrong with a config, and where.

use std::collections::BTreeSet;

use crate::check::source::Source;
use crate::yaml::positions::{Node, Place, Step};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Ray would refuse it, ignore what was meant, or certainly fail later.
    Error,
    /// Worth a look.
    Warning,
}

/// What of a value to point at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Key,
    Value,
}

/// A finding before it is placed in the file.
#[derive(Debug)]
pub struct Found {
    pub severity: Severity,
    pub message: String,
    pub path: Vec<Step>,
    pub at: At,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    pub message: String,
    /// None where the file as a whole is meant.
    pub place: Option<Place>,
}

/// All findings about one file, in its order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Findings {
    all: Vec<Finding>,
    /// What is not to be shown of the file.
    pub secrets: Vec<Place>,
    /// Nobody knows what in the file is a value, and so may be secret.
    pub is_unread: bool,
}

impl Findings {
    /// One error about the file as a whole, or about what cannot be read of it.
    pub fn of_file(message: String, place: Option<Place>) -> Self {
        Self {
            all: vec![Finding {
                severity: Severity::Error,
                message,
                place,
            }],
            secrets: Vec::new(),
            is_unread: true,
        }
    }

    pub fn place(found: Vec<Found>, root: Option<&Node>, secrets: Vec<Place>) -> Self {
        let mut all: Vec<Finding> = Vec::new();
        // What an anchor brings to several places is wrong in one.
        let mut told = BTreeSet::new();
        for one in found {
            let place = root.map(|root| {
                let found = root.find(&one.path);
                match (one.at, found.key) {
                    (At::Key, Some(key)) => key,
                    _ => found.node.value,
                }
            });
            if told.insert((place, one.message.clone())) {
                all.push(Finding {
                    severity: one.severity,
                    message: one.message,
                    place,
                });
            }
        }
        all.sort_by_key(|finding| finding.place);
        Self {
            all,
            secrets,
            is_unread: false,
        }
    }

    /// The findings about a config, at their places in the file that holds it.
    pub fn in_file(mut self, source: &Source) -> Self {
        for finding in &mut self.all {
            finding.place = match finding.place {
                Some(place) => Some(source.in_file(place)),
                None => source.start(),
            };
        }
        self.all.sort_by_key(|finding| finding.place);
        for secret in &mut self.secrets {
            *secret = source.in_file(*secret);
        }
        self.secrets.extend(source.unplaced());
        self
    }

    /// Puts another message where `better` has one for the place.
    pub(super) fn reword(&mut self, better: impl Fn(Place, &str) -> Option<String>) {
        for finding in &mut self.all {
            let place = finding.place;
            if let Some(message) = place.and_then(|place| better(place, &finding.message)) {
                finding.message = message;
            }
        }
        self.all.dedup();
    }

    pub(super) fn add(&mut self, more: impl IntoIterator<Item = Finding>) {
        self.all.extend(more);
        self.all.sort_by_key(|finding| finding.place);
    }

    /// Warnings count as errors.
    pub fn strict(mut self) -> Self {
        for finding in &mut self.all {
            finding.severity = Severity::Error;
        }
        self
    }

    pub fn without_warnings(mut self) -> Self {
        self.all.retain(|one| one.severity == Severity::Error);
        self
    }

    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.all.iter()
    }

    pub fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    pub fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    fn count(&self, severity: Severity) -> usize {
        let of_it = self.all.iter().filter(|one| one.severity == severity);
        of_it.count()
    }
}
