//! A Serve config as it was read: what it says, and where in its file it says it.

use ray_serve_client::ServeConfig;
use serde_json::Value;

use super::config::{self, Error};
use super::schema;
use crate::error::Failure;
use crate::yaml;
use crate::yaml::positions::Place;
use crate::yaml::positions::embedded::TextMap;

pub struct Source {
    /// The file's, for messages.
    pub name: String,
    /// All of the file.
    pub text: String,
    pub body: Result<Value, Error>,
    inside: Option<Inside>,
}

/// A config that is only a part of its file.
pub struct Inside {
    /// What holds it, such as `spec.serveConfigV2 of rayservice/fruit`.
    pub holder: String,
    pub config: String,
    /// Where it starts in the file.
    pub start: Place,
    /// None where the rest of its places is not known.
    pub map: Option<TextMap>,
}

impl Source {
    /// A file that is a config.
    pub fn new(name: String, bytes: Vec<u8>) -> Self {
        let (text, body) = match String::from_utf8(bytes) {
            Ok(text) => {
                let body = yaml::parse(&text).map_err(discreet);
                (text, body)
            }
            Err(_) => (String::new(), Err(Error::NotText)),
        };
        Self {
            name,
            text,
            body,
            inside: None,
        }
    }

    /// A file that holds a config, or should.
    pub fn inside(name: &str, text: &str, inside: Inside, broken: Option<Error>) -> Self {
        let body = match broken {
            None => yaml::parse(&inside.config).map_err(discreet),
            Some(error) => Err(error),
        };
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            body,
            inside: Some(inside),
        }
    }

    /// A file without a config.
    pub fn without(name: &str, text: &str, error: Error) -> Self {
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            body: Err(error),
            inside: None,
        }
    }

    /// The file and, where there is more in it than the config, what of it is meant.
    pub fn title(&self) -> String {
        match &self.inside {
            Some(Inside { holder, .. }) => format!("{}, {holder}", self.name),
            None => self.name.clone(),
        }
    }

    pub fn holder(&self) -> Option<&str> {
        self.inside.as_ref().map(|inside| inside.holder.as_str())
    }

    /// The config alone.
    pub fn config_text(&self) -> &str {
        match &self.inside {
            Some(inside) => &inside.config,
            None => &self.text,
        }
    }

    /// Where the config starts, if it is only a part of the file.
    pub fn start(&self) -> Option<Place> {
        self.inside.as_ref().map(|inside| inside.start)
    }

    /// The place in the file of a place in the config: where the config starts if that is all that
    /// is known.
    pub fn in_file(&self, place: Place) -> Place {
        match &self.inside {
            None => place,
            Some(inside) => {
                let mapped = inside.map.as_ref().and_then(|map| map.place(place));
                mapped.unwrap_or(inside.start)
            }
        }
    }

    /// What cannot be shown of the file, as nobody knows what of the config stands where.
    pub fn unplaced(&self) -> Option<Place> {
        let inside = self.inside.as_ref()?;
        let is_known = inside.map.is_some() || inside.config.is_empty();
        (!is_known).then_some(Place {
            length: 0,
            ..inside.start
        })
    }

    /// The config to send; whoever wants to know more than this error checks the source first.
    pub fn config(&self) -> Result<ServeConfig, Failure> {
        let body = self.body.as_ref().map_err(|error| self.unusable(error))?;
        config::config(body.clone()).map_err(|error| self.unusable(&error))
    }

    fn unusable(&self, error: &Error) -> Failure {
        Failure::Failed(format!("{} is not a Serve config: {error}", self.title()))
    }
}

/// What is wrong, without what may be a value: in broken YAML the end of a password may be a key.
fn discreet(error: yaml::Error) -> Error {
    const TWICE: &str = "duplicate mapping key";
    let is_field = |key: &str| schema::FIELDS.iter().any(|field| field.name == key);
    Error::Yaml(match error {
        yaml::Error::Syntax {
            line,
            column,
            problem,
        } => {
            let key = problem
                .strip_prefix(TWICE)
                .map(|key| key.trim_start_matches(": "));
            let problem = match key {
                Some(key) if !is_field(key) => TWICE.to_owned(),
                _ => problem,
            };
            yaml::Error::Syntax {
                line,
                column,
                problem,
            }
        }
        other => other,
    })
}
