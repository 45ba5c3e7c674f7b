//! What a file holds for Serve: a config, Kubernetes objects with configs in them, or nothing.

use super::config::Error;
use super::holders::{Held, Holdings, is_object, none_in};
use super::likeness;
use super::source::{Inside, Source};
use crate::error::Failure;
use crate::input::Input;
use crate::yaml;
use crate::yaml::go_yaml::{self, Document};
use crate::yaml::positions::embedded::TextMap;
use crate::yaml::positions::{Node, Place};

pub struct Contents {
    pub configs: Vec<Source>,
    /// What else is in the file, such as `service/fruit`.
    pub others: Vec<String>,
}

/// A file of a directory that nobody meant as a Serve config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stranger {
    /// Objects without a config, by name.
    Kubernetes(Vec<String>),
    Template,
    Empty,
    /// Neither YAML nor JSON.
    Unreadable,
    Other,
}

impl Contents {
    /// A file that was named is meant: whatever it is, it is held to be a Serve config.
    pub fn of_named(Input { name, bytes, .. }: Input) -> Self {
        let manifest = str::from_utf8(&bytes)
            .ok()
            .and_then(|text| Some((text, Manifest::read(&name, text)?)));
        match manifest {
            Some((text, manifest)) => match manifest.contents {
                Self { configs, .. } if configs.is_empty() => {
                    Self::only(Source::without(&name, text, Error::Holder(manifest.none)))
                }
                contents => contents,
            },
            None => Self::only(Source::new(name, bytes)),
        }
    }

    /// A file that lies in a directory may be anything.
    pub fn of_found(Input { name, bytes, .. }: Input) -> Result<Self, Stranger> {
        let Ok(text) = str::from_utf8(&bytes) else {
            return Err(Stranger::Unreadable);
        };
        if let Some(manifest) = Manifest::read(&name, text) {
            let Self {
                mut configs,
                others,
            } = manifest.contents;
            let before = configs.len();
            configs.retain(|source| !is_template(source));
            return match (configs.len(), before) {
                (0, 0) => Err(Stranger::Kubernetes(others)),
                (0, _) => Err(Stranger::Template),
                _ => Ok(Self { configs, others }),
            };
        }
        let of_chart = likeness::is_values_file(&name);
        let source = Source::new(name, bytes);
        match &source.body {
            Ok(body) if of_chart && likeness::has_foreign_fields(body) => Err(Stranger::Other),
            Ok(body) if likeness::is_meant(body) => Ok(Self::only(source)),
            Ok(body) if body.is_null() => Err(Stranger::Empty),
            Ok(_) => Err(Stranger::Other),
            Err(_) if is_template(&source) => Err(Stranger::Template),
            Err(Error::Yaml(yaml::Error::SeveralDocuments(_))) if !has_config(&source.text) => {
                Err(Stranger::Other)
            }
            Err(Error::Yaml(yaml::Error::Syntax { .. }))
                if !likeness::is_meant_by(&source.text) =>
            {
                // A date or a tag of another program is YAML too, though none of a Serve config.
                Err(match go_yaml::documents(&source.text) {
                    Ok(_) => Stranger::Other,
                    Err(_) => Stranger::Unreadable,
                })
            }
            Err(_) => Ok(Self::only(source)),
        }
    }

    fn only(source: Source) -> Self {
        Self {
            configs: vec![source],
            others: Vec::new(),
        }
    }

    /// The config to send, of a file that has to hold one.
    pub fn one(self) -> Result<(Source, Vec<String>), Failure> {
        let Self {
            mut configs,
            others,
        } = self;
        if let [first, .., _] = &configs[..] {
            let places = configs.iter().filter_map(|source| {
                Some(format!(
                    "{} (line {})",
                    source.holder()?,
                    source.start()?.line
                ))
            });
            return Err(Failure::Failed(format!(
                "{} holds {} Serve configs where one is expected: {}",
                first.name,
                configs.len(),
                places.collect::<Vec<_>>().join(" and ")
            )));
        }
        let source = configs.pop();
        let source =
            source.unwrap_or_else(|| unreachable!("a named file is at least not a config"));
        Ok((source, others))
    }
}

/// Whether a document of several is a config.
fn has_config(text: &str) -> bool {
    go_yaml::documents(text)
        .is_ok_and(|documents| documents.iter().any(|one| likeness::is_meant(&one.value)))
}

fn is_template(source: &Source) -> bool {
    let is_broken = matches!(source.body, Err(Error::Yaml(yaml::Error::Syntax { .. })));
    is_broken && likeness::is_template(source.config_text())
}

/// A file of Kubernetes objects.
struct Manifest {
    contents: Contents,
    /// What to say if none of them holds a config.
    none: String,
}

impl Manifest {
    fn read(name: &str, text: &str) -> Option<Self> {
        let documents = go_yaml::documents(text).ok()?;
        let is_one = |document: &Document| is_object(&document.value);
        if !documents.iter().any(is_one) {
            return None;
        }
        let mut configs = Vec::new();
        let mut others = Vec::new();
        for document in &documents {
            if is_one(document) {
                let mut holdings = Holdings::default();
                holdings.look(&document.value);
                let held = holdings.held.into_iter();
                configs.extend(held.map(|held| source(name, text, document, held)));
                others.extend(holdings.others);
            } else if likeness::is_meant(&document.value) {
                configs.push(whole(name, text, document));
            }
        }
        let none = none_in(&others);
        let others = others.into_iter().map(|other| other.name).collect();
        Some(Self {
            contents: Contents { configs, others },
            none,
        })
    }
}

/// A config that an object holds.
fn source(name: &str, text: &str, document: &Document, held: Held) -> Source {
    let root = Node::read(document.text);
    let start = root.map_or_else(first, |root| {
        let found = root.find(&held.path);
        match (&held.config, found.key) {
            // What is wrong with a value that is no text is where its key is.
            (Err(_), Some(key)) => key,
            _ => found.node.value,
        }
    });
    let start = moved(start, document.start);
    let (config, broken) = match held.config {
        Ok(config) => (config, None),
        Err(error) => (String::new(), Some(error)),
    };
    let inside = Inside {
        map: TextMap::of(text.trim_start_matches('\u{feff}'), start, &config),
        holder: held.holder,
        config,
        start,
    };
    Source::inside(name, text, inside, broken)
}

/// A config that is a document between objects.
fn whole(name: &str, text: &str, document: &Document) -> Source {
    let start = moved(first(), document.start);
    let inside = Inside {
        holder: "the document without a kind".to_owned(),
        config: document.text.to_owned(),
        start,
        map: Some(TextMap::plain(document.text, start)),
    };
    Source::inside(name, text, inside, None)
}

fn first() -> Place {
    Place {
        line: 1,
        column: 1,
        length: 1,
    }
}

/// A place in a document, as a place in its file.
fn moved(place: Place, (lines, columns): (u64, u64)) -> Place {
    let number = |number| usize::try_from(number).unwrap_or_default();
    Place {
        line: place.line + number(lines),
        column: place.column + if place.line == 1 { number(columns) } else { 0 },
        ..place
    }
}
