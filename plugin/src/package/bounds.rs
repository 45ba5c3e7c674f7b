//! Which paths of this machine a config may name, since another person may have written it.

use std::path::{Path, PathBuf};

use super::credentials;
use super::error::Error;
use super::source::Origin;

/// Where a config may name files: below its own directory, and below what flags name.
#[derive(Debug)]
pub(super) struct Bounds {
    /// Resolved; a path that does not exist allows nothing.
    flags: Vec<PathBuf>,
}

impl Bounds {
    pub(super) fn new<'a>(flags: impl Iterator<Item = &'a Path>) -> Self {
        Self {
            flags: flags.filter_map(|path| path.canonicalize().ok()).collect(),
        }
    }

    /// `path` with all links resolved, if its origin may name it.
    pub(super) fn resolve(&self, path: &Path, origin: &Origin) -> Result<PathBuf, Error> {
        let real = path
            .canonicalize()
            .map_err(|error| Error::read(path, error))?;
        let Origin::Config {
            what,
            directory,
            instead,
        } = origin
        else {
            return Ok(real);
        };
        let directory = if directory.as_os_str().is_empty() {
            Path::new(".")
        } else {
            directory
        };
        let own = directory.canonicalize().ok();
        let (what, instead) = (what.clone(), instead.clone());
        let allowed = self.flags.iter().chain(&own);
        let allowed = allowed.filter(|dir| real.starts_with(dir));
        // The nearest one, which may be the path itself.
        let Some(within) = allowed.max_by_key(|dir| dir.components().count()) else {
            return Err(Error::OutOfBounds {
                what,
                real,
                dir: directory.to_owned(),
                instead,
            });
        };
        let below = real.strip_prefix(within).unwrap_or(&real);
        let is_named_by_flag = below.as_os_str().is_empty();
        let is_secret = below.ancestors().any(credentials::is_directory)
            || (real.is_file() && credentials::is_one(&below.to_string_lossy(), b""));
        if is_secret && !is_named_by_flag {
            return Err(Error::NamesCredentials { what, instead });
        }
        Ok(real)
    }
}
