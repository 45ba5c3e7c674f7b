//! Wheels and zips, which are packages already and are uploaded as they are.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use ray_serve_client::http::body::FileContent;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::archive::{Noticed, PREFIX, Package, short};
use super::credentials;
use super::error::Error;
use super::limit;
use super::open;
use super::source::Role;

const CHUNK: usize = 64 * 1024;

/// The kind of a file, as Ray decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Zip,
    Wheel,
    /// A module of one file, which is zipped.
    Python,
}

impl Form {
    /// From the file's ending, as Ray does.
    pub(super) fn of(path: &Path, role: Role) -> Result<Self, Error> {
        let ending = path.extension().and_then(|ending| ending.to_str());
        match (ending.unwrap_or_default(), role) {
            ("zip", _) => Ok(Self::Zip),
            ("whl", Role::PyModule) => Ok(Self::Wheel),
            ("py", Role::PyModule) => Ok(Self::Python),
            (ending, role) => Err(Error::NotTaken {
                path: path.to_owned(),
                expected: match role {
                    Role::WorkingDir => "a directory nor a .zip, one of which a working_dir is",
                    Role::PyModule => {
                        "a directory nor a .whl, .zip or .py file, one of which each of py_modules is"
                    }
                },
                instead: instead(path, ending),
            }),
        }
    }
}

fn instead(path: &Path, ending: &str) -> Option<String> {
    let shown = path.display();
    Some(match ending {
        "whl" => format!("a wheel is for --py-modules {shown}"),
        "py" => match path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            Some(dir) => format!("name its directory, {}", dir.display()),
            None => "name its directory, .".to_owned(),
        },
        "gz" | "tgz" | "xz" | "bz2" | "tar" => {
            "older versions of Ray unpack no tar archives, so unpack it and name the directory"
                .to_owned()
        }
        _ => return None,
    })
}

impl Package {
    /// Copies the file below `temporary`, so that the content sent is the content that was hashed.
    pub(super) fn of_file(
        shown: &Path,
        real: &Path,
        form: Form,
        temporary: &Path,
    ) -> Result<Self, Error> {
        let unreadable = |error| Error::read(shown, error);
        let failed = |error| Error::Temporary {
            dir: temporary.to_owned(),
            error,
        };
        let mut source = open::file(real).map_err(unreadable)?;
        let mut copy = tempfile::tempfile_in(temporary).map_err(failed)?;
        let mut digest = Sha256::new();
        let mut chunk = vec![0; CHUNK];
        let mut size = 0;
        loop {
            let got = source.read(&mut chunk).map_err(unreadable)?;
            if got == 0 {
                break;
            }
            size += got as u64;
            if size > limit::MAX_ZIPPED {
                let size = source.metadata().map_or(size, |metadata| metadata.len());
                return Err(Error::FileTooLarge {
                    path: shown.to_owned(),
                    size: limit::bytes(size),
                });
            }
            digest.update(&chunk[..got]);
            copy.write_all(&chunk[..got]).map_err(failed)?;
        }
        copy.seek(SeekFrom::Start(0)).map_err(failed)?;
        let content = Content::read(shown, &copy)?;
        let name = match form {
            Form::Wheel => wheel_name(shown, &short(digest))?,
            Form::Zip | Form::Python => format!("{PREFIX}{}.zip", short(digest)),
        };
        Ok(Self {
            name,
            zip: Arc::new(FileContent::new(copy, size)),
            files: content.files,
            noticed: Noticed {
                credentials: content.credentials,
                pointers: Vec::new(),
            },
            top: content.top,
        })
    }
}

