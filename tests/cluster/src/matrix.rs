//! `cargo cluster test --matrix`: what works on each operator, as a table.

use std::{
    collections::BTreeMap,
    env,
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::{
    install::go,
    layout::Layout,
    progress::step,
    table::Table,
    target::Target,
    test::ON_THE_CLUSTER,
    versions::{KUBERAY, KUBERAY_KNOWN, Versions},
};

/// The tests about what the webhook and the operator make of a RayCluster together.
const SUBJECTS: [&str; 2] = ["injection::", "operators::"];

/// A test prints this where it saw that this operator cannot do what later ones can.
pub const NOT_YET: &str = "not yet on this operator";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Works,
    /// And should not.
    NotYet,
    Failed,
}

/// What became of each test, by its name.
type Outcomes = BTreeMap<String, Outcome>;

/// Runs the same tests on every operator and puts the usual one back.
pub fn matrix(layout: &Layout, ray: &str) -> Result<ExitCode> {
    let versions = |kuberay: &str| Versions {
        ray: ray.to_owned(),
        kuberay: kuberay.to_owned(),
    };
    // Before the cluster is taken: this is most of the first run's time.
    layout.create_directories()?;
    go::build_operators(layout, KUBERAY_KNOWN)?;
    let all = KUBERAY_KNOWN
        .iter()
        .map(|kuberay| test(layout, versions(kuberay)))
        .collect::<Result<Vec<_>>>();
    crate::up::up(layout, &versions(KUBERAY)).context("cannot put the usual operator back")?;
    let all = all?;

    print!("{}", table(&all));
    let failed = all.iter().flat_map(BTreeMap::values);
    let failed = failed.filter(|o| **o == Outcome::Failed).count();
    println!("\n{failed} failed on {} operators", all.len());
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn test(layout: &Layout, versions: Versions) -> Result<Outcomes> {
    let kuberay = versions.kuberay.clone();
    let target = Target {
        versions,
        ..Target::default()
    };
    let prepared = target.prepare(layout)?;
    let progress = step(format!("testing on KubeRay {kuberay}"));
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(&layout.root)
        .args(["test", "--locked"])
        .args(ON_THE_CLUSTER)
        .args([
            "--",
            "--include-ignored",
            "--show-output",
            "--test-threads=4",
        ])
        .args(SUBJECTS)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    prepared.hand_over(&mut command);
    let output = command.output().context("cannot start cargo")?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let outcomes = read(&printed);
    ensure!(!outcomes.is_empty(), "no test ran: {printed}");
    progress.done();
    if outcomes.values().any(|o| *o == Outcome::Failed) {
        eprintln!("{printed}");
    }
    Ok(outcomes)
}

/// Reads what the tests printed: `test NAME ... ok`, and below `---- NAME stdout ----` what each said.
fn read(printed: &str) -> Outcomes {
    let mut outcomes = Outcomes::new();
    let mut speaks = None;
    for line in printed.lines() {
        if let Some((name, result)) = line
            .strip_prefix("test ")
            .and_then(|line| line.split_once(" ... "))
        {
            let outcome = if result.starts_with("ok") {
                Outcome::Works
            } else {
                Outcome::Failed
            };
            // `test NAME - should panic ...` and `test NAME, ... ignored` have more than the name.
            let name = name.split([' ', ',']).next().unwrap_or(name);
            outcomes.insert(name.to_owned(), outcome);
        } else if let Some(name) = line
            .strip_prefix("---- ")
            .and_then(|line| line.strip_suffix(" stdout ----"))
        {
            speaks = Some(name);
        } else if line == NOT_YET
            && let Some(outcome) = speaks.and_then(|name| outcomes.get_mut(name))
            && *outcome == Outcome::Works
        {
            *outcome = Outcome::NotYet;
        }
    }
    outcomes
}

/// One line a test, one column an operator, in the order of `KUBERAY_KNOWN`.
fn table(all: &[Outcomes]) -> String {
    let mut headings = vec!["WITH THE OPERATOR"];
    headings.extend(KUBERAY_KNOWN);
    let mut table = Table::new(&headings);
    let mut names: Vec<&String> = all.iter().flat_map(BTreeMap::keys).collect();
    names.sort();
    names.dedup();
    for name in names {
        let sentence = name.rsplit("::").next().unwrap_or(name).replace('_', " ");
        let cells = all.iter().map(|outcomes| match outcomes.get(name) {
            Some(Outcome::Works) => "yes",
            Some(Outcome::NotYet) => "no",
            Some(Outcome::Failed) => "FAILED",
            None => "-",
        });
        table.add(std::iter::once(sentence).chain(cells.map(String::from)));
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_tests_print_becomes_a_table() {
        let printed = "
running 3 tests
test injection::ports_come_out ... ok
test operators::names_are_whole ... ok
test operators::probes_follow ... FAILED

successes:

---- operators::names_are_whole stdout ----
not yet on this operator

failures:

---- operators::probes_follow stdout ----
thread 'operators::probes_follow' panicked
not yet on this operator
";
        let outcomes = read(printed);
        let all = vec![outcomes; KUBERAY_KNOWN.len()];
        let table = table(&all[..2]);
        let lines: Vec<Vec<&str>> = table
            .lines()
            .skip(1)
            .map(|line| {
                line.split("   ")
                    .map(str::trim)
                    .filter(|c| !c.is_empty())
                    .collect()
            })
            .collect();
        assert_eq!(
            lines,
            [
                vec!["ports come out", "yes", "yes"],
                vec!["names are whole", "no", "no"],
                vec!["probes follow", "FAILED", "FAILED"],
            ]
        );
    }
}
