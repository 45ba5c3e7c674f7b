//! What of this machine is to become a package.

use std::path::PathBuf;

/// Which directory or file, what of it, and what it is for.
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
    /// Its files are below the directory's own name, as Ray wants it for a Python module.
    PyModule,
}

/// Who named a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// Somebody at the command line, who may name any.
    Flag,
    /// A config, which may come from somebody else.
    Config {
        /// `working_dir "../x" of application/a`
        what: String,
        /// What to do where that is not allowed.
        instead: String,
    },
}
