//! `-f`, `-R`: the files of a command that reads several.

use std::path::PathBuf;

/// Which files a command reads; see [`crate::input::files`].
#[derive(Debug, clap::Args)]
pub struct FilesArgs {
    /// File in YAML or JSON, directory of such files, or - for standard input; may be repeated
    #[arg(short, long, value_name = "FILE", required = true)]
    pub filename: Vec<PathBuf>,
    /// Also look into subdirectories
    #[arg(short = 'R', long)]
    pub recursive: bool,
}