/// The wheel's name with the digest as its build number. pip insists on the rest of the name, and
/// Ray fetches each name only once; pip does not compare the build number with the content.
fn wheel_name(path: &Path, digest: &str) -> Result<String, Error> {
    let wrong = || Error::Broken {
        path: path.to_owned(),
        what:
            "not named as a wheel is (NAME-VERSION-PYTHON-ABI-PLATFORM.whl), so pip would refuse it"
                .to_owned(),
    };
    let stem = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .ok_or_else(wrong)?;
    let is_plain = |part: &&str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '!'))
    };
    let parts: Vec<&str> = stem.split('-').collect();
    if !parts.iter().all(is_plain) {
        return Err(wrong());
    }
    match parts.as_slice() {
        [name, version, python, abi, platform] => Ok(format!(
            "{name}-{version}-0{digest}-{python}-{abi}-{platform}.whl"
        )),
        [name, version, build, python, abi, platform]
            if build.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            Ok(format!(
                "{name}-{version}-{build}_{digest}-{python}-{abi}-{platform}.whl"
            ))
        }
        _ => Err(wrong()),
    }
}

/// The entries of a zip.
struct Content {
    files: usize,
    credentials: Vec<String>,
    top: Option<String>,
}

impl Content {
    fn read(shown: &Path, file: &File) -> Result<Self, Error> {
        let broken = |what: String| Error::Broken {
            path: shown.to_owned(),
            what,
        };
        let mut zip = ZipArchive::new(file)
            .map_err(|error| broken(format!("not a zip archive that can be read: {error}")))?;
        let mut names = Vec::new();
        let mut credentials = Vec::new();
        for index in 0..zip.len() {
            let entry = zip.by_index_raw(index);
            let entry = entry.map_err(|error| broken(format!("not a zip archive: {error}")))?;
            if entry.encrypted() {
                return Err(broken("encrypted, and Ray has no password".to_owned()));
            }
            let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
            drop(entry);
            if !name.ends_with('/') && credentials::is_one(&name, &start(&mut zip, index)) {
                credentials.push(name.clone());
            }
            names.push(name);
        }
        let files = names.iter().filter(|name| !name.ends_with('/')).count();
        if files == 0 {
            return Err(broken("a zip archive without files".to_owned()));
        }
        Ok(Self {
            files,
            credentials,
            top: top(&names),
        })
    }
}

/// None if it cannot be read; Ray decides whether it can.
fn start(zip: &mut ZipArchive<&File>, index: usize) -> Vec<u8> {
    let mut start = Vec::new();
    if let Ok(entry) = zip.by_index(index) {
        let _ = entry
            .take(credentials::START as u64)
            .read_to_end(&mut start);
    }
    start
}

/// The one top-level directory, apart from what macOS adds.
fn top(names: &[String]) -> Option<String> {
    let mut names = names.iter().filter(|name| !name.starts_with("__MACOSX/"));
    let (top, _) = names.next()?.split_once('/')?;
    names
        .all(|name| name.split_once('/').is_some_and(|(other, _)| other == top))
        .then(|| top.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_keeps_the_name_that_pip_reads() {
        let name =
            |name: &str| wheel_name(Path::new(name), "d1").map_err(|error| error.to_string());
        for (given, expected) in [
            (
                "dist/words-1.0-py3-none-any.whl",
                "words-1.0-0d1-py3-none-any.whl",
            ),
            (
                "words-1.0-2-py3-none-any.whl",
                "words-1.0-2_d1-py3-none-any.whl",
            ),
            (
                "t-2.0+cu118-cp311-cp311-manylinux_2_17_x86_64.whl",
                "t-2.0+cu118-0d1-cp311-cp311-manylinux_2_17_x86_64.whl",
            ),
        ] {
            assert_eq!(name(given).unwrap(), expected);
        }
        for wrong in [
            "words.whl",
            "words-1.0-py3-none.whl",
            "a b-1.0-py3-none-any.whl",
            "w-1-x-py3-none-any.whl",
            "w-1--py3-none-any.whl",
        ] {
            assert!(
                name(wrong)
                    .unwrap_err()
                    .contains("is not named as a wheel is"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn one_directory_around_everything_is_found() {
        let top_of = |names: &[&str]| {
            top(&names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>())
        };
        assert_eq!(
            top_of(&["app/", "app/a.py", "__MACOSX/x"]),
            Some("app".to_owned())
        );
        assert_eq!(top_of(&["app/a.py", "b.py"]), None);
        assert_eq!(top_of(&["b.py"]), None);
        assert_eq!(top_of(&["a/b.py", "c/d.py"]), None);
    }
}
