//! Local code on its way to a cluster: directories and files become packages that Ray fetches.
//!
//! ```text
//! flags, config -> runtime_env -> bounds (may it be named) -> packer
//!   directory: rules, tree (which files), left_out -> archive (zip, name) -> upload
//!   wheel, zip:                                       prebuilt (name)     -> upload
//! ```

mod archive;
mod bounds;
mod credentials;
mod error;
mod flags;
mod left_out;
mod likely;
mod limit;
mod open;
mod packer;
mod prebuilt;
mod requirements;
mod rules;
mod runtime_env;
mod source;
mod spool;
#[cfg(test)]
mod tests;
mod tree;
mod upload;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use error::Error;
pub use flags::PackageFlags;

use crate::error::Failure;
use crate::output::Ui;
use archive::Package;
use packer::Packer;
use ray_serve_client::ServeConfig;

/// As often as a person sees a difference.
const REDRAW: Duration = Duration::from_millis(100);

/// What a config needs on the cluster before it is submitted.
#[derive(Debug, Default)]
pub struct Packages {
    packages: Vec<(PathBuf, Package)>,
    /// Whether it was said which of them are on the cluster.
    told: bool,
}

/// What is said of packages, and what is made of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Packing {
    /// Files that look like credentials are an error.
    pub strict: bool,
    /// Each file is printed.
    pub lists_files: bool,
}

/// Zips the local code that the flags and the config name, and makes the config name the packages.
/// Nothing leaves this machine: [`Packages::upload`] does that.
pub fn pack(
    config: &mut ServeConfig,
    flags: &PackageFlags,
    config_file: &Path,
    packing: Packing,
    ui: &Ui,
) -> Result<Packages, Failure> {
    flags.check()?;
    if !flags.are_given() {
        // Local directories in the config are only uploaded by somebody who says so.
        return Ok(Packages::default());
    }
    // Of standard input, which is called `-`, the parent is this directory too.
    let config_dir = config_file.parent().unwrap_or(Path::new(""));
    let mut packer = Packer::new(flags, config_dir, packing, ui);
    let notes = runtime_env::apply(config, flags, config_dir, &mut packer)?;
    for note in notes {
        ui.note(&note);
    }
    Ok(packer.packages)
}
