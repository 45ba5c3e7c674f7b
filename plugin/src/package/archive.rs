//! A package: the zip of a tree, named after its content.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ray_serve_client::http::body::FileContent;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::error::Error;
use super::limit;
use super::spool::{Spool, TooLarge};
use super::tree::{Entry, Kind, Tree};

/// Part of each name, so that packages of another layout get another name.
const LAYOUT: &[u8] = b"kubectl-ray package 1";
/// Prefix of the names that Ray gives to packages.
pub(super) const PREFIX: &str = "_ray_pkg_";
/// As many bits as the names that Ray gives.
const NAME_BYTES: usize = 16;
/// Git LFS's specification.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";
const CHUNK: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Package {
    /// `_ray_pkg_….zip`
    pub(super) name: String,
    /// The zip has no name in the file system, so it disappears with the process, however that
    /// ends.
    pub(super) zip: Arc<FileContent>,
    pub(super) files: usize,
    pub(super) noticed: Noticed,
    /// The one top-level directory of a zip that the user named.
    pub(super) top: Option<String>,
}

/// Facts that a user may not know about the files, judged by how they begin.
#[derive(Debug, Default)]
pub(super) struct Noticed {
    /// They look as if they held a secret.
    pub(super) credentials: Vec<String>,
    /// They are stored elsewhere; the file here is a pointer of Git LFS.
    pub(super) pointers: Vec<String>,
}

impl Noticed {
    fn look(&mut self, entry: &Entry, start: &[u8]) {
        if entry.is_credentials(start) && !entry.on_purpose {
            self.credentials.push(entry.name.clone());
        }
        if start.starts_with(POINTER) {
            self.pointers.push(entry.name.clone());
        }
    }
}

impl Package {
    /// The URI by which Ray finds it.
    pub(super) fn uri(&self) -> String {
        format!("gcs://{}", self.name)
    }

    /// `2 files, 1.0 KiB`, by default as it is sent.
    pub(super) fn content(&self, size: Option<u64>) -> String {
        let plural = if self.files == 1 { "" } else { "s" };
        let size = limit::bytes(size.unwrap_or(self.zip.size()));
        format!("{} file{plural}, {size}", self.files)
    }

    /// Zips a tree into a file below `temporary`, and calls `done` with each number of bytes read.
    ///
    /// The same tree gives the same bytes on every machine: names are sorted, times left out, and
    /// only the executable bit of a mode is kept. The name is a digest of the content rather than
    /// of the zip, so that better compression does not change it.
    pub(super) fn write(
        tree: &Tree,
        temporary: &Path,
        done: &mut dyn FnMut(u64),
    ) -> Result<Self, Error> {
        Self::write_within(limit::MAX_ZIPPED, tree, temporary, done)
    }

    pub(super) fn write_within(
        limit: u64,
        tree: &Tree,
        temporary: &Path,
        done: &mut dyn FnMut(u64),
    ) -> Result<Self, Error> {
        limit::check_content(tree)?;
        let failed = |error| Error::Temporary {
            dir: temporary.to_owned(),
            error,
        };
        let mut file = tempfile::tempfile_in(temporary).map_err(failed)?;
        let mut noticed = Noticed::default();
        let name =
            zip_into(&file, limit, tree, &mut noticed, done).map_err(|fault| match fault {
                Fault::Read(path, error) => Error::read(path, error),
                Fault::Write(error) if TooLarge::is(&error) => limit::too_large_zipped(tree),
                Fault::Write(error) => failed(error),
            })?;
        let size = file.seek(SeekFrom::End(0)).map_err(failed)?;
        Ok(Self {
            name,
            zip: Arc::new(FileContent::new(file, size)),
            files: tree.files().count(),
            noticed,
            top: None,
        })
    }
}

enum Fault {
    Read(PathBuf, io::Error),
    Write(io::Error),
}

/// Returns the package's name.
fn zip_into(
    file: &File,
    limit: u64,
    tree: &Tree,
    noticed: &mut Noticed,
    done: &mut dyn FnMut(u64),
) -> Result<String, Fault> {
    let given_up = Cell::new(false);
    let spool = Spool::new(file, limit, &given_up);
    let mut zip = ZipWriter::new(BufWriter::with_capacity(CHUNK, spool));
    let mut digest = Sha256::new();
    digest.update(LAYOUT);
    for entry in &tree.entries {
        let mut begins = |start: &[u8]| noticed.look(entry, start);
        if let Err(fault) = add(&mut zip, &mut digest, tree, entry, &mut begins, done) {
            given_up.set(true);
            return Err(fault);
        }
    }
    let finished = zip.finish().map_err(io::Error::from);
    let mut buffered = finished.map_err(Fault::Write)?;
    buffered.flush().map_err(Fault::Write)?;
    Ok(format!("{PREFIX}{}.zip", short(digest)))
}

/// Calls `begins` with the first bytes of each file.
fn add(
    zip: &mut ZipWriter<impl Write + Seek>,
    digest: &mut Sha256,
    tree: &Tree,
    entry: &Entry,
    begins: &mut dyn FnMut(&[u8]),
    done: &mut dyn FnMut(u64),
) -> Result<(), Fault> {
    let zip_failed = |error: zip::result::ZipError| Fault::Write(error.into());
    let read_failed = |error| Fault::Read(tree.shown(entry), error);
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    digest.update((entry.name.len() as u64).to_le_bytes());
    digest.update(&entry.name);
    let executable = match entry.kind {
        Kind::EmptyDirectory => {
            digest.update(b"d");
            let options = options.unix_permissions(0o755);
            return zip.add_directory(&*entry.name, options).map_err(zip_failed);
        }
        Kind::File { executable, .. } => executable,
    };
    digest.update(if executable { b"x" } else { b"f" });
    // The path may have been swapped since it was found, and may not be a file any more.
    let mut file = tree.root.file(&entry.path).map_err(read_failed)?;
    let mode = if executable { 0o755 } else { 0o644 };
    zip.start_file(&*entry.name, options.unix_permissions(mode))
        .map_err(zip_failed)?;
    // Hashed per file, so that content cannot shift a file's boundary.
    let mut content = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    let mut is_first = true;
    loop {
        let read = file.read(&mut chunk).map_err(read_failed)?;
        if std::mem::take(&mut is_first) {
            begins(&chunk[..read]);
        }
        if read == 0 {
            break;
        }
        content.update(&chunk[..read]);
        zip.write_all(&chunk[..read]).map_err(Fault::Write)?;
        done(read as u64);
    }
    digest.update(content.finalize());
    Ok(())
}

/// A digest as names spell it.
pub(super) fn short(digest: Sha256) -> String {
    let bytes = digest.finalize();
    let bytes = bytes[..NAME_BYTES].iter();
    bytes.map(|byte| format!("{byte:02x}")).collect()
}
