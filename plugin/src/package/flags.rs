//! `--working-dir` and `--py-modules`: where the code of the applications is on this machine.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::runtime_env::is_uri;
use crate::error::Failure;

#[derive(Debug, Clone, Default, clap::Args)]
pub struct PackageFlags {
    /// Directory with the applications' code: uploaded, and made the working_dir of every
    /// application without one (APP=DIR: of this one). Left out is what .gitignore and .rayignore say
    #[arg(long, value_name = "[APP=]DIR")]
    pub working_dir: Vec<WorkingDir>,
    /// Directory of a Python package for all applications to import: uploaded and added to their
    /// py_modules; may be repeated
    #[arg(long, value_name = "DIR")]
    pub py_modules: Vec<PathBuf>,
}

/// `DIR`, or `APP=DIR` for one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkingDir {
    pub application: Option<String>,
    pub code: Code,
}

/// Where code is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    Directory(PathBuf),
    /// Already where Ray finds it.
    Uri(String),
}

impl PackageFlags {
    pub fn are_given(&self) -> bool {
        !self.working_dir.is_empty() || !self.py_modules.is_empty()
    }

    /// Each application, and all others, can have one working directory only.
    pub(super) fn check(&self) -> Result<(), Failure> {
        for (index, one) in self.working_dir.iter().enumerate() {
            let mut others = self.working_dir[..index].iter();
            if let Some(other) = others.find(|other| other.application == one.application) {
                let whose = match &one.application {
                    Some(name) => format!("application {name}"),
                    None => "the same applications: APP=DIR is for one of them".to_owned(),
                };
                return Err(Failure::Usage(format!(
                    "--working-dir is both {} and {} for {whose}",
                    other.code, one.code
                )));
            }
        }
        Ok(())
    }

    /// What `APP=` says of this application.
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
        let code = if is_uri(code) {
            Code::Uri(code.to_owned())
        } else {
            Code::Directory(code.into())
        };
        Ok(Self { application, code })
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(dir) => dir.display().fmt(formatter),
            Self::Uri(uri) => uri.fmt(formatter),
        }
    }
}
