//! `cargo cluster status`.

use std::process::ExitCode;

use anyhow::Result;

use crate::{component, layout::Layout, table::Table};

/// One line a component; fails if any of them does not run, as `kubectl get` of a missing object would.
#[allow(clippy::unnecessary_wraps)]
pub fn status(layout: &Layout) -> Result<ExitCode> {
    let mut table = Table::new(&["COMPONENT", "STATUS", "PID"]);
    let mut complete = true;
    for component in component::ALL {
        let (status, pid) = match component.process(layout) {
            Some(process) if (component.ready)(layout) => ("Ready", process.pid.to_string()),
            Some(process) => ("NotReady", process.pid.to_string()),
            None => ("NotRunning", "-".into()),
        };
        complete &= status == "Ready";
        table.add([component.name.into(), status.into(), pid]);
    }
    print!("{table}");
    Ok(if complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
