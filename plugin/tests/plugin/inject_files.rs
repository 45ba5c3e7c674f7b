//! `inject -f`: directories, several files, and what in them cannot be read.

use std::fs;
use std::path::Path;

use crate::inject::{CLUSTER, SERVICE, inject, inject_text, objects};
use crate::support::assert_fails;

#[test]
fn a_directory_is_read_by_name_and_deeper_only_if_asked() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("a")).unwrap();
    for (file, text) in [
        ("b.yaml", CLUSTER),
        (
            "c.json",
            r#"{"kind": "Pod", "metadata": {"generateName": "p-"}}"#,
        ),
        ("a/x.yml", SERVICE),
        ("notes.txt", "["),
    ] {
        fs::write(dir.path().join(file), text).unwrap();
    }
    let flat = inject(dir.path(), &[]);
    assert_eq!(
        flat.stderr,
        "raycluster/x injected\npod/p- skipped: not a RayCluster\n"
    );
    assert!(
        flat.stdout
            .ends_with("---\nkind: Pod\nmetadata:\n  generateName: p-\n")
    );
    let deep = inject(dir.path(), &["-R"]);
    assert!(deep.stderr.contains("service/z skipped"), "{}", deep.stderr);
    assert!(deep.stdout.ends_with(&flat.stdout));
}

#[test]
fn one_unreadable_input_and_nothing_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.yaml"), CLUSTER).unwrap();
    let bad = dir.path().join("b.yaml");
    for (text, problem) in [
        (&b"a: 1\n---\nb: [\n"[..], "line 3, column "),
        (
            b"- a list\n",
            "a list is found where a Kubernetes object is expected",
        ),
        (b"\xff", "it is not UTF-8 text"),
    ] {
        fs::write(&bad, text).unwrap();
        let run = inject(&bad, &[]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
        let sentence = format!(
            "error: {} is not a Kubernetes manifest: {problem}",
            bad.display()
        );
        assert!(run.stderr.starts_with(&sentence), "{}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    }
    assert_fails(
        &inject(Path::new("typo.yaml"), &[]),
        "cannot read typo.yaml: No such file or directory (os error 2)",
    );
    for nothing in ["", "# nothing\n---\n"] {
        let run = inject_text(nothing, &[]);
        assert_fails(&run, "no Kubernetes objects are in what -f names");
    }
}

#[test]
fn in_a_directory_what_is_not_ours_is_named_and_left_out() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("chart/templates")).unwrap();
    for (file, text) in [
        ("a.yaml", CLUSTER),
        ("chart/Chart.yaml", "apiVersion: v2\nname: c\n"),
        ("chart/values.yaml", "applications: [a, b]\n"),
        (
            "chart/templates/raycluster.yaml",
            "kind: RayCluster\nmetadata: {name: {{ .Values.name }}}\n",
        ),
        (
            "chart/templates/other.yaml",
            "{{- if .Values.on }}\na: [\n{{ end }}\n",
        ),
        ("ci.yml", "on: [push]\njobs: {check: {steps: []}}\n"),
        ("package.json", "{\"name\": \"x\"}"),
        ("tsconfig.json", "{ // comment\n}"),
        ("playbook.yaml", "- hosts: all\n"),
        ("empty.yaml", ""),
        ("mkdocs.yml", "x: !!python/name:a.b\n"),
    ] {
        fs::write(dir.path().join(file), text).unwrap();
    }
    let run = inject(dir.path(), &["-R"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let kinds: Vec<_> = objects(run.stdout.as_bytes());
    assert_eq!(kinds.len(), 1, "{}", run.stdout);
    assert!(
        run.stderr.starts_with("raycluster/x injected\n"),
        "{}",
        run.stderr
    );
    let line = |end: &str| {
        run.stderr
            .lines()
            .find(|line| line.ends_with(end))
            .map(str::to_owned)
    };
    assert!(
        line("skipped: a template, render it first").is_some(),
        "{}",
        run.stderr
    );
    assert!(
        line("more skipped: no Kubernetes object").is_some(),
        "{}",
        run.stderr
    );
    assert_eq!(run.stderr.lines().count(), 3, "{}", run.stderr);

    // A RayCluster of ours that cannot be read is not passed over.
    fs::write(dir.path().join("b.yaml"), "kind: RayCluster\nspec: [\n").unwrap();
    let run = inject(dir.path(), &["-R"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert!(
        run.stderr.contains("b.yaml is not a Kubernetes manifest: "),
        "{}",
        run.stderr
    );
}
