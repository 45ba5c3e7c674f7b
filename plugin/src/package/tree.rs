//! The files of a directory that go to the cluster.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use super::credentials;
use super::error::Error;
use super::left_out::{LeftOut, Outside};
use super::open::Root;
use super::rules::{GIT, Rules, Verdict};

/// The files of a package in order, and what was left out and is worth reporting.
#[derive(Debug)]
pub(super) struct Tree {
    /// As the user named it, for messages.
    pub(super) dir: PathBuf,
    pub(super) root: Root,
    pub(super) entries: Vec<Entry>,
    is_one_file: bool,
    /// Entries that a package cannot hold.
    pub(super) skipped: Vec<String>,
    /// Entries that a rule leaves out.
    pub(super) left_out: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its path in the package.
    pub(super) name: String,
    /// Its path below the root, without links.
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
    /// Whether `.rayignore` names it.
    pub(super) on_purpose: bool,
}

impl Entry {
    /// Whether its name, or its target's name, looks like credentials.
    pub(super) fn is_credentials(&self, start: &[u8]) -> bool {
        credentials::is_one(&self.name, start)
            || credentials::is_one(&self.path.to_string_lossy(), start)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Empty directories only; files imply theirs.
    EmptyDirectory,
    File {
        size: u64,
        executable: bool,
    },
}

/// Which part of a directory is packed, and where it goes in the package.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selection<'a> {
    pub(super) excludes: &'a [String],
    pub(super) with_own_name: bool,
    /// Whether `.gitignore` counts.
    pub(super) counts_git: bool,
}

impl Tree {
    /// `root` is `dir` with all links resolved.
    pub(super) fn read(dir: &Path, root: &Path, selection: Selection<'_>) -> Result<Self, Error> {
        let dir = dir.to_owned();
        let prefix = if selection.with_own_name {
            let name = root.file_name().and_then(|name| name.to_str());
            format!("{}/", name.ok_or_else(|| Error::Name(dir.clone()))?)
        } else {
            String::new()
        };
        let opened = Root::open(root).map_err(|error| Error::read(&dir, error))?;
        let mut walker = Walker {
            rules: Rules::above(root, selection.excludes, selection.counts_git)?,
            root,
            dir: dir.clone(),
            prefix,
            entries: Vec::new(),
            skipped: Vec::new(),
            left_out: LeftOut::default(),
        };
        walker.directory(&Place::default(), &mut Vec::new())?;
        let shown = |path: &Path| walker.shown_anywhere(path);
        let mut tree = Self {
            root: opened,
            left_out: walker.left_out.told(&dir, &shown),
            dir,
            entries: Vec::new(),
            is_one_file: false,
            skipped: Vec::new(),
        };
        if walker
            .entries
            .iter()
            .all(|entry| entry.kind == Kind::EmptyDirectory)
        {
            return Err(Error::Empty {
                dir: tree.dir,
                rules: walker.left_out.rules(&shown),
            });
        }
        tree.skipped = walker.rules.bad;
        tree.skipped.append(&mut walker.skipped);
        tree.entries = walker.entries;
        // Sorted by whole path, because a walk's order depends on how directories and files mix.
        tree.entries
            .sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(tree)
    }

    /// A package of one file.
    pub(super) fn of_file(shown: &Path, file: &Path) -> Result<Self, Error> {
        let failed = |error| Error::read(shown, error);
        let (Some(dir), Some(name)) = (file.parent(), file.file_name()) else {
            return Err(Error::Name(shown.to_owned()));
        };
        let metadata = fs::symlink_metadata(file).map_err(failed)?;
        let text = name.to_str().ok_or_else(|| Error::Name(shown.to_owned()))?;
        Ok(Self {
            dir: shown.to_owned(),
            root: Root::open(dir).map_err(failed)?,
            entries: vec![Entry {
                name: text.to_owned(),
                path: name.into(),
                kind: of_file(&metadata),
                on_purpose: true,
            }],
            is_one_file: true,
            skipped: Vec::new(),
            left_out: Vec::new(),
        })
    }

    /// Name and size of each file.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, u64)> {
        self.entries.iter().filter_map(|entry| match entry.kind {
            Kind::File { size, .. } => Some((entry.name.as_str(), size)),
            Kind::EmptyDirectory => None,
        })
    }

    /// An entry's path, starting with the directory as the user named it.
    pub(super) fn shown(&self, entry: &Entry) -> PathBuf {
        if self.is_one_file {
            return self.dir.clone();
        }
        self.dir.join(&entry.path)
    }

    pub(super) fn size(&self) -> u64 {
        self.files().map(|(_, size)| size).sum()
    }
}

/// The walk's current directory.
#[derive(Default)]
struct Place {
    /// Its path below the root, as named.
    below: PathBuf,
    /// The same path with links resolved.
    real: PathBuf,
}

struct Walker<'a> {
    rules: Rules,
    root: &'a Path,
    dir: PathBuf,
    prefix: String,
    entries: Vec<Entry>,
    skipped: Vec<String>,
    left_out: LeftOut,
}

