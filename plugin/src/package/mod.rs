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
mod directories;
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
mod uri;

use std::path::PathBuf;
use std::time::Duration;

pub use directories::Directories;
pub use error::Error;
pub use flags::PackageFlags;

use crate::error::Failure;
use crate::output::Ui;
use archive::Package;
use packer::Packer;
use ray_serve_client::ServeConfig;

/// Redraws no faster than people see a difference.
const REDRAW: Duration = Duration::from_millis(100);

/// Packages that a config needs on the cluster before it is submitted.
#[derive(Debug, Default)]
pub struct Packages {
    packages: Vec<(PathBuf, Package)>,
    /// Whether the user was told which of them are on the cluster.
    told: bool,
}

/// How findings about packages are treated.
#[derive(Debug, Clone, Copy, Default)]
pub struct Packing {
    /// Whether files that look like credentials are an error.
    pub strict: bool,
    /// Whether each file is printed.
    pub lists_files: bool,
}

/// Zips the local code that the flags and the config name, and puts the packages' URIs into the
/// config. Nothing is sent yet: [`Packages::upload`] does that.
pub fn pack(
    config: &mut ServeConfig,
    flags: &PackageFlags,
    directories: &Directories,
    packing: Packing,
    ui: &Ui,
) -> Result<Packages, Failure> {
    flags.check()?;
    if !flags.are_given() {
        // Local directories in the config are uploaded only if the user gives one of the flags.
        return Ok(Packages::default());
    }
    let mut packer = Packer::new(flags, packing, ui);
    let notes = runtime_env::apply(config, flags, directories, &mut packer)?;
    for note in notes {
        ui.note(&note);
    }
    Ok(packer.packages)
}
