//! What a reader of a page types into a shell.

use std::fs;
use std::path::Path;

use crate::{Lab, Ran};

/// A shell in `directory`, as a user has it whose current namespace is `namespace`.
pub fn shell(lab: &Lab, directory: &Path, namespace: &str, script: &str) -> Ran {
    let kubeconfig = directory.join(".kubeconfig");
    if !kubeconfig.exists() {
        fs::copy(&lab.prepared.kubeconfig, &kubeconfig).unwrap();
        let mut command = lab.prepared.command("kubectl");
        let set = [
            "config",
            "set-context",
            "--current",
            "--namespace",
            namespace,
        ];
        Ran::command(command.args(set).env("KUBECONFIG", &kubeconfig), None).ok();
    }
    let mut command = lab.prepared.command("bash");
    command
        .args(["-c", &format!("exec 2>&1\n{script}")])
        .current_dir(directory)
        .env("KUBECONFIG", &kubeconfig);
    Ran::command(&mut command, None)
}
