//! The documentation's page of chart values follows from the comments of values.yaml.
//! `UPDATE_GOLDEN=1 cargo test -p ray-serve-webhook chart_values` writes it anew.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

const VALUES: &str = "charts/ray-serve-webhook/values.yaml";
const PAGE: &str = "docs/reference/chart-values.md";

/// What stands before the first value is about the file.
const INTRODUCTION: &str = "# Chart values

These are the values of the chart `ray-serve-webhook`. Every value has a default that works, and the chart's schema
refuses unknown ones. [Install the webhook](../install/webhook.md) shows the ones that most installations set.

| value | default | purpose |
| --- | --- | --- |
";

#[test]
fn every_value_is_in_the_reference() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let values = fs::read_to_string(root.join(VALUES)).unwrap();
    let page = page(&values);
    let path = root.join(PAGE);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &page).unwrap();
        return;
    }
    let written = fs::read_to_string(&path).unwrap();
    assert!(page == written, "{PAGE} differs; it should be:\n{page}");
}

fn page(values: &str) -> String {
    let mut page = INTRODUCTION.to_owned();
    let mut parents: Vec<&str> = Vec::new();
    let mut comment: Vec<&str> = Vec::new();
    for line in values.lines() {
        let bare = line.trim_start();
        if let Some(words) = bare.strip_prefix('#') {
            comment.push(words.trim());
            continue;
        }
        let Some((name, default)) = bare.split_once(':') else {
            comment.clear();
            continue;
        };
        let depth = (line.len() - bare.len()) / 2;
        parents.truncate(depth);
        parents.push(name);
        let default = default.trim();
        let purpose = comment.join(" ").replace('|', "\\|");
        comment.clear();
        let path = parents.join(".");
        // What is below a value with a comment of its own, and has none, is that value's default.
        if purpose.is_empty() {
            let is_explained = (1..=depth)
                .any(|depth| page.contains(&format!("| `{}` |", parents[..depth].join("."))));
            assert!(default.is_empty() || is_explained, "{path} has no comment");
            if !default.is_empty() {
                writeln!(page, "| `{path}` | `{default}` | |").unwrap();
            }
            continue;
        }
        let default = if default.is_empty() {
            String::new()
        } else {
            format!("`{default}`")
        };
        writeln!(page, "| `{path}` | {default} | {purpose} |").unwrap();
    }
    page
}

#[test]
fn a_value_without_a_comment_is_noticed() {
    let written = page("# About.\n\na:\n  # One.\n  b: 1\n# Two.\nc: x\n");
    assert!(
        written.ends_with("| `a.b` | `1` | One. |\n| `c` | `x` | Two. |\n"),
        "{written}"
    );
    let missing = std::panic::catch_unwind(|| page("a:\n  b: 1\n"));
    assert!(missing.is_err());
}
