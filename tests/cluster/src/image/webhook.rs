//! The webhook's image: FROM scratch, the one static binary and the licence texts, as the Dockerfile makes it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::json;

use super::archive;
use crate::{
    install::programs::WEBHOOK,
    layout::{Layout, create_dir},
    versions::PROJECT,
};

/// The texts that the crates' licences ask to go with the program.
const LICENCES: &str = "THIRD_PARTY_LICENSES.md";

/// The name the chart's default values resolve to.
pub fn name() -> String {
    format!("docker.io/library/{WEBHOOK}:{PROJECT}")
}

pub fn make(layout: &Layout, binary: &Path) -> Result<PathBuf> {
    let root = layout.run("webhook-image");
    create_dir(&root)?;
    fs::copy(binary, root.join(WEBHOOK))
        .with_context(|| format!("cannot copy {}", binary.display()))?;
    let licences = layout.root.join(LICENCES);
    fs::copy(&licences, root.join(LICENCES))
        .with_context(|| format!("cannot copy {}", licences.display()))?;
    let archive = layout.run("webhook-image.tar");
    archive::pack(
        &name(),
        &json!({"Entrypoint": [format!("/{WEBHOOK}")], "User": "65532:65532"}),
        &root,
        &archive,
    )?;
    Ok(archive)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `COPY . .` takes what is not named there, and a build's cache keeps it.
    #[test]
    fn docker_is_sent_neither_history_nor_build_output() {
        let root = Layout::new().expect("the repository").root;
        let lines = |file: &str| fs::read_to_string(root.join(file)).expect("a file");
        let (ignored, by_git) = (lines(".dockerignore"), lines(".gitignore"));
        let ignored: Vec<&str> = ignored.lines().collect();
        assert!(ignored.contains(&".git"), "{ignored:?}");
        let output = by_git.lines().filter(|line| line.ends_with("/target"));
        assert_ne!(output.count(), 0);
        assert!(ignored.contains(&"**/target"), "{ignored:?}");
        let taken_back = ignored.iter().find(|line| line.starts_with('!'));
        assert_eq!(taken_back, None, "the last line that fits decides");
    }
}
