//! `THIRD_PARTY_LICENSES.md` holds the licence text of every crate that is linked into a program.
//!
//! Where this fails, a dependency came, went or moved. Write the file again:
//!
//! ```console
//! $ cargo install cargo-about --version 0.9.3 --features cli --locked
//! $ cargo about generate --locked --fail about.hbs -o THIRD_PARTY_LICENSES.md
//! ```

mod workspace;

use std::{collections::BTreeSet, fs};

use workspace::{cargo, root};

const FILE: &str = "THIRD_PARTY_LICENSES.md";

#[test]
fn every_linked_crate_has_its_licence_text() {
    let listed = listed();
    let linked = crates(
        "normal,no-proc-macro",
        &["--package", "kubectl-ray", "--package", "ray-serve-webhook"],
    );
    let missing: Vec<_> = linked.difference(&listed).collect();
    assert!(
        missing.is_empty(),
        "not in {FILE}, write it again as this test's file says: {missing:?}"
    );
    // `cargo about` also lists macros, and what only the workspace's tools have.
    let known = crates("normal", &["--workspace"]);
    let gone: Vec<_> = listed.difference(&known).collect();
    assert!(
        gone.is_empty(),
        "{FILE} lists crates that are gone, write it again as this test's file says: {gone:?}"
    );
}

/// `name version` of what the file lists.
fn listed() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(FILE)).expect("the file is in the repository");
    text.lines()
        .filter_map(|line| line.strip_prefix("- "))
        .filter(|line| line.split(' ').count() == 2)
        .map(str::to_owned)
        .collect()
}

/// `name version` of every crate from elsewhere that `packages` have on the supported machines.
fn crates(edges: &str, packages: &[&str]) -> BTreeSet<String> {
    let mut crates = BTreeSet::new();
    for target in targets() {
        let options = ["tree", "--locked", "--prefix", "none", "--no-dedupe"];
        let what = ["--format", "{p}", "--edges", edges, "--target", &target];
        let arguments = options.into_iter().chain(what);
        let tree = cargo(arguments.chain(packages.iter().copied()));
        crates.extend(
            tree.lines()
                // Our own crates stand with their directory behind them.
                .filter(|line| !line.is_empty() && !line.contains('/'))
                .filter_map(|line| {
                    let (name, version) = line.split_once(" v")?;
                    let version = version.split(' ').next()?;
                    Some(format!("{name} {version}"))
                }),
        );
    }
    assert!(!crates.is_empty(), "cargo tree listed no crate");
    crates
}

/// The machines that about.toml names.
fn targets() -> Vec<String> {
    let text = fs::read_to_string(root().join("about.toml")).expect("about.toml is there");
    let line = text
        .lines()
        .find(|line| line.starts_with("targets"))
        .expect("about.toml has targets in one line");
    line.split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}
