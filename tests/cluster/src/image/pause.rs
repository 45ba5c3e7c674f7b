//! The sandbox image: a static program that waits until it is told to end.

use std::{path::PathBuf, process::Command};

use anyhow::Result;
use serde_json::json;

use super::archive;
use crate::{
    command::run_with_input,
    layout::{Layout, create_dir},
    progress::step,
};

pub const NAME: &str = "cluster.local/pause:1";

const PROGRAM: &str = r"
#include <signal.h>
#include <unistd.h>
static void end(int signal) { (void)signal; _exit(0); }
int main(void) {
    signal(SIGTERM, end);
    signal(SIGINT, end);
    for (;;) pause();
}
";

pub fn make(layout: &Layout) -> Result<PathBuf> {
    let archive = layout.image("pause-1.tar");
    if !archive.exists() {
        let progress = step("making the pause image");
        let root = layout.image("pause");
        create_dir(&root)?;
        run_with_input(
            Command::new("gcc")
                .args(["-static", "-Os", "-s", "-x", "c", "-", "-o"])
                .arg(root.join("pause")),
            PROGRAM,
        )?;
        archive::pack(NAME, &json!({"Entrypoint": ["/pause"]}), &root, &archive)?;
        progress.done();
    }
    Ok(archive)
}
