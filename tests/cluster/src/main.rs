//! `cargo cluster`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    // A reader that has seen enough (`| head`) ends us quietly, as it ends every other tool.
    // SAFETY: the first statement of a program with one thread; the default action runs no code of ours.
    #[allow(unsafe_code)]
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
    }
    match cluster::cli::run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
