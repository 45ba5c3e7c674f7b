use std::io;
use std::path::PathBuf;

use thiserror::Error;

#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    #[error("cannot read {}: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    #[error("{} is not a directory: a directory with Python code is expected", .0.display())]
    NotADirectory(PathBuf),
    #[error("nothing to upload in {}: it has no files, or all of them are excluded (.gitignore, .rayignore)", .0.display())]
    Empty(PathBuf),
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
    #[error("cannot write a temporary file in {}: {error}; TMPDIR names another place", dir.display())]
    Temporary { dir: PathBuf, error: io::Error },
}

impl Error {
    pub(super) fn read(path: impl Into<PathBuf>, error: io::Error) -> Self {
        Self::Read {
            path: path.into(),
            error,
        }
    }
}
