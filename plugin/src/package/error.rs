//! Why local code cannot become a package; each error names the path.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::error::Failure;

#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    #[error("cannot read {}: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    #[error("{} is neither {expected}{hint}", path.display())]
    NotTaken {
        path: PathBuf,
        expected: &'static str,
        hint: String,
    },
    #[error("{} is {what}", path.display())]
    Broken { path: PathBuf, what: String },
    #[error("{what} leads out of {}, where the config is, to {}: {instead}", dir.display(), real.display())]
    OutOfBounds {
        what: String,
        real: PathBuf,
        dir: PathBuf,
        instead: String,
    },
    #[error("{what} looks like credentials: {instead}")]
    NamesCredentials { what: String, instead: String },
    #[error("nothing to upload in {}: {}", dir.display(), nothing(rules))]
    Empty {
        dir: PathBuf,
        /// The rules that left out everything.
        rules: Vec<String>,
    },
    #[error("{} cannot be in a package for its name: Ray unpacks only UTF-8 names without \\ and drive letters; rename it, or list it in .rayignore", .0.display())]
    Name(PathBuf),
    #[error("{} leads out of {} (to {}): copy what it names there, or list it in {}", link.display(), dir.display(), target.display(), dir.join(".rayignore").display())]
    LinkOut {
        link: PathBuf,
        target: PathBuf,
        dir: PathBuf,
    },
    #[error("\"{0}\" is not a pattern that excludes can have: {1}")]
    Pattern(String, ignore::Error),
    #[error("{} {problem}, and Ray takes packages of less than 100 MiB zipped: list what the application does not need in {}; the largest: {largest}", dir.display(), dir.join(".rayignore").display())]
    TooLarge {
        dir: PathBuf,
        problem: String,
        largest: String,
    },
    #[error("{} has {size}, and Ray takes packages of less than 100 MiB: put it where Ray can fetch it (https://, s3://, gs://), or into the image", path.display())]
    FileTooLarge { path: PathBuf, size: String },
    #[error("cannot write a temporary file in {}: {error}; TMPDIR names another place", dir.display())]
    Temporary { dir: PathBuf, error: io::Error },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Failed(error.to_string())
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
