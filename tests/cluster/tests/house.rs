//! The directions between crates, and between the folders of a crate, as CONTRIBUTING.md draws them.

mod imports;
mod sources;
mod workspace;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use serde_json::Value;

use imports::imports;
use sources::files;
use workspace::{cargo, root};

/// Whom of ours each crate may use. Tests may use more.
const CRATES: [(&str, &[&str]); 6] = [
    (
        "kubectl-ray",
        &["kuberay", "ray-serve-client", "ray-serve-inject"],
    ),
    (
        "ray-serve-webhook",
        &["kuberay", "ray-serve-controller", "ray-serve-inject"],
    ),
    ("ray-serve-controller", &["kuberay", "ray-serve-client"]),
    ("ray-serve-inject", &["kuberay"]),
    ("ray-serve-client", &[]),
    ("kuberay", &[]),
];

/// Where the folders of a house are looked at.
const SOURCES: [&str; 7] = [
    "plugin/src",
    "webhook/src",
    // One folder for each thing that the controller does.
    "controller/src/traffic",
    "crates/inject/src",
    "crates/kuberay/src",
    "crates/serve/src",
    "tests/cluster/src",
];

/// What Serve's client must do without, at any remove: a controller has no terminal and no kubeconfig.
const NOT_OF_THE_CLIENT: [&str; 3] = ["clap", "kube", "k8s-openapi"];

/// What facts about KubeRay must do without: they are looked up, never asked for.
const NOT_OF_FACTS: [&str; 5] = ["clap", "hyper", "kube", "rustls", "tokio"];

/// The plugin's floors, from the roof down: a folder uses what stands on its own floor or below it.
const FLOORS: [&[&str]; 10] = [
    &["dispatch"],
    &["completion"],
    &["cli"],
    &["command"],
    &["package", "output"],
    &["check", "input"],
    &["error"],
    &["hint"],
    &["connect", "manifest"],
    &["safe", "userinfo", "yaml"],
];

#[test]
fn crates_use_only_those_below_them() {
    let packages = packages();
    for (name, allowed) in CRATES {
        let used: BTreeSet<&str> = packages[name]
            .iter()
            .map(String::as_str)
            .filter(|used| CRATES.iter().any(|(ours, _)| ours == used))
            .collect();
        let allowed = allowed.iter().copied().collect();
        assert_eq!(used, allowed, "{name}");
    }
}

#[test]
fn the_client_of_serve_needs_no_kubernetes_and_no_terminal() {
    let names = needed_by("ray-serve-client");
    assert!(names.contains("hyper"), "{names:?}");
    let unwanted = NOT_OF_THE_CLIENT.map(|name| (name, names.contains(name)));
    assert_eq!(unwanted, NOT_OF_THE_CLIENT.map(|name| (name, false)));
}

#[test]
fn facts_about_kuberay_need_no_runtime_and_no_network() {
    let names = needed_by("kuberay");
    assert!(names.contains("serde_json"), "{names:?}");
    let unwanted = NOT_OF_FACTS.map(|name| (name, names.contains(name)));
    assert_eq!(unwanted, NOT_OF_FACTS.map(|name| (name, false)));
}

#[test]
fn no_folder_uses_one_that_uses_it() {
    for source in SOURCES {
        let imports = imports(&root().join(source));
        assert!(imports.len() > 5, "{source}: {imports:?}");
        let circles: Vec<_> = imports
            .iter()
            .flat_map(|(from, to)| to.iter().map(move |to| (from, to)))
            .filter(|(from, to)| reaches(&imports, to, from))
            .collect();
        assert!(circles.is_empty(), "{source}: {circles:?}");
    }
}

#[test]
fn no_arrow_of_the_plugin_goes_up() {
    let floor = |name: &str| FLOORS.iter().position(|floor| floor.contains(&name));
    let imports = imports(&root().join("plugin/src"));
    for (from, used) in &imports {
        let from_floor = floor(from).unwrap_or_else(|| panic!("{from} has no floor"));
        for to in used {
            let to_floor = floor(to).unwrap_or_else(|| panic!("{to} has no floor"));
            assert!(
                from_floor <= to_floor,
                "{from} uses {to}, which is above it"
            );
        }
    }
}

#[test]
fn the_maps_show_each_module() {
    for source in [
        "plugin",
        "webhook",
        "controller",
        "crates/inject",
        "crates/kuberay",
        "crates/serve",
    ] {
        let file = root().join(source).join("src/lib.rs");
        let text = fs::read_to_string(&file).unwrap();
        let map: String = text
            .lines()
            .filter_map(|line| line.strip_prefix("//!"))
            .collect();
        let on_map: BTreeSet<&str> = map
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .collect();
        let modules: BTreeSet<&str> = text
            .lines()
            .filter_map(|line| {
                let line = line.strip_prefix("pub ").unwrap_or(line);
                line.strip_prefix("mod ")?.strip_suffix(';')
            })
            .collect();
        let missing: Vec<_> = modules.difference(&on_map).collect();
        assert!(
            missing.is_empty(),
            "not on the map of {source}: {missing:?}"
        );
        // Where the map is a list, it lists nothing that is gone.
        let listed = text.lines().filter_map(|line| {
            let (name, what) = line.strip_prefix("//! ")?.split_once("  ")?;
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_lowercase() || c == '_');
            (is_name && !what.is_empty()).then_some(name)
        });
        let gone: Vec<_> = listed.filter(|name| !modules.contains(name)).collect();
        assert!(
            gone.is_empty(),
            "gone, but on the map of {source}: {gone:?}"
        );
    }
}

#[test]
fn every_file_begins_with_what_it_is_for() {
    let mut silent = Vec::new();
    let others = ["controller/src", "tests/e2e/src", "tests/fake-ray/src"];
    for source in SOURCES.into_iter().chain(others) {
        let says = |file: &PathBuf| fs::read_to_string(file).unwrap().starts_with("//!");
        let files = files(&root().join(source));
        silent.extend(files.into_iter().filter(|file| !says(file)));
    }
    assert!(silent.is_empty(), "no //! in the first line of {silent:#?}");
}

fn reaches(imports: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut left = vec![from];
    while let Some(next) = left.pop() {
        if next == to {
            return true;
        }
        if seen.insert(next) {
            left.extend(imports.get(next).into_iter().flatten().map(String::as_str));
        }
    }
    false
}

/// All that a package depends on outside of tests, at any remove.
fn needed_by(package: &str) -> BTreeSet<String> {
    let tree = ["tree", "--locked", "--prefix", "none", "--edges", "normal"];
    let tree = cargo(
        tree.into_iter()
            .chain(["--format", "{p}", "--package", package]),
    );
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

/// What each package of the workspace depends on outside of tests.
fn packages() -> BTreeMap<String, Vec<String>> {
    let metadata = cargo(["metadata", "--locked", "--no-deps", "--format-version=1"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap().iter();
            let normal = dependencies.filter(|dependency| dependency["kind"].is_null());
            let names = normal.map(|dependency| text(&dependency["name"]));
            (text(&package["name"]), names.collect())
        })
        .collect()
}
