//! What configs say against each other that are sent as one.

use std::collections::HashMap;

use ray_serve_client::config::{APPLICATIONS, DEFAULT_NAME};
use serde_json::Value;

use super::findings::Findings;
use super::report::Report;
use super::rules::{self, DEFAULT_ROUTE, Fields};
use super::{Target, config, secrets};
use crate::check::schema::{self, Object};
use crate::check::source::Source;
use crate::yaml::positions::{Node, Step};

/// Names, routes and settings that two of the configs have, told at the later one with the place of
/// the other. What one config has twice is told where that config is checked alone. As many findings
/// as sources.
pub fn between(sources: &[Source]) -> Vec<Findings> {
    let mut earlier = Earlier {
        sources,
        names: HashMap::new(),
        routes: HashMap::new(),
        settings: HashMap::new(),
    };
    let mut all = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let mut report = Report::new(Target::default());
        if let Ok(Ok(top)) = source.body.as_ref().map(config::top) {
            earlier.look(&mut report, index, top);
        }
        let root = Node::read(source.config_text());
        let root = root.as_deref();
        let secret = root.map(secrets).unwrap_or_default();
        all.push(Findings::place(report.found, root, secret).in_file(source));
    }
    all
}

/// Where something was said first.
#[derive(Clone)]
struct Said {
    source: usize,
    path: Vec<Step>,
}

struct Earlier<'a> {
    sources: &'a [Source],
    names: HashMap<&'a str, Said>,
    routes: HashMap<&'a str, (&'a str, Said)>,
    settings: HashMap<&'a str, (&'a Value, Said)>,
}

impl<'a> Earlier<'a> {
    fn look(&mut self, report: &mut Report, source: usize, top: &'a Fields) {
        self.settings(report, source, top);
        rules::in_list(report, top, APPLICATIONS, |report, applications| {
            for (index, fields) in applications {
                self.name(report, source, *index, fields);
                self.route(report, source, *index, fields);
            }
        });
    }

    fn settings(&mut self, report: &mut Report, source: usize, top: &'a Fields) {
        let is_known = |name: &str| schema::field(Object::Config, name).is_some();
        let settings = top
            .iter()
            .filter(|(name, _)| *name != APPLICATIONS && is_known(name));
        for (name, value) in settings {
            let path = vec![Step::Key(name.clone())];
            let said = Said { source, path };
            let (first, other) = self.settings.entry(name).or_insert((value, said));
            if *first != value {
                let message = format!(
                    "\"{name}\" differs from {}, and a cluster can have only one",
                    place(self.sources, other)
                );
                report.in_field(name, |report| report.error_at_key(message));
            }
        }
    }

    fn name(&mut self, report: &mut Report, source: usize, index: usize, fields: &'a Fields) {
        let Some(name) = rules::or_default(fields, "name", DEFAULT_NAME) else {
            return;
        };
        let said = said(source, index, fields, "name");
        let first = self.names.entry(name).or_insert(said);
        if first.source != source {
            let message = format!(
                "application \"{name}\" is also in {}",
                place(self.sources, first)
            );
            rules::at_field(report, index, fields, "name", message);
        }
    }

    fn route(&mut self, report: &mut Report, source: usize, index: usize, fields: &'a Fields) {
        let Some(route) = rules::or_default(fields, "route_prefix", DEFAULT_ROUTE) else {
            return;
        };
        let name = rules::text(fields, "name").unwrap_or(DEFAULT_NAME);
        let said = said(source, index, fields, "route_prefix");
        let (other, first) = self.routes.entry(route).or_insert((name, said));
        // One that is there twice has the same route twice: one finding says both.
        if first.source != source && *other != name {
            let why = rules::why_default_route(fields);
            let message = format!(
                "application \"{name}\" has the same route \"{route}\" as \"{other}\" in {}{why}",
                place(self.sources, first)
            );
            rules::at_field(report, index, fields, "route_prefix", message);
        }
    }
}

