use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(kubectl_ray::run(std::env::args_os()))
}
