//! `-f`, `-R`: the files of a command that reads several.

use clap::builder::{OsStringValueParser, TypedValueParser as _};

use crate::input::FileName;

/// Which files a command reads; see [`crate::input::read`].
#[derive(Debug, clap::Args)]
pub struct FilesArgs {
    /// File in YAML or JSON, directory of such files, https URL, or - for standard input; may be repeated
    #[arg(
        short,
        long,
        value_name = "FILE",
        required = true,
        value_parser = OsStringValueParser::new().try_map(FileName::parse)
    )]
    pub filename: Vec<FileName>,
    /// Also look into subdirectories
    #[arg(short = 'R', long)]
    pub recursive: bool,
}
