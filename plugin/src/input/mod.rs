//! What `-f` names: a file, a directory, a URL or standard input.

mod file_name;
mod url;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

pub use file_name::FileName;

use crate::connect::flags::ConnectionFlags;
use crate::error::Failure;
use crate::hint;

/// As kubectl knows manifests in a directory; a file named by itself may end in anything.
const EXTENSIONS: [&str; 3] = ["json", "yaml", "yml"];

pub struct Input {
    /// For messages.
    pub name: String,
    pub bytes: Vec<u8>,
    /// Where the paths in it lead from; see [`FileName::directory`].
    pub directory: Option<PathBuf>,
}

impl Input {
    /// Reads a file, or standard input where it is called `-`.
    pub fn read(file: &Path) -> Result<Self, Failure> {
        let name = FileName::Path(file.to_owned());
        let bytes = if file == Path::new("-") {
            let mut bytes = Vec::new();
            let result = io::stdin().lock().read_to_end(&mut bytes);
            result.map(|_| bytes)
        } else {
            fs::read(file)
        };
        match bytes {
            Ok(bytes) => Ok(Self::of(&name, bytes)),
            Err(error) => Err(cannot_read(&name.to_string(), &error)),
        }
    }

    fn of(name: &FileName, bytes: Vec<u8>) -> Self {
        Self {
            name: name.to_string(),
            bytes,
            directory: name.directory().map(Path::to_owned),
        }
    }
}

/// Reads what `file` stands for: itself or, where it is a directory, the manifests in it by name.
pub async fn read(
    file: &FileName,
    recursive: bool,
    connection: &ConnectionFlags,
) -> Result<Vec<Input>, Failure> {
    match file {
        FileName::Url(url) => Ok(vec![Input::of(file, url::fetch(url, connection).await?)]),
        FileName::Path(path) => {
            let files = files(path, recursive)?;
            files.iter().map(|file| Input::read(file)).collect()
        }
    }
}

fn files(path: &Path, recursive: bool) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    collect(path, recursive, &mut files)?;
    if files.is_empty() {
        return Err(Failure::Failed(format!(
            "{} holds no *.json, *.yaml or *.yml file",
            path.display()
        ))
        .with_hint_if(hint::deeper(recursive)));
    }
    Ok(files)
}

fn collect(dir: &Path, recursive: bool, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let entries = fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let failed = |error| cannot_read(&dir.display().to_string(), &error);
    let mut entries = entries.map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // A link to a directory is not followed: it may lead back here.
        if entry.file_type().map_err(failed)?.is_dir() {
            if recursive {
                collect(&path, recursive, files)?;
            }
        } else if !path.is_dir()
            && path
                .extension()
                .is_some_and(|ending| EXTENSIONS.iter().any(|known| ending == *known))
        {
            files.push(path);
        }
    }
    Ok(())
}

fn cannot_read(name: &str, error: &io::Error) -> Failure {
    Failure::Failed(format!("cannot read {name}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hint::Hint as _;

    #[test]
    fn a_directory_is_its_manifests_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir_all(root.join("m.yaml/deep")).unwrap();
        for file in [
            "b.yml",
            "a.yaml",
            "c.json",
            "README.md",
            "d.YAML",
            "m.yaml/deep/x.yaml",
        ] {
            fs::write(root.join(file), "").unwrap();
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root, root.join("m.yaml/loop.yaml")).unwrap();
            std::os::unix::fs::symlink("a.yaml", root.join("linked.yaml")).unwrap();
        }
        let names = |recursive| -> Vec<String> {
            let files = files(root, recursive).unwrap();
            let names = files.iter().map(|file| file.strip_prefix(root).unwrap());
            names.map(|name| name.display().to_string()).collect()
        };
        assert_eq!(names(false), ["a.yaml", "b.yml", "c.json", "linked.yaml"]);
        assert_eq!(
            names(true),
            [
                "a.yaml",
                "b.yml",
                "c.json",
                "linked.yaml",
                "m.yaml/deep/x.yaml"
            ]
        );
        let empty = files(&root.join("m.yaml"), false).unwrap_err();
        let hint = empty.hint().unwrap();
        assert_eq!(hint, "-R also looks into its directories");
    }
}
