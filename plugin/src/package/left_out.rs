//! Reports what rules leave out of a package: the user looks here for a file that the cluster
//! lacks.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::credentials;
use super::likely::{is_closed, is_environment, is_model, is_rubbish};
use super::limit::bytes;
use super::rules::By;

/// Limit for all entries read in directories that are left out: enough to describe them, and fast.
const LOOKED_AT: usize = 5_000;
const NAMED: usize = 3;

#[derive(Debug, Default)]
pub(super) struct LeftOut {
    groups: BTreeMap<By, Group>,
    looked_at: usize,
}

#[derive(Debug, Default)]
struct Group {
    files: usize,
    size: u64,
    /// There were more than the limit.
    more: bool,
    /// Directories that were not read.
    directories: Vec<String>,
    /// Paths worth naming, those most likely to be missed first.
    named: Vec<Missing>,
    /// The line of `.rayignore` that takes the first one along.
    wanted: Vec<String>,
    /// Files that contain the rules.
    rules: Vec<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Missing {
    rank: Rank,
    size: std::cmp::Reverse<u64>,
    name: String,
}

/// Ordered by how likely an application misses the file; credentials come last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Model,
    Any,
    Credentials,
}

/// Something that a rule leaves out.
pub(super) struct Outside<'a> {
    pub(super) by: By,
    /// The file with the rule.
    pub(super) rule: Option<PathBuf>,
    pub(super) path: &'a Path,
    /// Path below the package's directory.
    pub(super) name: String,
    pub(super) is_dir: bool,
}

impl LeftOut {
    /// `is_out` tells whether a rule leaves out a path (and whether the path is a directory).
    pub(super) fn add(&mut self, outside: &Outside<'_>, is_out: &dyn Fn(&Path, bool) -> bool) {
        if is_rubbish(&outside.name) || (outside.is_dir && is_environment(outside.path)) {
            return;
        }
        let mut found = Group::default();
        if !outside.is_dir {
            let size = fs::symlink_metadata(outside.path).map_or(0, |metadata| metadata.len());
            found.file(outside.name.clone(), size);
        } else if is_closed(&outside.name) {
            found.directories.push(format!("{}/", outside.name));
        } else {
            self.look_into(outside.path, &outside.name, &mut found);
        }
        if outside.by == By::Name && found.files > 0 {
            // The directory itself is worth reporting, not each of its files.
            let wanted = vec![format!("!/{}/", outside.name)];
            let directories = vec![format!("{}/", outside.name)];
            found = Group {
                directories,
                wanted,
                ..Group::default()
            };
        }
        if found.files == 0 && found.directories.is_empty() {
            return;
        }
        found.rules.extend(outside.rule.clone());
        if let Some(first) = found.named.first()
            && first.rank != Rank::Credentials
        {
            found.wanted = wanted(outside, &first.name, is_out);
        }
        self.groups.entry(outside.by).or_default().merge(found);
    }

    fn look_into(&mut self, dir: &Path, name: &str, found: &mut Group) {
        let mut to_do = vec![(dir.to_owned(), name.to_owned())];
        while let Some((dir, name)) = to_do.pop() {
            let Ok(entries) = fs::read_dir(dir) else {
                continue;
            };
            for entry in entries.flatten() {
                if self.looked_at == LOOKED_AT {
                    found.more = true;
                    return;
                }
                self.looked_at += 1;
                let name = format!("{name}/{}", entry.file_name().to_string_lossy());
                // Links are not followed.
                let Ok(metadata) = entry.metadata() else {
                    continue;
                };
                if is_rubbish(&name) || (metadata.is_dir() && is_environment(&entry.path())) {
                    continue;
                }
                if metadata.is_file() {
                    found.file(name, metadata.len());
                } else if metadata.is_dir() && is_closed(&name) {
                    found.directories.push(format!("{name}/"));
                } else if metadata.is_dir() {
                    to_do.push((entry.path(), name));
                }
            }
        }
    }

    /// A sentence for each kind of rule.
    pub(super) fn told(&self, dir: &Path, shown: &dyn Fn(&Path) -> PathBuf) -> Vec<String> {
        self.groups
            .iter()
            .map(|(by, group)| {
                let rule = group.rule(*by, shown);
                format!(
                    "{}: {}{rule}{}",
                    dir.display(),
                    group.what(),
                    group.advice(*by, dir)
                )
            })
            .collect()
    }

    /// The rules that left something out.
    pub(super) fn rules(&self, shown: &dyn Fn(&Path) -> PathBuf) -> Vec<String> {
        let groups = self.groups.iter();
        groups
            .map(|(by, group)| group.rule_name(*by, shown))
            .collect()
    }
}

