//! What of a directory stays here: Ray's rules, in gitignore's syntax.

use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::{DirEntry, Walk, WalkBuilder};

use super::error::Error;

/// Ray 2.60 leaves these out by default: what is never a part of an application.
const NEVER: [&str; 4] = [".git", ".venv", "venv", "__pycache__"];

/// Beside `.gitignore`, for what is in git but is not to go to the cluster; and with `!`, the other
/// way round.
const RAYIGNORE: &str = ".rayignore";

/// All entries that are not excluded; links are followed, and told by the entry.
pub(super) fn walk(root: &Path, excludes: &[String]) -> Result<Walk, Error> {
    let excludes = gitignore(root, excludes)?;
    let is_wanted = move |entry: &DirEntry| {
        entry.depth() == 0 || (!is_never_wanted(entry) && !is_excluded(&excludes, entry))
    };
    Ok(WalkBuilder::new(root)
        // Not this machine's: the same directory is the same package everywhere.
        .standard_filters(false)
        .git_ignore(true)
        .require_git(false)
        .add_custom_ignore_filename(RAYIGNORE)
        .follow_links(true)
        .filter_entry(is_wanted)
        .build())
}

fn is_never_wanted(entry: &DirEntry) -> bool {
    NEVER.iter().any(|name| entry.file_name() == *name)
}

fn is_excluded(excludes: &Gitignore, entry: &DirEntry) -> bool {
    let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
    excludes.matched(entry.path(), is_dir).is_ignore()
}

fn gitignore(root: &Path, patterns: &[String]) -> Result<Gitignore, Error> {
    let mut builder = GitignoreBuilder::new(root);
    for pattern in patterns {
        builder
            .add_line(None, pattern)
            .map_err(|error| Error::Pattern(pattern.clone(), error))?;
    }
    builder
        .build()
        .map_err(|error| Error::Pattern(patterns.join(", "), error))
}
