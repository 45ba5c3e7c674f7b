//! A directory or file of this machine that becomes a package.

use std::path::PathBuf;

/// A path, the part of it that counts, and its purpose.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Source {
    /// As the user named it.
    pub(super) path: PathBuf,
    /// `excludes` of the `runtime_env`, in gitignore's syntax.
    pub(super) excludes: Vec<String>,
    pub(super) role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Role {
    WorkingDir,
    /// Whether its files stay below the directory's name, as Ray requires for a Python module.
    PyModule,
}

/// Who named a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// The user at the command line, who may name any path.
    Flag,
    /// A config, which another person may have written.
    Config {
        /// `working_dir "../x" of application/a`
        what: String,
        /// Of the config, which may name what is below.
        directory: PathBuf,
        /// What to do instead if that is not allowed.
        instead: String,
    },
}