impl Group {
    fn file(&mut self, name: String, size: u64) {
        self.files += 1;
        self.size += size;
        self.name(Missing {
            rank: Rank::of(&name),
            size: std::cmp::Reverse(size),
            name,
        });
    }

    fn name(&mut self, missing: Missing) {
        let place = self.named.partition_point(|other| *other < missing);
        self.named.insert(place, missing);
        self.named.truncate(NAMED);
    }

    fn merge(&mut self, other: Self) {
        let is_first = match (self.named.first(), other.named.first()) {
            (Some(own), Some(others)) => others < own,
            (own, _) => own.is_none() && self.wanted.is_empty(),
        };
        if is_first {
            self.wanted = other.wanted;
        }
        self.files += other.files;
        self.size += other.size;
        self.more |= other.more;
        self.directories.extend(other.directories);
        for missing in other.named {
            self.name(missing);
        }
        for rule in other.rules {
            if !self.rules.contains(&rule) {
                self.rules.push(rule);
            }
        }
    }

    fn what(&self) -> String {
        let mut parts = Vec::new();
        let mut named = Vec::new();
        match self.named.as_slice() {
            [only] if self.files == 1 && !self.more => parts.push(only.shown()),
            several if self.files > 0 => {
                let more = if self.more { "more than " } else { "" };
                parts.push(format!("{more}{} files ({})", self.files, bytes(self.size)));
                named.extend(several.iter().map(Missing::shown));
            }
            _ => {}
        }
        parts.extend(self.directories.iter().take(NAMED).cloned());
        let unnamed = self.directories.len().saturating_sub(NAMED);
        if unnamed > 0 {
            parts.push(format!("{unnamed} more such directories"));
        }
        let verb = if parts.len() == 1 && self.files < 2 {
            "is"
        } else {
            "are"
        };
        let among = if named.is_empty() {
            String::new()
        } else {
            format!(", among them {},", named.join(", "))
        };
        format!("{}{among} {verb} left out", and(&parts))
    }

    fn rule(&self, by: By, shown: &dyn Fn(&Path) -> PathBuf) -> String {
        match by {
            By::Name => ", as Ray does with this name".to_owned(),
            _ => format!(" by {}", self.rule_name(by, shown)),
        }
    }

    fn rule_name(&self, by: By, shown: &dyn Fn(&Path) -> PathBuf) -> String {
        match (by, self.rules.as_slice()) {
            (By::Name, _) => "its name".to_owned(),
            (By::Excludes, _) => "excludes of the runtime_env".to_owned(),
            (_, [only]) => shown(only).display().to_string(),
            (By::Gitignore, _) => ".gitignore".to_owned(),
            (By::Rayignore, _) => ".rayignore".to_owned(),
        }
    }

    /// Only for rules that were not written for uploads.
    fn advice(&self, by: By, dir: &Path) -> String {
        if self.wanted.is_empty() || !matches!(by, By::Gitignore | By::Name) {
            return String::new();
        }
        let take = if self.wanted.len() == 1 {
            "takes"
        } else {
            "take"
        };
        let is_all = self.files + self.directories.len() == 1;
        let it = if is_all { "it" } else { "the first" };
        format!(
            ": {} in {} {take} {it} along",
            and(&self.wanted),
            dir.join(super::rules::RAYIGNORE).display()
        )
    }
}

impl Rank {
    fn of(name: &str) -> Self {
        if credentials::is_one(name, b"") {
            Self::Credentials
        } else if is_model(name) {
            Self::Model
        } else {
            Self::Any
        }
    }
}

impl Missing {
    fn shown(&self) -> String {
        format!("{} ({})", self.name, bytes(self.size.0))
    }
}

/// As in git, a file below a directory that is left out needs the directory to be taken in too.
fn wanted(outside: &Outside<'_>, file: &str, is_out: &dyn Fn(&Path, bool) -> bool) -> Vec<String> {
    if !outside.is_dir {
        return vec![format!("!/{file}")];
    }
    let mut lines = vec![format!("!/{}/", outside.name)];
    let Some(below) = file.strip_prefix(&*outside.name) else {
        return lines;
    };
    let mut path = outside.path.to_owned();
    let mut name = outside.name.clone();
    let mut steps = below.trim_start_matches('/').split('/').peekable();
    while let Some(step) = steps.next() {
        let is_dir = steps.peek().is_some();
        path.push(step);
        name = format!("{name}/{step}");
        if is_out(&path, is_dir) {
            let slash = if is_dir { "/" } else { "" };
            lines.push(format!("!/{name}{slash}"));
        }
    }
    lines
}

fn and(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
