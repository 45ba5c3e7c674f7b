//! Local code on its way to a cluster: directories become packages that Ray fetches.
//!
//! ```text
//! flags, config -> runtime_env -> exclude, tree (which files) -> archive (zip, name) -> upload
//! ```

mod archive;
mod error;
mod exclude;
mod flags;
mod limit;
mod runtime_env;
mod spool;
#[cfg(test)]
mod tests;
mod tree;
mod upload;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use error::Error;
pub use flags::PackageFlags;

use crate::error::Failure;
use crate::output::Ui;
use crate::serve::ServeConfig;
use archive::Package;
use tree::{Source, Tree};

/// As often as a person sees a difference.
const REDRAW: Duration = Duration::from_millis(100);

/// What a config needs on the cluster before it is submitted.
#[derive(Debug, Default)]
pub struct Packages {
    packages: Vec<(PathBuf, Package)>,
    /// Whether it was said which of them are on the cluster.
    told: bool,
}

/// Zips the local code that the flags and the config name, and makes the config name the packages.
/// Nothing leaves this machine: [`Packages::upload`] does that.
pub fn pack(
    config: &mut ServeConfig,
    flags: &PackageFlags,
    config_file: &Path,
    ui: &Ui,
) -> Result<Packages, Failure> {
    flags.check()?;
    let mut packages = Packages::default();
    if !flags.are_given() {
        // Local directories in the config are only uploaded by somebody who says so.
        return Ok(packages);
    }
    let mut uris = HashMap::new();
    let mut to_uri = |source: Source| {
        if let Some(uri) = uris.get(&source) {
            return Ok(String::clone(uri));
        }
        let package = zip(&source, ui)?;
        let uri = package.uri();
        if !packages
            .packages
            .iter()
            .any(|(_, other)| other.name == package.name)
        {
            packages.packages.push((source.dir.clone(), package));
        }
        uris.insert(source, uri.clone());
        Ok(uri)
    };
    // Of standard input, which is called `-`, the parent is this directory too.
    let config_dir = config_file.parent().unwrap_or(Path::new(""));
    let notes = runtime_env::apply(config, flags, config_dir, &mut to_uri)?;
    for note in notes {
        ui.note(&note);
    }
    Ok(packages)
}

fn zip(source: &Source, ui: &Ui) -> Result<Package, Failure> {
    let failed = |error: Error| Failure::Failed(error.to_string());
    let tree = Tree::read(source).map_err(failed)?;
    for skipped in &tree.skipped {
        ui.warning(skipped);
    }
    let total = limit::bytes(tree.size());
    let subject = tree.dir.display().to_string();
    let mut progress = ui.progress();
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
    package.map_err(failed)
}