/// At the field, or at the application that lacks it.
fn said(source: usize, index: usize, fields: &Fields, field: &str) -> Said {
    let mut path = vec![Step::Key(APPLICATIONS.to_owned()), Step::Index(index)];
    if fields.contains_key(field) {
        path.push(Step::Key(field.to_owned()));
    }
    Said { source, path }
}

/// `fruit.yaml:3`
fn place(sources: &[Source], Said { source, path }: &Said) -> String {
    let source = &sources[*source];
    let root = Node::read(source.config_text());
    let line = root.as_deref().map(|root| {
        let found = root.find(path);
        source.in_file(found.key.unwrap_or(found.node.value)).line
    });
    match line {
        Some(line) => format!("{}:{line}", source.name),
        None => source.name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRUIT: &str =
        "applications:\n- name: fruit\n  route_prefix: /fruit\n  import_path: a:b\n";

    fn told(texts: &[&str]) -> Vec<Vec<(usize, String)>> {
        let named = texts.iter().enumerate();
        let sources: Vec<Source> = named
            .map(|(index, text)| Source::new(format!("{index}.yaml"), (*text).into()))
            .collect();
        let line = |one: &super::super::Finding| one.place.map_or(0, |place| place.line);
        let all = between(&sources);
        let all = all.iter().map(|findings| {
            let found = findings.iter();
            found.map(|one| (line(one), one.message.clone())).collect()
        });
        all.collect()
    }

    #[test]
    fn names_routes_and_settings_are_one_cluster_s() {
        for (other, found) in [
            (
                "applications:\n- {name: fruit, route_prefix: /b, import_path: a:b}\n",
                &[(2, "application \"fruit\" is also in 0.yaml:2")][..],
            ),
            (
                "applications:\n- name: x\n  route_prefix: /fruit\n",
                &[(
                    3,
                    "application \"x\" has the same route \"/fruit\" as \"fruit\" in 0.yaml:3",
                )],
            ),
            // Both, and it is one mistake.
            (FRUIT, &[(2, "application \"fruit\" is also in 0.yaml:2")]),
            ("applications:\n- {name: x, route_prefix: null}\n", &[]),
            ("applications: []\n", &[]),
            ("not: [a, config]\n", &[]),
            ("{broken\n", &[]),
        ] {
            let told = told(&[FRUIT, other]);
            assert_eq!(told[0], [], "{other}");
            let found: Vec<_> = found
                .iter()
                .map(|(line, message)| (*line, (*message).to_owned()))
                .collect();
            assert_eq!(told[1], found, "{other}");
        }
    }

    #[test]
    fn what_is_left_out_is_ray_s_default_there_too() {
        let told = told(&[
            "applications:\n- import_path: a:b\n",
            "applications:\n- name: x\n  import_path: a:b\n- import_path: c:d\n",
        ]);
        let messages: Vec<&str> = told[1].iter().map(|(_, message)| &**message).collect();
        assert_eq!(
            messages,
            [
                "application \"x\" has the same route \"/\" as \"default\" in 0.yaml:2, the default: set route_prefix",
                "application \"default\" is also in 0.yaml:2"
            ]
        );
    }

    #[test]
    fn a_setting_that_differs_is_told_and_a_repeated_one_is_not() {
        let port = |port: u16| format!("http_options: {{port: {port}}}\napplications: []\n");
        let told = told(&[
            &port(8000),
            &port(8000),
            &port(9000),
            "x-anchors: 1\napplications: []\n",
        ]);
        assert_eq!((told[1].len(), told[3].len()), (0, 0));
        assert_eq!(
            told[2],
            [(
                1,
                "\"http_options\" differs from 0.yaml:1, and a cluster can have only one"
                    .to_owned()
            )]
        );
    }

    #[test]
    fn what_one_config_has_twice_is_told_of_it_alone() {
        let twice = format!("{FRUIT}- name: fruit\n  import_path: c:d\n");
        let told = told(&["applications: []\n", &twice]);
        assert_eq!(told[1], []);
    }
}