impl Walker<'_> {
    /// `within` are the directories that contain this one, with links resolved.
    fn directory(&mut self, place: &Place, within: &mut Vec<PathBuf>) -> Result<(), Error> {
        let path = self.root.join(&place.real);
        let failed = |walker: &Self, error| Error::read(walker.shown(&place.below), error);
        let entries = fs::read_dir(&path).map_err(|error| failed(self, error))?;
        self.rules.enter(&self.root.join(&place.below))?;
        within.push(place.real.clone());
        for entry in entries {
            let entry = entry.map_err(|error| failed(self, error))?;
            let name = entry.file_name();
            let place = Place {
                below: place.below.join(&name),
                real: place.real.join(&name),
            };
            self.entry(place, within)?;
        }
        within.pop();
        self.rules.leave();
        Ok(())
    }

    fn entry(&mut self, mut place: Place, within: &mut Vec<PathBuf>) -> Result<(), Error> {
        let path = self.root.join(&place.real);
        let failed = |walker: &Self, error| Error::read(walker.shown(&place.below), error);
        let metadata = fs::symlink_metadata(&path).map_err(|error| failed(self, error))?;
        // Rules apply to a link's target, if it is known.
        let leads_to_directory = metadata.is_symlink() && path.is_dir();
        let is_dir = metadata.is_dir() || leads_to_directory;
        let on_purpose = match self.rules.of(&self.root.join(&place.below), is_dir) {
            Verdict::In { on_purpose } => on_purpose,
            Verdict::Out(by, rule) => {
                let outside = Outside {
                    by,
                    rule,
                    path: &self.root.join(&place.below),
                    name: place.below.to_string_lossy().into_owned(),
                    is_dir: metadata.is_dir(),
                };
                let rules = &self.rules;
                if !leads_to_directory {
                    let is_out = |path: &Path, is_dir| rules.of(path, is_dir).is_out();
                    self.left_out.add(&outside, &is_out);
                }
                return Ok(());
            }
        };
        let metadata = if metadata.is_symlink() {
            let Some(real) = self.target(&path, &place.below)? else {
                return Ok(());
            };
            place.real = real;
            let target = self.root.join(&place.real);
            fs::symlink_metadata(target).map_err(|error| failed(self, error))?
        } else {
            metadata
        };
        if metadata.is_dir() {
            return self.subdirectory(&place, within);
        }
        if !metadata.is_file() {
            self.skip(&place.below, what(&metadata));
            return Ok(());
        }
        self.entries.push(Entry {
            name: self.name(&place.below)?,
            path: place.real,
            kind: of_file(&metadata),
            on_purpose,
        });
        Ok(())
    }

    fn subdirectory(&mut self, place: &Place, within: &mut Vec<PathBuf>) -> Result<(), Error> {
        if within.contains(&place.real) {
            self.skip(&place.below, "it is a link to a directory that it is in");
            return Ok(());
        }
        let path = self.root.join(&place.real);
        let is_empty =
            is_empty(&path).map_err(|error| Error::read(self.shown(&place.below), error))?;
        if !is_empty {
            return self.directory(place, within);
        }
        self.entries.push(Entry {
            name: self.name(&place.below)?,
            path: place.real.clone(),
            kind: Kind::EmptyDirectory,
            on_purpose: false,
        });
        Ok(())
    }

    /// A link's target below the root. A package holds the files that links lead to, but nothing
    /// from outside the directory, so that users upload only what they see in it.
    fn target(&mut self, link: &Path, below: &Path) -> Result<Option<PathBuf>, Error> {
        let target = match link.canonicalize() {
            Ok(target) => target,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.skip(below, "it is a link to nothing");
                return Ok(None);
            }
            Err(error) if is_circle(&error) => {
                self.skip(below, "it is a link that leads back to itself");
                return Ok(None);
            }
            Err(error) => return Err(Error::read(self.shown(below), error)),
        };
        let Ok(real) = target.strip_prefix(self.root) else {
            return Err(Error::LinkOut {
                link: self.shown(below),
                target,
                dir: self.dir.clone(),
            });
        };
        if real
            .components()
            .any(|step| step == Component::Normal(GIT.as_ref()))
        {
            self.skip(below, "it is a link into .git");
            return Ok(None);
        }
        Ok(Some(real.to_owned()))
    }

    fn skip(&mut self, below: &Path, why: &str) {
        let shown = self.shown(below);
        self.skipped
            .push(format!("left out {}: {why}", shown.display()));
    }

    /// A path below the directory as the user knows it.
    fn shown(&self, below: &Path) -> PathBuf {
        self.dir.join(below)
    }

    /// A path that may be above the directory too.
    fn shown_anywhere(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.root)
            .map_or_else(|_| path.to_owned(), |below| self.shown(below))
    }

    fn name(&self, below: &Path) -> Result<String, Error> {
        let wrong = || Error::Name(self.shown(below));
        let name = below.to_str().ok_or_else(wrong)?;
        let name = format!("{}{name}", self.prefix);
        // Ray skips such files when it unpacks, and only logs it.
        if name.contains('\\') || name.as_bytes().get(1) == Some(&b':') {
            return Err(wrong());
        }
        Ok(name)
    }
}

fn is_empty(dir: &Path) -> io::Result<bool> {
    Ok(fs::read_dir(dir)?.next().is_none())
}

fn is_circle(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

fn of_file(metadata: &fs::Metadata) -> Kind {
    Kind::File {
        size: metadata.len(),
        executable: metadata.permissions().mode() & 0o100 != 0,
    }
}

fn what(metadata: &fs::Metadata) -> &'static str {
    let kind = metadata.file_type();
    if kind.is_socket() {
        "it is a socket"
    } else if kind.is_fifo() {
        "it is a FIFO"
    } else if kind.is_block_device() || kind.is_char_device() {
        "it is a device"
    } else {
        "it is neither a file nor a directory"
    }
}
