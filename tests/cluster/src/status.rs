//! `cargo cluster status`.

use std::process::ExitCode;

use anyhow::Result;

use crate::{component, layout::Layout};

/// One line a component; fails if any of them does not run, as `kubectl get` of a missing object would.
#[allow(clippy::unnecessary_wraps)]
pub fn status(layout: &Layout) -> Result<ExitCode> {
    let width = component::ALL
        .iter()
        .map(|c| c.name.len())
        .max()
        .unwrap_or(0);
    println!("{:width$}   STATUS        PID", "COMPONENT");
    let mut complete = true;
    for component in component::ALL {
        let (status, pid) = match component.process(layout) {
            Some(process) if (component.ready)(layout) => ("Ready", process.pid.to_string()),
            Some(process) => ("NotReady", process.pid.to_string()),
            None => ("NotRunning", "-".into()),
        };
        complete &= status == "Ready";
        println!("{:width$}   {status:<11}   {pid}", component.name);
    }
    Ok(if complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
