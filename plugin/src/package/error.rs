//! Why local code cannot become a package, and what to do about it; each error names the path.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::rules::RAYIGNORE;
use crate::error::Failure;
use crate::hint::Hint;

#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    #[error("cannot read {}: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    #[error("{} is neither {expected}", path.display())]
    NotTaken {
        path: PathBuf,
        expected: &'static str,
        /// What to do with such a file.
        instead: Option<String>,
    },
    #[error("{} is {what}", path.display())]
    Broken { path: PathBuf, what: String },
    #[error("{what} leads out of {}, where the config is, to {}", dir.display(), real.display())]
    OutOfBounds {
        what: String,
        real: PathBuf,
        dir: PathBuf,
        instead: String,
    },
    #[error("{what} is a path, and the config comes from a URL")]
    FromElsewhere { what: String, instead: String },
    #[error("{what} looks like credentials")]
    NamesCredentials { what: String, instead: String },
    #[error("nothing to upload in {}: {}", dir.display(), nothing(rules))]
    Empty {
        dir: PathBuf,
        /// The rules that left out everything.
        rules: Vec<String>,
    },
    #[error("{} cannot be in a package for its name: Ray unpacks only UTF-8 names without \\ and drive letters", .0.display())]
    Name(PathBuf),
    #[error("{} leads out of {} (to {})", link.display(), dir.display(), target.display())]
    LinkOut {
        link: PathBuf,
        target: PathBuf,
        dir: PathBuf,
    },
    #[error("\"{0}\" is not a pattern that excludes can have: {1}")]
    Pattern(String, ignore::Error),
    #[error("{} {problem}, and Ray takes packages of less than 100 MiB zipped; the largest: {largest}", dir.display())]
    TooLarge {
        dir: PathBuf,
        problem: String,
        largest: String,
    },
    #[error("{} has {size}, and Ray takes packages of less than 100 MiB", path.display())]
    FileTooLarge { path: PathBuf, size: String },
    #[error("cannot write a temporary file in {}: {error}", dir.display())]
    Temporary { dir: PathBuf, error: io::Error },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::of(&error)
    }
}

impl Hint for Error {
    fn hint(&self) -> Option<String> {
        let rayignore = |dir: &Path| dir.join(RAYIGNORE).display().to_string();
        Some(match self {
            Self::NotTaken { instead, .. } => return instead.clone(),
            Self::OutOfBounds { instead, .. }
            | Self::FromElsewhere { instead, .. }
            | Self::NamesCredentials { instead, .. } => instead.clone(),
            Self::Name(_) => format!("rename it, or list it in {RAYIGNORE}"),
            Self::LinkOut { dir, .. } => {
                format!("copy what it names there, or list it in {}", rayignore(dir))
            }
            Self::TooLarge { dir, .. } => format!(
                "list what the application does not need in {}",
                rayignore(dir)
            ),
            Self::FileTooLarge { .. } => {
                "put it where Ray can fetch it (https://, s3://, gs://), or into the image"
                    .to_owned()
            }
            Self::Temporary { .. } => "TMPDIR names another place".to_owned(),
            Self::Read { .. } | Self::Broken { .. } | Self::Empty { .. } | Self::Pattern(..) => {
                return None;
            }
        })
    }
}

fn nothing(rules: &[String]) -> String {
    if rules.is_empty() {
        return "it has no files".to_owned();
    }
    format!("all its files are left out by {}", rules.join(" and "))
}

impl Error {
    pub(super) fn read(path: impl Into<PathBuf>, error: io::Error) -> Self {
        Self::Read {
            path: path.into(),
            error,
        }
    }
}
