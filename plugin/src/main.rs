//! `kubectl-ray`: see the library, which tests can call too.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(kubectl_ray::run(std::env::args_os()))
}
