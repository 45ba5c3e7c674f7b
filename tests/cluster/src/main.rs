//! `cargo cluster`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    match cluster::cli::run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
