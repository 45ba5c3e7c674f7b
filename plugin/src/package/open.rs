//! Opens files so that another user with write access nearby cannot swap them.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path};

use rustix::fs::{Mode, OFlags, openat};

/// A directory from which files are opened step by step, so that no link on the way is followed.
#[derive(Debug)]
pub(super) struct Root(OwnedFd);

impl Root {
    /// `path` has no links in it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        Ok(Self(openat(rustix::fs::CWD, path, flags, Mode::empty())?))
    }

    /// A regular file at `below`, which has no links in it either.
    pub(super) fn file(&self, below: &Path) -> io::Result<File> {
        let names: Option<Vec<_>> = below
            .components()
            .map(|component| match component {
                Component::Normal(name) => Some(name),
                _ => None,
            })
            .collect();
        let names = names.ok_or(io::ErrorKind::InvalidInput)?;
        let (last, directories) = names.split_last().ok_or(io::ErrorKind::InvalidInput)?;
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
        let mut inner: Option<OwnedFd> = None;
        for name in directories {
            let outer = inner.as_ref().map_or(self.0.as_fd(), AsFd::as_fd);
            inner = Some(openat(outer, *name, flags, Mode::empty())?);
        }
        let outer = inner.as_ref().map_or(self.0.as_fd(), AsFd::as_fd);
        regular(openat(outer, *last, file_flags(), Mode::empty())?)
    }
}

/// A regular file, whose last name is not a link.
pub(super) fn file(path: &Path) -> io::Result<File> {
    regular(openat(rustix::fs::CWD, path, file_flags(), Mode::empty())?)
}

/// Opening a FIFO would wait for a writer.
fn file_flags() -> OFlags {
    OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC
}

fn regular(descriptor: OwnedFd) -> io::Result<File> {
    let file = File::from(descriptor);
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::other("it is not a regular file"))
}
