//! A scalar of a Serve config as the file spells it, and its place.

use granit_parser::{Event, ScalarStyle};

use super::Place;
use crate::yaml::pyyaml::{self, PyYaml};
use crate::yaml::reader::Dialect as _;

/// A scalar's text.
#[derive(Debug, Clone)]
pub struct Written {
    pub text: String,
    /// Without quotes and without a tag: its spelling says what it is.
    pub is_plain: bool,
}

/// A scalar's part in a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Key,
    Value,
}

/// One scalar of a file.
#[derive(Debug, Clone, Copy)]
pub struct Scalar<'a> {
    /// Names of the fields that contain it, outermost first.
    pub names: &'a [&'a str],
    pub role: Role,
    pub place: Place,
    pub written: &'a Written,
}

impl Written {
    pub(super) fn of(event: &Event<'_>) -> Option<Self> {
        let Event::Scalar(text, style, _, tag) = event else {
            return None;
        };
        Some(Self {
            text: text.to_string(),
            is_plain: *style == ScalarStyle::Plain && tag.is_none(),
        })
    }

    /// The JSON key it becomes: `yes` is "true".
    pub(super) fn key(&self) -> String {
        let resolved = self.is_plain.then(|| pyyaml::plain(&self.text));
        let key = resolved.and_then(|value| PyYaml::key(value.ok()?).ok());
        key.unwrap_or_else(|| self.text.clone())
    }
}
