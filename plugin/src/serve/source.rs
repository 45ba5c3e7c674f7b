//! A Serve config file as it was read: its text, for what is said about it, and what it says.

use std::path::Path;

use serde_json::Value;

use super::config::{Error, ServeConfig};
use crate::error::Failure;
use crate::input::Input;
use crate::yaml;

pub struct Source {
    /// For messages.
    pub name: String,
    pub text: String,
    pub body: Result<Value, Error>,
}

impl Source {
    /// A file, or standard input where it is called `-`.
    pub fn read(file: &Path) -> Result<Self, Failure> {
        let Input { name, bytes } = Input::read(file)?;
        Ok(Self::new(name, bytes))
    }

    pub fn new(name: String, bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self {
                name,
                body: yaml::parse(&text).map_err(Error::from),
                text,
            },
            Err(_) => Self {
                name,
                text: String::new(),
                body: Err(Error::NotText),
            },
        }
    }

    /// The config to send; whoever wants to know more than this error checks the source first.
    pub fn config(&self) -> Result<ServeConfig, Failure> {
        let body = self.body.as_ref().map_err(|error| self.unusable(error))?;
        ServeConfig::new(body.clone()).map_err(|error| self.unusable(&error))
    }

    fn unusable(&self, error: &Error) -> Failure {
        Failure::Failed(format!("{} is not a Serve config: {error}", self.name))
    }
}
