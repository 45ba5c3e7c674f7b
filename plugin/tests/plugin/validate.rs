//! `validate`: mistakes and what is said of them, and configs that have none.

use std::fmt::Write as _;
use std::fs;

use kubectl_ray::serve::source::Source;
use kubectl_ray::serve::validate::{Severity, Target, check};
use kubectl_ray::yaml;

use crate::support::{assert_golden, fixtures};

fn findings(text: &str, ray: &str) -> Vec<String> {
    let source = Source::new("x".to_owned(), text.as_bytes().to_vec());
    let target = Target {
        ray: ray.parse().ok(),
        uploads_code: false,
    };
    let findings = check(&source, &target);
    let lines = findings.iter().map(|finding| {
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let place = finding.place.map_or(String::new(), |place| {
            format!("{}:{} ", place.line, place.column)
        });
        format!("{place}{severity}: {}", finding.message)
    });
    lines.collect()
}

/// One mistake a line, as part of an otherwise sound config.
fn config(line: &str) -> String {
    let (of, rest) = line.split_once(' ').unwrap();
    match of {
        "top" => format!("{rest}\napplications: []\n"),
        "file" => rest.replace("\\n", "\n"),
        "apps" => format!("applications: {rest}\n"),
        "app" => format!("applications: [{{name: a, import_path: 'm:x', {rest}}}]\n"),
        "dep" => format!(
            "applications: [{{name: a, import_path: 'm:x', deployments: [{{name: d, {rest}}}]}}]\n"
        ),
        other => panic!("{other}"),
    }
}

#[test]
fn each_mistake_is_told_in_a_sentence() {
    let cases = fs::read_to_string(fixtures().join("serve/mistakes.txt")).unwrap();
    let (mut told, mut ray) = (String::new(), String::new());
    let mut wrong = Vec::new();
    for line in cases
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(version) = line.strip_prefix("ray ") {
            version.clone_into(&mut ray);
            let _ = writeln!(told, "# Ray {ray}");
            continue;
        }
        let (mistake, is_sound) = match line.strip_suffix(" # sound") {
            Some(sound) => (sound, true),
            None => (line, false),
        };
        let found = findings(&config(mistake), &ray);
        let _ = writeln!(told, "\n{line}");
        for finding in &found {
            let _ = writeln!(told, "    {finding}");
        }
        if found.is_empty() != is_sound {
            wrong.push(format!("{ray}: {line}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_golden("validate/mistakes.txt", &told);
}

/// No false alarm: what the documentation shows is right for the versions it is about.
#[test]
fn configs_of_the_documentation_are_sound() {
    let mut checked = 0;
    for entry in fs::read_dir(fixtures().join("serve/docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let versions = text
            .lines()
            .next()
            .unwrap()
            .strip_prefix("# ray: ")
            .unwrap();
        let json = yaml::parse(&text).unwrap().to_string();
        for ray in versions.split(' ') {
            assert_eq!(
                findings(&text, ray),
                [""; 0],
                "{}: Ray {ray}",
                path.display()
            );
            assert_eq!(
                findings(&json, ray),
                without_shared(&json),
                "{}",
                path.display()
            );
            checked += 1;
        }
    }
    assert!(checked > 30);
}

/// JSON has no anchors, and so no reason for a field that only carries one.
fn without_shared(json: &str) -> Vec<String> {
    let shared = json.contains("x-deployment");
    let told = "1:2 error: unknown field \"x-deployment\" in the Serve config, which Ray ignores";
    shared.then(|| told.to_owned()).into_iter().collect()
}
