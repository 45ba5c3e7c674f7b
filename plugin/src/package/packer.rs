//! Builds packages from this machine's files, and reports what is in them and what is not.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::archive::Package;
use super::bounds::Bounds;
use super::error::Error;
use super::flags::PackageFlags;
use super::prebuilt::Form;
use super::rules::{RAYIGNORE, WITHOUT_GITIGNORE};
use super::runtime_env::Machine;
use super::source::{Origin, Role, Source};
use super::tree::{Kind, Selection, Tree};
use super::{Packages, Packing, REDRAW, limit, requirements};
use crate::error::Failure;
use crate::output::Ui;

/// Names in one message; nobody reads more.
const NAMED: usize = 5;

pub(super) struct Packer<'a> {
    pub(super) packages: Packages,
    uris: HashMap<Source, String>,
    bounds: Bounds,
    packing: Packing,
    counts_git: bool,
    ui: &'a Ui,
}

impl<'a> Packer<'a> {
    pub(super) fn new(flags: &PackageFlags, packing: Packing, ui: &'a Ui) -> Self {
        let variable = std::env::var_os(WITHOUT_GITIGNORE).unwrap_or_default();
        if !["", "0", "1"].iter().any(|known| variable == *known) {
            ui.warning(&format!(
                "{WITHOUT_GITIGNORE} has an effect only where it is 1, as in Ray"
            ));
        }
        Self {
            packages: Packages::default(),
            uris: HashMap::new(),
            bounds: Bounds::new(flags.paths()),
            packing,
            counts_git: variable != "1",
            ui,
        }
    }

    fn make(&self, source: &Source, real: &Path) -> Result<Package, Failure> {
        let shown = &source.path;
        let (package, tree) = if real.is_dir() {
            let selection = Selection {
                excludes: &source.excludes,
                with_own_name: source.role == Role::PyModule,
                counts_git: self.counts_git,
            };
            self.zip(Tree::read(shown, real, selection)?)?
        } else {
            match Form::of(shown, source.role)? {
                Form::Python => self.zip(Tree::of_file(shown, real)?)?,
                form => {
                    let package = Package::of_file(shown, real, form, &std::env::temp_dir());
                    (package?, None)
                }
            }
        };
        if let Some(tree) = &tree {
            self.tell(tree);
        }
        if let (Some(top), Role::WorkingDir) = (&package.top, source.role) {
            self.ui.note(&format!(
                "{}: all of it is in {top}/, which Ray steps into where it fetches a zip from a URI, and not where one \
                 was uploaded: import_path begins with {top}",
                shown.display()
            ));
        }
        if !package.noticed.pointers.is_empty() {
            self.ui.warning(&format!(
                "{}: of {}, only what Git LFS keeps in its place is here: git lfs pull",
                shown.display(),
                names(&package.noticed.pointers)
            ));
        }
        self.list(shown, &package, tree.as_ref())?;
        self.check_credentials(shown, &package)?;
        Ok(package)
    }

    fn zip(&self, tree: Tree) -> Result<(Package, Option<Tree>), Failure> {
        let total = limit::bytes(tree.size());
        let subject = tree.dir.display().to_string();
        let mut progress = self.ui.progress();
        let (mut read, mut drawn) = (0, Instant::now());
        let package = Package::write(&tree, &std::env::temp_dir(), &mut |bytes| {
            read += bytes;
            if drawn.elapsed() >= REDRAW {
                drawn = Instant::now();
                progress.passing(
                    &subject,
                    format!("zipped {} of {total}", limit::bytes(read)),
                );
            }
        });
        progress.clear();
        Ok((package?, Some(tree)))
    }

    fn tell(&self, tree: &Tree) {
        for skipped in &tree.skipped {
            self.ui.warning(skipped);
        }
        for left_out in &tree.left_out {
            self.ui.note(left_out);
        }
        if let Some(wheel) = only_wheels(tree) {
            let dir = tree.dir.display();
            let wheel = tree.dir.join(wheel);
            self.ui.warning(&format!(
                "{dir} holds wheels, which Python does not look into: --py-modules {} installs one",
                wheel.display()
            ));
        }
    }

    /// Lists, for a dry run, each file that would be uploaded.
    fn list(&self, shown: &Path, package: &Package, tree: Option<&Tree>) -> Result<(), Failure> {
        if !self.packing.lists_files {
            return Ok(());
        }
        self.ui.line(&format!(
            "{}: {} ({})",
            shown.display(),
            package.content(tree.map(Tree::size)),
            package.uri()
        ))?;
        for (name, size) in tree.iter().flat_map(|tree| tree.files()) {
            self.ui
                .line(&format!("  {name} ({})", limit::bytes(size)))?;
        }
        Ok(())
    }

    fn check_credentials(&self, shown: &Path, package: &Package) -> Result<(), Failure> {
        let found = &package.noticed.credentials;
        if found.is_empty() {
            return Ok(());
        }
        let names = names(found);
        let what = format!(
            "{} holds what looks like credentials: {names}",
            shown.display()
        );
        if self.packing.strict {
            return Err(Failure::Failed(format!(
                "{what}: nothing was sent (--strict)"
            )));
        }
        let advice = if shown.is_dir() {
            let rayignore = shown.join(RAYIGNORE);
            format!(
                "; list them in {}, or with a ! if they are meant",
                rayignore.display()
            )
        } else {
            String::new()
        };
        self.ui.warning(&format!("{what}{advice}"));
        Ok(())
    }

    /// Checks and reports where a config's path leads, since another person may have written it.
    fn resolve(&self, path: &Path, origin: &Origin) -> Result<PathBuf, Failure> {
        let real = self.bounds.resolve(path, origin)?;
        if let Origin::Config { what, .. } = origin {
            self.ui.note(&format!("{what} is {}", real.display()));
        }
        Ok(real)
    }
}

impl Machine for Packer<'_> {
    fn package(&mut self, source: Source, origin: &Origin) -> Result<String, Failure> {
        let real = self.resolve(&source.path, origin)?;
        if let Some(uri) = self.uris.get(&source) {
            return Ok(uri.clone());
        }
        let package = self.make(&source, &real)?;
        let uri = package.uri();
        let packages = &mut self.packages.packages;
        if !packages.iter().any(|(_, other)| other.name == package.name) {
            packages.push((source.path.clone(), package));
        }
        self.uris.insert(source, uri.clone());
        Ok(uri)
    }

    fn read(&mut self, file: &Path, origin: &Origin) -> Result<String, Failure> {
        let real = self.resolve(file, origin)?;
        let text = requirements::read(&real).map_err(|error| Error::read(file, error))?;
        Ok(text)
    }

    fn warn(&mut self, warning: String) {
        self.ui.warning(&warning);
    }
}

fn names(all: &[String]) -> String {
    let named = all[..all.len().min(NAMED)].join(", ");
    match all.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// A wheel in the directory, if Python could import nothing else there.
fn only_wheels(tree: &Tree) -> Option<&Path> {
    let ends_with = |path: &Path, ending: &str| path.extension().is_some_and(|own| own == ending);
    let files = || {
        let files = tree.entries.iter();
        files.filter(|entry| entry.kind != Kind::EmptyDirectory)
    };
    if files().any(|entry| ends_with(&entry.path, "py") || ends_with(&entry.path, "so")) {
        return None;
    }
    let wheel = files().find(|entry| ends_with(&entry.path, "whl"))?;
    Some(&wheel.path)
}
