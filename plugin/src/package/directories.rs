//! Where the paths in a config lead from, which can be joined from files of several directories.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The directory of the file that each application comes from; none where that is a URL.
#[derive(Debug, Default)]
pub struct Directories(HashMap<String, Option<PathBuf>>);

impl Directories {
    pub fn put(&mut self, application: &str, directory: Option<&Path>) {
        let directory = directory.map(Path::to_owned);
        self.0.insert(application.to_owned(), directory);
    }

    pub(super) fn of(&self, application: &str) -> Option<&Path> {
        self.0.get(application)?.as_deref()
    }
}
