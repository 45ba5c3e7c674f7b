//! Every case of tests/fixtures/rayclusters, and the result of every case once more.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use ray_serve_inject::{Outcome, Reason, Review, inject};
use serde_json::{Value, json};

struct Case {
    dir: PathBuf,
    object: Value,
    old: Option<Value>,
}

#[test]
fn every_case_has_its_reason_warnings_and_patch() {
    let update = env::var_os("UPDATE_GOLDEN").is_some();
    let mut failures = String::new();
    for case in cases() {
        let outcome = case.run();
        let path = case.dir.join("expected.json");
        if update {
            fs::write(&path, render(&outcome)).unwrap();
            continue;
        }
        let expected: Value = match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).unwrap(),
            Err(error) => json!(error.to_string()),
        };
        let actual: Value = serde_json::from_str(&render(&outcome)).unwrap();
        if expected != actual {
            let name = case.name();
            writeln!(
                failures,
                "--- {name}: expected\n{expected:#}\n--- {name}: got\n{actual:#}"
            )
            .unwrap();
        }
    }
    assert!(
        failures.is_empty(),
        "{failures}\nif this is meant: UPDATE_GOLDEN=1 cargo test -p ray-serve-inject --test golden"
    );
}

#[test]
fn a_second_run_finds_nothing_to_do_or_say() {
    for (case, outcome, result) in injected_or_ready() {
        let name = case.name();

        let untouched = inject(&Review::update(&result, &result));
        assert_eq!(untouched.reason, Reason::AlreadyReady, "{name}");
        assert!(untouched.patch.is_empty(), "{name}: {}", untouched.patch);
        assert_eq!(untouched.warnings, [], "{name}");

        // An update does without what is for new pods only.
        if case.old.is_none() {
            let again = inject(&Review::create(&result));
            assert_eq!(again.reason, Reason::AlreadyReady, "{name}");
            assert!(again.patch.is_empty(), "{name}: {}", again.patch);
            for warning in &again.warnings {
                assert!(outcome.warnings.contains(warning), "{name}: new: {warning}");
            }
        }
    }
}

#[test]
fn applying_the_same_manifest_again_ends_at_what_is_stored_in_silence() {
    for (case, _, stored) in injected_or_ready() {
        let outcome = inject(&Review::update(&case.object, &stored));
        assert_eq!(patched(&case.object, &outcome), stored, "{}", case.name());
        assert_eq!(outcome.warnings, [], "{}", case.name());
    }
}

#[test]
fn the_cases_cover_every_reason() {
    let of_the_webhook = [
        Reason::OperationNotReviewed,
        Reason::NoObject,
        Reason::TooLarge,
        Reason::InternalError,
    ];
    let seen: Vec<Reason> = cases().iter().map(|case| case.run().reason).collect();
    for reason in Reason::ALL {
        let expected = !of_the_webhook.contains(&reason);
        assert_eq!(
            seen.contains(&reason),
            expected,
            "a case that ends as {reason}"
        );
    }
}

#[test]
fn the_reference_explains_every_reason() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/reasons.md");
    let page = fs::read_to_string(path).unwrap();
    for reason in Reason::ALL
        .into_iter()
        .filter(|reason| *reason != Reason::Injected)
    {
        assert!(page.contains(&format!("`{reason}`")), "{reason}");
    }
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/rayclusters");
    let mut cases: Vec<Case> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|dir| Case {
            object: read_yaml(&dir.join("in.yaml")),
            old: Some(dir.join("old.yaml"))
                .filter(|path| path.exists())
                .map(|path| read_yaml(&path)),
            dir,
        })
        .collect();
    assert!(!cases.is_empty());
    cases.sort_by(|a, b| a.dir.cmp(&b.dir));
    cases
}

fn injected_or_ready() -> impl Iterator<Item = (Case, Outcome, Value)> {
    cases().into_iter().filter_map(|case| {
        let outcome = case.run();
        let result = patched(&case.object, &outcome);
        matches!(outcome.reason, Reason::Injected | Reason::AlreadyReady)
            .then_some((case, outcome, result))
    })
}

impl Case {
    fn name(&self) -> String {
        self.dir.file_name().unwrap().to_string_lossy().into_owned()
    }

    fn run(&self) -> Outcome {
        inject(&match &self.old {
            Some(old) => Review::update(&self.object, old),
            None => Review::create(&self.object),
        })
    }
}

fn patched(object: &Value, outcome: &Outcome) -> Value {
    let mut result = object.clone();
    json_patch::patch(&mut result, &outcome.patch).unwrap();
    result
}

fn read_yaml(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// One warning or operation to a line: easier to review than one field to a line.
fn render(outcome: &Outcome) -> String {
    let lines = |items: Vec<String>| match items.as_slice() {
        [] => "[]".to_owned(),
        items => format!("[\n    {}\n  ]", items.join(",\n    ")),
    };
    let warnings = outcome
        .warnings
        .iter()
        .map(|warning| json!(warning.to_string()).to_string());
    let operations = outcome
        .patch
        .iter()
        .map(|operation| serde_json::to_string(operation).unwrap());
    format!(
        "{{\n  \"reason\": \"{}\",\n  \"warnings\": {},\n  \"patch\": {}\n}}\n",
        outcome.reason,
        lines(warnings.collect()),
        lines(operations.collect())
    )
}
