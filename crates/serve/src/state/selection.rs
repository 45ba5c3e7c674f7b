//! The applications a user named, of those that run.

use thiserror::Error;

use crate::state::details::Details;

#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "{} not found on raycluster/{cluster}: {}",
    named(unknown),
    known(known_names)
)]
pub struct UnknownApplications {
    cluster: String,
    unknown: Vec<String>,
    known_names: Vec<String>,
}

fn named(unknown: &[String]) -> String {
    match unknown {
        [one] => format!("application/{one}"),
        several => format!("applications {}", several.join(", ")),
    }
}

fn known(known: &[String]) -> String {
    if known.is_empty() {
        return "it runs no application".to_owned();
    }
    format!("it has {}", known.join(", "))
}

#[derive(Debug, Clone)]
pub struct Selection<'a> {
    cluster: String,
    /// None is all.
    names: &'a [String],
    all_must_be_there: bool,
}

impl<'a> Selection<'a> {
    pub fn new(cluster: &impl ToString, names: &'a [String]) -> Self {
        Self {
            cluster: cluster.to_string(),
            names,
            all_must_be_there: true,
        }
    }

    /// From now on a named application may be missing.
    pub fn be_lenient(&mut self) {
        self.all_must_be_there = false;
    }

    /// `name` is the user's; `application/NAME` is how `-o name` prints it.
    fn is_chosen(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|given| bare(given) == name)
    }

    /// Leaves the chosen applications.
    pub fn apply(&self, details: &mut Details) -> Result<(), UnknownApplications> {
        if self.all_must_be_there {
            let unknown: Vec<String> = self
                .names
                .iter()
                .map(|given| bare(given).to_owned())
                .filter(|name| !details.applications.contains_key(name))
                .collect();
            if !unknown.is_empty() {
                return Err(UnknownApplications {
                    cluster: self.cluster.clone(),
                    unknown,
                    known_names: details.applications.keys().cloned().collect(),
                });
            }
        }
        details.applications.retain(|name, _| self.is_chosen(name));
        Ok(())
    }
}

/// A name without the kind before it.
pub fn bare(given: &str) -> &str {
    given.strip_prefix("application/").unwrap_or(given)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn details(names: &[&str]) -> Details {
        let applications: serde_json::Map<_, _> = names
            .iter()
            .map(|name| ((*name).to_owned(), json!({"status": "RUNNING"})))
            .collect();
        serde_json::from_value(json!({ "applications": applications })).unwrap()
    }

    #[test]
    fn the_named_ones_are_left_whichever_way_they_are_named() {
        let names = ["a".to_owned(), "application/b".to_owned()];
        let mut left = details(&["a", "b", "c"]);
        Selection::new(&"x", &names).apply(&mut left).unwrap();
        assert_eq!(left.applications.keys().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn an_unknown_one_is_told_with_those_that_are_there() {
        let names = ["a".to_owned(), "typo".to_owned()];
        let mut selection = Selection::new(&"x", &names);
        let error = selection.apply(&mut details(&["a", "b"])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "application/typo not found on raycluster/x: it has a, b"
        );
        let error = selection.apply(&mut details(&[])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "applications a, typo not found on raycluster/x: it runs no application"
        );
        selection.be_lenient();
        selection.apply(&mut details(&["b"])).unwrap();
    }
}
