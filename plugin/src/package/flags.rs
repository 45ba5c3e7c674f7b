//! `--working-dir` and `--py-modules`: where the code of the applications is on this machine.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::uri::is_uri;
use crate::error::Failure;

#[derive(Debug, Clone, Default, clap::Args)]
pub struct PackageFlags {
    /// Directory or .zip with the applications' code, to upload as the working_dir of every application
    /// without one (APP=DIR: only for the application APP)
    ///
    /// Files that .gitignore or .rayignore exclude are left out, by rules in the directory and above it up
    /// to the repository's root, and so are .git, .venv, venv and __pycache__. A ! in .rayignore includes
    /// a file; with RAY_RUNTIME_ENV_IGNORE_GITIGNORE=1 .gitignore does not count. --dry-run=client lists
    /// the files.
    #[arg(long, value_name = "[APP=]DIR|FILE")]
    pub working_dir: Vec<WorkingDir>,
    /// Directory of a Python package, or .whl, .zip or .py file, to upload and add to the py_modules of all
    /// applications; may be repeated
    #[arg(long, value_name = "DIR|FILE")]
    pub py_modules: Vec<Code>,
}

/// `PATH`, or `APP=PATH` for one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkingDir {
    pub application: Option<String>,
    pub code: Code,
}

/// Where code comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    Local(PathBuf),
    /// A URI, which Ray fetches itself.
    Uri(String),
}

impl PackageFlags {
    pub fn are_given(&self) -> bool {
        !self.working_dir.is_empty() || !self.py_modules.is_empty()
    }

    /// Refuses two working directories for one application, or for all others.
    pub(super) fn check(&self) -> Result<(), Failure> {
        for (index, one) in self.working_dir.iter().enumerate() {
            let mut others = self.working_dir[..index].iter();
            if let Some(other) = others.find(|other| other.application == one.application) {
                let (whose, hint) = match &one.application {
                    Some(name) => (format!("application {name}"), None),
                    None => (
                        "the same applications".to_owned(),
                        Some("APP=PATH is for one of them".to_owned()),
                    ),
                };
                return Err(Failure::Usage(format!(
                    "--working-dir is both {} and {} for {whose}",
                    other.code, one.code
                ))
                .with_hint_if(hint));
            }
        }
        Ok(())
    }

    /// The working directory that `APP=` gives this application.
    pub(super) fn of(&self, application: &str) -> Option<&Code> {
        self.find(Some(application))
    }

    pub(super) fn of_all(&self) -> Option<&Code> {
        self.find(None)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let flags = self.working_dir.iter();
        flags.filter_map(|flag| flag.application.as_deref())
    }

    /// All paths of this machine that the flags name.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        let working_dirs = self.working_dir.iter().map(|flag| &flag.code);
        working_dirs
            .chain(&self.py_modules)
            .filter_map(|code| match code {
                Code::Local(path) => Some(path.as_path()),
                Code::Uri(_) => None,
            })
    }

    fn find(&self, application: Option<&str>) -> Option<&Code> {
        let mut flags = self.working_dir.iter();
        let found = flags.find(|flag| flag.application.as_deref() == application)?;
        Some(&found.code)
    }
}

impl FromStr for WorkingDir {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        // A path with `=` in its first name is `./a=b`.
        let (application, code) = match text.split_once('=') {
            Some((name, code)) if !name.is_empty() && !name.contains('/') => {
                (Some(name.to_owned()), code)
            }
            _ => (None, text),
        };
        Ok(Self {
            application,
            code: code.parse()?,
        })
    }
}

impl FromStr for Code {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if is_uri(text) {
            Self::Uri(text.to_owned())
        } else {
            Self::Local(text.into())
        })
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => path.display().fmt(formatter),
            Self::Uri(uri) => uri.fmt(formatter),
        }
    }
}
