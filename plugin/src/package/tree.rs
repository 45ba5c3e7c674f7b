//! The files of a directory that go to the cluster.

use std::path::{Path, PathBuf};

use ignore::{DirEntry, Walk};

use super::error::Error;
use super::exclude;

/// What is in a package, in its order, and what was left out and why a user would want to know.
#[derive(Debug)]
pub(super) struct Tree {
    /// As the user named it, for messages.
    pub(super) dir: PathBuf,
    pub(super) entries: Vec<Entry>,
    pub(super) skipped: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its path in the package.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only those with nothing in them: files bring their own.
    EmptyDirectory,
    File {
        size: u64,
        executable: bool,
    },
}

/// Which directory, what of it, and how it is put into the package.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Source {
    pub(super) dir: PathBuf,
    /// `excludes` of the `runtime_env`, in gitignore's syntax.
    pub(super) excludes: Vec<String>,
    /// Whether files are below the directory's own name, as Ray wants it for a Python module.
    pub(super) with_own_name: bool,
}

impl Tree {
    pub(super) fn read(source: &Source) -> Result<Self, Error> {
        let dir = source.dir.clone();
        // A link to the directory is as good as the directory.
        let root = match dir.canonicalize() {
            Ok(root) if root.is_dir() => root,
            Ok(_) => return Err(Error::NotADirectory(dir)),
            Err(error) => return Err(Error::read(dir, error)),
        };
        let prefix = if source.with_own_name {
            let name = root.file_name().and_then(|name| name.to_str());
            format!("{}/", name.ok_or_else(|| Error::Name(dir.clone()))?)
        } else {
            String::new()
        };
        let mut walker = Walker {
            tree: Self {
                dir,
                entries: Vec::new(),
                skipped: Vec::new(),
            },
            root,
            prefix,
        };
        walker.run(exclude::walk(&walker.root, &source.excludes)?)?;
        let mut tree = walker.tree;
        if tree.files().next().is_none() {
            return Err(Error::Empty(tree.dir));
        }
        // By whole names: a walk's order depends on how directories and files mix.
        tree.entries
            .sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(tree)
    }

    /// Name and size of each file.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, u64)> {
        self.entries.iter().filter_map(|entry| match entry.kind {
            Kind::File { size, .. } => Some((entry.name.as_str(), size)),
            Kind::EmptyDirectory => None,
        })
    }

    pub(super) fn size(&self) -> u64 {
        self.files().map(|(_, size)| size).sum()
    }
}

struct Walker {
    tree: Tree,
    root: PathBuf,
    prefix: String,
}

impl Walker {
    fn run(&mut self, walk: Walk) -> Result<(), Error> {
        for entry in walk {
            match entry {
                Ok(entry) => {
                    if let Some(error) = entry.error() {
                        self.ignore_file_error(error)?;
                    }
                    if entry.depth() > 0 {
                        self.add(&entry)?;
                    }
                }
                Err(error) => self.walk_error(error)?,
            }
        }
        Ok(())
    }

    fn add(&mut self, entry: &DirEntry) -> Result<(), Error> {
        let path = entry.path();
        if entry.path_is_symlink() {
            self.check_link(path)?;
        }
        let Some(file_type) = entry.file_type() else {
            return Ok(());
        };
        let kind = if file_type.is_dir() {
            if !is_empty(path).map_err(|error| Error::read(self.shown(path), error))? {
                return Ok(());
            }
            Kind::EmptyDirectory
        } else if file_type.is_file() {
            // Of a link, what it leads to.
            let metadata =
                std::fs::metadata(path).map_err(|error| Error::read(self.shown(path), error))?;
            Kind::File {
                size: metadata.len(),
                executable: is_executable(&metadata),
            }
        } else {
            self.skip(path, "it is neither a file nor a directory");
            return Ok(());
        };
        self.tree.entries.push(Entry {
            name: self.name(path)?,
            path: path.to_owned(),
            kind,
        });
        Ok(())
    }

    /// A package holds the files that links lead to, and nothing from outside the directory: what
    /// is uploaded is what one sees in it.
    fn check_link(&self, path: &Path) -> Result<(), Error> {
        let target = path
            .canonicalize()
            .map_err(|error| Error::read(self.shown(path), error))?;
        if target.starts_with(&self.root) {
            return Ok(());
        }
        Err(Error::LinkOut {
            link: self.shown(path),
            target,
            dir: self.tree.dir.clone(),
        })
    }

    fn walk_error(&mut self, error: ignore::Error) -> Result<(), Error> {
        let path = path_of(&error).map_or_else(|| self.root.clone(), Path::to_owned);
        if let Some(child) = loop_of(&error) {
            let child = child.to_owned();
            self.skip(&child, "it is a link to a directory that it is in");
            return Ok(());
        }
        let is_link = path.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
        let error = error
            .into_io_error()
            .unwrap_or_else(|| std::io::Error::other("unknown error"));
        if is_link && error.kind() == std::io::ErrorKind::NotFound {
            self.skip(&path, "it is a link to nothing");
            return Ok(());
        }
        Err(Error::read(self.shown(&path), error))
    }

    /// A pattern that cannot be read is passed over, as git does; a whole file of them that cannot
    /// be read would let out what was to stay here.
    fn ignore_file_error(&mut self, error: &ignore::Error) -> Result<(), Error> {
        if error.is_io() {
            let path = path_of(error).map_or_else(|| self.tree.dir.clone(), |at| self.shown(at));
            let error = error.clone().into_io_error();
            let error = error.unwrap_or_else(|| std::io::Error::other("unknown error"));
            return Err(Error::read(path, error));
        }
        self.tree
            .skipped
            .push(format!("ignored a bad pattern: {error}"));
        Ok(())
    }

    fn skip(&mut self, path: &Path, why: &str) {
        let shown = self.shown(path);
        self.tree
            .skipped
            .push(format!("left out {}: {why}", shown.display()));
    }

    /// A path below the directory as the user knows it.
    fn shown(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.root) {
            Ok(below) => self.tree.dir.join(below),
            Err(_) => path.to_owned(),
        }
    }

    fn name(&self, path: &Path) -> Result<String, Error> {
        let wrong = || Error::Name(self.shown(path));
        let below = path.strip_prefix(&self.root).map_err(|_| wrong())?;
        let name = below.to_str().ok_or_else(wrong)?;
        let name = format!("{}{name}", self.prefix);
        // Ray leaves such files out when it unpacks, without a word to anybody but its log.
        if name.contains('\\') || name.as_bytes().get(1) == Some(&b':') {
            return Err(wrong());
        }
        Ok(name)
    }
}

fn is_empty(dir: &Path) -> std::io::Result<bool> {
    Ok(std::fs::read_dir(dir)?.next().is_none())
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &std::fs::Metadata) -> bool {
    false
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        ignore::Error::Partial(errors) => errors.iter().find_map(path_of),
        _ => None,
    }
}

fn loop_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::Loop { child, .. } => Some(child),
        ignore::Error::WithPath { err, .. }
        | ignore::Error::WithDepth { err, .. }
        | ignore::Error::WithLineNumber { err, .. } => loop_of(err),
        _ => None,
    }
}
