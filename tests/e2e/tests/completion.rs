//! Completion as shells ask for it: by kubectl, which asks the plugin under another name.

use std::{
    env, fs::Permissions, os::unix::fs::PermissionsExt, os::unix::fs::symlink, path::PathBuf,
};

use e2e::{CLUSTER, Ran, lab, serving_kind};
use tempfile::TempDir;

/// A directory that comes first on PATH.
struct Path(TempDir);

impl Path {
    /// With the plugin under these names.
    fn with(names: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        for name in names {
            symlink(plugin(), directory.path().join(name)).unwrap();
        }
        Self(directory)
    }

    /// What kubectl's completion script is told while the last of `words` is being typed: names and
    /// cobra's number for what else the shell is to do.
    #[track_caller]
    fn complete(&self, words: &[&str]) -> (Vec<String>, String) {
        let mut command = lab().prepared.command("kubectl");
        let rest = env::var_os("PATH").unwrap_or_default();
        let first = self.0.path().to_owned();
        let path = env::join_paths([first].into_iter().chain(env::split_paths(&rest))).unwrap();
        command.env("PATH", path).arg("__complete").args(words);
        let ran = Ran::command(&mut command, None).ok();
        let mut lines: Vec<String> = ran.stdout.lines().map(str::to_owned).collect();
        let directive = lines.pop().unwrap_or_default();
        for line in &mut lines {
            let name = line.split('\t').next().unwrap().len();
            line.truncate(name);
        }
        (lines, directive)
    }
}

fn plugin() -> PathBuf {
    let path = env::var_os("PATH").unwrap();
    let mut found = env::split_paths(&path).map(|directory| directory.join("kubectl-ray"));
    found
        .find(|file| file.is_file())
        .expect("kubectl-ray is on PATH")
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn names_of_the_cluster_are_offered_through_kubectl() {
    let serving = serving_kind("both");
    serving
        .submit(&lab().example("serve_config.yaml"), &["--wait"])
        .ok();
    let path = Path::with(&["kubectl-ray", "kubectl_complete-ray"]);
    let offered = |words: &[&str]| {
        let there = ["ray", "serve", "-n", serving.namespace()];
        path.complete(&[&there[..], words].concat())
    };
    let nothing_else = |names: &[&str]| {
        let names = names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>();
        (names, ":4".to_owned())
    };

    assert_eq!(offered(&["sub"]), nothing_else(&["submit"]));
    assert_eq!(offered(&["get", ""]), nothing_else(&[CLUSTER]));
    let both = nothing_else(&["fruit_app", "math_app"]);
    assert_eq!(offered(&["get", CLUSTER, ""]), both);
    let other = nothing_else(&["math_app"]);
    assert_eq!(offered(&["delete", CLUSTER, "fruit_app", ""]), other);
    let (routes, _) = offered(&["call", CLUSTER, ""]);
    assert_eq!(routes, ["/fruit", "/calc"]);
    let deployments = offered(&["logs", CLUSTER, "fruit_app/Ma"]);
    assert_eq!(
        deployments,
        (vec!["fruit_app/MangoStand".to_owned()], ":6".to_owned())
    );
    let (replicas, _) = offered(&["logs", CLUSTER, "fruit_app/MangoStand/"]);
    serving.call("/fruit", "[\"MANGO\", 2]");
    let log = serving.ray_serve("logs", &[&replicas[0]]).ok();
    assert!(log.stdout.contains(" OK "), "{log}");

    let (files, directive) = offered(&["submit", CLUSTER, "-f", ""]);
    assert_eq!(
        (files.join(" "), directive),
        ("json yaml yml".to_owned(), ":8".to_owned())
    );
    let namespaces = path.complete(&["ray", "serve", "get", "-n", "kube-sys"]);
    assert_eq!(namespaces, nothing_else(&["kube-system"]));
    let (contexts, _) = path.complete(&["ray", "serve", "get", "--context", ""]);
    let known = lab()
        .kubectl(&["config", "get-contexts", "-o", "name"])
        .ok();
    assert_eq!(contexts, known.stdout.lines().collect::<Vec<_>>());
}

/// Another program has the name `kubectl-ray`: `KubeRay`'s plugin.
#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_plugin_is_completed_beside_kuberays() {
    let path = Path::with(&["kubectl-ray-serve", "kubectl_complete-ray-serve"]);
    for (name, text) in [
        ("kubectl-ray", ""),
        ("kubectl_complete-ray", "printf 'job\\n:4\\n'"),
    ] {
        let file = path.0.path().join(name);
        std::fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(file, Permissions::from_mode(0o755)).unwrap();
    }
    let (commands, _) = path.complete(&["ray", ""]);
    assert_eq!(commands, ["serve", "job"]);
    let (commands, _) = path.complete(&["ray", "serve", "sub"]);
    assert_eq!(commands, ["submit"]);
    let (namespaces, _) = path.complete(&["ray", "serve", "get", "-n", "kube-sys"]);
    assert_eq!(namespaces, ["kube-system"]);
}
