//! Rules for what is left out of a package: git's and Ray's, in gitignore's syntax.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder, Glob};

use super::error::Error;
use super::open;

/// Names that Ray 2.60 leaves out by default; they never belong to an application.
const NEVER: [&str; 4] = [GIT, ".venv", "venv", "__pycache__"];
pub(super) const GIT: &str = ".git";

const GITIGNORE: &str = ".gitignore";
/// Leaves out files that are in git; a `!` takes in files that git ignores.
pub(super) const RAYIGNORE: &str = ".rayignore";

/// Ray's variable; it takes effect if it is `1`.
pub(super) const WITHOUT_GITIGNORE: &str = "RAY_RUNTIME_ENV_IGNORE_GITIGNORE";

/// The kind of rule that leaves a path out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum By {
    Gitignore,
    Rayignore,
    Excludes,
    /// Always left out, by its name.
    Name,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    In {
        /// Whether `.rayignore` takes it in with a `!`.
        on_purpose: bool,
    },
    /// The kind of rule, and the file that contains it, if any.
    Out(By, Option<PathBuf>),
}

impl Verdict {
    pub(super) fn is_out(&self) -> bool {
        matches!(self, Self::Out(..))
    }
}

/// The rules of a directory and of those above it, up to the repository's own: no rule of this user
/// or machine counts, so that one checkout gives the same package everywhere.
#[derive(Debug)]
pub(super) struct Rules {
    excludes: Gitignore,
    /// This clone's `.git/info/exclude`.
    of_clone: Gitignore,
    /// Outermost first.
    levels: Vec<Level>,
    counts_git: bool,
    /// Patterns with errors, which are skipped as in git.
    pub(super) bad: Vec<String>,
}

#[derive(Debug)]
struct Level {
    git: Gitignore,
    ray: Gitignore,
}

impl Rules {
    /// The rules that apply to `root`, a path without links; [`Self::enter`] adds those inside it.
    pub(super) fn above(root: &Path, excludes: &[String], counts_git: bool) -> Result<Self, Error> {
        let mut rules = Self {
            excludes: patterns(root, excludes)?,
            of_clone: Gitignore::empty(),
            levels: Vec::new(),
            counts_git,
            bad: Vec::new(),
        };
        let Some(repository) = root.ancestors().find(|dir| is_repository(dir)) else {
            return Ok(rules);
        };
        if counts_git && let Some(file) = exclude_file(repository) {
            rules.of_clone = rules.read(repository, &file)?;
        }
        let above: Vec<&Path> = root
            .ancestors()
            .skip(1)
            .take_while(|dir| dir.starts_with(repository))
            .collect();
        for dir in above.into_iter().rev() {
            rules.enter(dir)?;
        }
        Ok(rules)
    }

    /// Adds the rules of `dir`'s ignore files.
    pub(super) fn enter(&mut self, dir: &Path) -> Result<(), Error> {
        let git = if self.counts_git {
            self.read(dir, &dir.join(GITIGNORE))?
        } else {
            Gitignore::empty()
        };
        let ray = self.read(dir, &dir.join(RAYIGNORE))?;
        self.levels.push(Level { git, ray });
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.levels.pop();
    }

    /// The rule for a path in a directory that was entered and not left yet.
    pub(super) fn of(&self, path: &Path, is_dir: bool) -> Verdict {
        let name = path.file_name().unwrap_or_default();
        let never = NEVER.iter().find(|never| name == **never);
        if name == GIT {
            return Verdict::Out(By::Name, None);
        }
        if self.excludes.matched(path, is_dir).is_ignore() {
            return Verdict::Out(By::Excludes, None);
        }
        let deepest_first = || self.levels.iter().rev();
        let by_ray = deepest_first().map(|level| level.ray.matched(path, is_dir));
        match first(by_ray) {
            Match::Ignore(glob) => return out(By::Rayignore, glob),
            // `!*/` does not take these in.
            Match::Whitelist(glob) if never.is_none_or(|never| glob.original().contains(never)) => {
                return Verdict::In { on_purpose: true };
            }
            Match::Whitelist(_) | Match::None => {}
        }
        if never.is_some() {
            return Verdict::Out(By::Name, None);
        }
        let by_git = deepest_first()
            .map(|level| level.git.matched(path, is_dir))
            .chain([self.of_clone.matched(path, is_dir)]);
        match first(by_git) {
            Match::Ignore(glob) => out(By::Gitignore, glob),
            Match::Whitelist(_) | Match::None => Verdict::In { on_purpose: false },
        }
    }

    /// An unreadable ignore file is an error, because files it excludes would be uploaded.
    fn read(&mut self, dir: &Path, file: &Path) -> Result<Gitignore, Error> {
        let text = match text_of(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Gitignore::empty()),
            Err(error) => return Err(Error::read(file, error)),
        };
        let mut builder = GitignoreBuilder::new(dir);
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            if let Err(error) = builder.add_line(Some(file.to_owned()), line) {
                self.bad.push(format!(
                    "ignored a bad pattern: {}:{}: {error}",
                    file.display(),
                    number + 1
                ));
            }
        }
        builder
            .build()
            .map_err(|error| Error::read(file, io::Error::other(error)))
    }
}

/// Follows links, since patterns are not uploaded.
fn text_of(file: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    open::file(&file.canonicalize()?)?.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn first<'a>(mut matches: impl Iterator<Item = Match<&'a Glob>>) -> Match<&'a Glob> {
    matches
        .find(|found| !found.is_none())
        .unwrap_or(Match::None)
}

fn out(by: By, glob: &Glob) -> Verdict {
    Verdict::Out(by, glob.from().map(Path::to_owned))
}

/// `.git` is a file in a worktree or submodule.
fn is_repository(dir: &Path) -> bool {
    dir.join(GIT).symlink_metadata().is_ok()
}

fn exclude_file(repository: &Path) -> Option<PathBuf> {
    let git = repository.join(GIT);
    let exclude = Path::new("info/exclude");
    if git.is_dir() {
        return Some(git.join(exclude));
    }
    // `gitdir: ../.git/worktrees/x`, whose `commondir` names what it shares with other worktrees.
    let text = text_of(&git).ok()?;
    let own = repository.join(text.strip_prefix("gitdir:")?.trim());
    let common = text_of(&own.join("commondir")).unwrap_or_else(|_| ".".to_owned());
    Some(own.join(common.trim()).join(exclude))
}

fn patterns(root: &Path, patterns: &[String]) -> Result<Gitignore, Error> {
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
