//! Reads and merges kubeconfig files as kubectl does.
//!
//! kube's types are not used, because a null or an unknown value in an unused entry makes them
//! reject the whole file. Entries stay untyped here, and only the one in use is read.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::entry::Entry;
use crate::connect::Error;
use crate::yaml;

/// The lists of a kubeconfig.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Context,
    Cluster,
    User,
}

impl Kind {
    /// The key of an entry's content.
    pub fn name(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Cluster => "cluster",
            Self::User => "user",
        }
    }

    fn list(self) -> &'static str {
        match self {
            Self::Context => "contexts",
            Self::Cluster => "clusters",
            Self::User => "users",
        }
    }
}

/// All files, merged.
#[derive(Debug, Default)]
pub struct Kubeconfig {
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    path: PathBuf,
    content: Map<String, Value>,
}

impl Kubeconfig {
    /// A missing file counts as empty, as for kubectl, unless a flag named it.
    pub fn read(files: &[PathBuf], named_by_flag: bool) -> Result<Self, Error> {
        let mut read = Vec::new();
        for path in files {
            match std::fs::read(path) {
                Ok(bytes) => {
                    let content = parse(&bytes).map_err(|problem| unreadable(path, problem))?;
                    let path = path.clone();
                    read.push(File { path, content });
                }
                Err(error) if error.kind() == ErrorKind::NotFound && !named_by_flag => {}
                Err(error) => return Err(unreadable(path, error.to_string())),
            }
        }
        Ok(Self { files: read })
    }

    /// Whether all files are empty.
    pub fn is_empty(&self) -> bool {
        let nothing = |file: &File| {
            let entries = [Kind::Context, Kind::Cluster, Kind::User];
            entries
                .iter()
                .all(|kind| file.entries(*kind).next().is_none())
        };
        self.current_context().is_none() && self.files.iter().all(nothing)
    }

    /// The current context of the first file that has one.
    pub fn current_context(&self) -> Option<&str> {
        let mut all = self.files.iter();
        all.find_map(|file| {
            let name = file.content.get("current-context")?.as_str()?;
            Some(name).filter(|name| !name.is_empty())
        })
    }

    pub fn names(&self, kind: Kind) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (name, _) in self.files.iter().flat_map(|file| file.entries(kind)) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    }

    /// The entry of the first file that has it.
    pub fn entry(&self, kind: Kind, name: &str) -> Result<Option<Entry<'_>>, Error> {
        for file in &self.files {
            let mut found = file.entries(kind).filter(|(known, _)| *known == name);
            let Some((_, named)) = found.next() else {
                continue;
            };
            if found.next().is_some() {
                let problem = format!("it has two {} \"{name}\"", kind.list());
                return Err(unreadable(&file.path, problem));
            }
            let content = named.get(kind.name());
            let entry = Entry::of(&file.path, format!("{} \"{name}\"", kind.name()), content);
            return entry.map(Some);
        }
        Ok(None)
    }
}

impl File {
    /// Entries with a name, and their content.
    fn entries(&self, kind: Kind) -> impl Iterator<Item = (&str, &Map<String, Value>)> {
        let list = self.content.get(kind.list()).and_then(Value::as_array);
        let named = list.into_iter().flatten().filter_map(Value::as_object);
        named.filter_map(|entry| Some((entry.get("name")?.as_str()?, entry)))
    }
}

pub(super) fn unreadable(file: &Path, problem: String) -> Error {
    Error::Kubeconfig {
        file: file.to_owned(),
        problem,
    }
}

fn parse(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    let text = decode(bytes).ok_or("it is not text in UTF-8 or UTF-16")?;
    let content = yaml::go_yaml::first_document(&text).map_err(|error| error.to_string())?;
    let content = match content {
        Value::Null => return Ok(Map::new()),
        Value::Object(content) => content,
        _ => {
            return Err(
                "it is not a kubeconfig, which has clusters, users and contexts".to_owned(),
            );
        }
    };
    let has = |name: &str, expected: &str| match content.get(name) {
        None | Some(Value::Null) => true,
        Some(value) => value == "" || value == expected,
    };
    if !has("kind", "Config") || !has("apiVersion", "v1") {
        return Err("it is not a kubeconfig, whose kind is Config and apiVersion v1".to_owned());
    }
    for kind in [Kind::Context, Kind::Cluster, Kind::User] {
        let list = content.get(kind.list()).unwrap_or(&Value::Null);
        if !list.is_array() && !list.is_null() {
            return Err(format!("its {} are no list", kind.list()));
        }
    }
    Ok(content)
}

/// Decodes text by its byte order mark, if it has one.
fn decode(bytes: &[u8]) -> Option<String> {
    let wide = |bytes: &[u8], order: fn([u8; 2]) -> u16| {
        let units = bytes.chunks(2).map(|pair| pair.try_into().ok().map(order));
        String::from_utf16(&units.collect::<Option<Vec<u16>>>()?).ok()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    }
}
