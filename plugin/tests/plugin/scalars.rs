//! A Serve config is read as `PyYAML` reads it and a manifest as kubectl does, scalar by scalar.
//!
//! The answers of the two to a sample are beside them in `readers` and are written again with
//! `UPDATE_GOLDEN=1`. `cargo cluster test --long` asks the two themselves about 100,000 scalars.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kubectl_ray::yaml;
use serde_json::{Number, Value};

use crate::support::is_long;
use crate::support::scalars::Corpus;

const SAMPLE: usize = 400;
const WHOLE: usize = 100_000;

/// One reader, and ours that is to read as it does.
struct Reader {
    name: &'static str,
    command: fn() -> Command,
    ours: fn(&str) -> Result<Value, String>,
    number: fn(Number) -> Number,
    /// Documents in which the parsers find other scalars.
    is_apart: fn(&str) -> bool,
}

fn readers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers")
}

const PYYAML: Reader = Reader {
    name: "pyyaml",
    command: || {
        let mut python = Command::new("python3");
        python.arg(readers().join("pyyaml.py"));
        python
    },
    ours: |text| yaml::parse(text).map_err(|error| error.to_string()),
    number: float,
    is_apart: is_corner,
};

const KUBECTL: Reader = Reader {
    name: "kubectl",
    command: || {
        let mut go = Command::new("go");
        go.args(["run", "."]).current_dir(readers().join("kubectl"));
        go
    },
    ours: |text| {
        let documents = yaml::go_yaml::documents(text).map_err(|error| error.to_string())?;
        Ok(documents.into_iter().next().unwrap().value)
    },
    number: float_of_go,
    is_apart: is_corner,
};

#[test]
fn serve_configs_are_read_as_pyyaml_reads_them() {
    PYYAML.compare();
}

#[test]
fn manifests_are_read_as_kubectl_reads_them() {
    KUBECTL.compare();
}

impl Reader {
    fn compare(&self) {
        let path = readers().join(format!("{}.jsonl", self.name));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            let documents = Corpus::new().documents(SAMPLE);
            let answers = self.ask(&documents);
            let lines = documents.iter().zip(&answers);
            let lines = lines.map(|(document, answer)| format!("[{},{answer}]\n", json(document)));
            fs::write(&path, lines.collect::<String>()).unwrap();
        }
        let sample = fs::read_to_string(&path).unwrap();
        let sample: Vec<(String, Value)> = sample
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert!(sample.len() > 4 * SAMPLE);
        let different = sample
            .iter()
            .filter_map(|(document, answer)| self.difference(document, answer));
        assert_none(&different.collect::<Vec<_>>());

        if is_long() {
            let documents = Corpus::new().documents(WHOLE);
            let answers = self.ask(&documents);
            assert_eq!(answers.len(), documents.len());
            let different = documents
                .iter()
                .zip(&answers)
                .filter_map(|(document, answer)| {
                    self.difference(document, &serde_json::from_str(answer).unwrap())
                });
            assert_none(&different.collect::<Vec<_>>());
        }
    }

    /// The reader's own answers, each a line of JSON.
    fn ask(&self, documents: &[String]) -> Vec<String> {
        let mut command = (self.command)();
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let lines: String = documents.iter().map(|one| json(one) + "\n").collect();
        let mut stdin = child.stdin.take().unwrap();
        // It answers while it is asked.
        let asking = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        let answers = answers.collect::<Result<_, _>>().unwrap();
        asking.join().unwrap().unwrap();
        assert!(child.wait().unwrap().success(), "{command:?}");
        answers
    }

    fn difference(&self, document: &str, answer: &Value) -> Option<String> {
        let ours = (self.ours)(document);
        let same = match (&ours, answer.get("value")) {
            (Ok(ours), Some(theirs)) => {
                plain(ours.clone(), self.number) == plain(theirs.clone(), self.number)
            }
            (ours, theirs) => ours.is_err() && theirs.is_none(),
        };
        let same = same || (self.is_apart)(document);
        (!same).then(|| format!("{document:?}: {} {answer}, here {ours:?}", self.name))
    }
}

fn json(text: &str) -> String {
    Value::from(text).to_string()
}

/// With each number in one spelling.
fn plain(value: Value, number: fn(Number) -> Number) -> Value {
    match value {
        Value::Number(found) => number(found).into(),
        Value::Array(items) => items.into_iter().map(|item| plain(item, number)).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            let fields = fields.map(|(key, value)| (key, plain(value, number)));
            Value::Object(fields.collect())
        }
        other => other,
    }
}

/// Floats as we write them; integers have one spelling.
fn float(number: Number) -> Number {
    match number.as_f64() {
        Some(float) if number.is_f64() => Number::from_f64(float).unwrap(),
        _ => number,
    }
}

/// Floats as Go writes them: 8.0 as 8.
fn float_of_go(number: Number) -> Number {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e21 => {
            float.to_string().parse().unwrap()
        }
        _ => float(number),
    }
}

/// Colons without a key, colons, commas and dashes that touch brackets or each other: each parser
/// has its own opinion.
fn is_corner(document: &str) -> bool {
    let has = |corners: &[&str]| corners.iter().any(|corner| document.contains(corner));
    if document.starts_with(['{', '[']) {
        has(&["{:", " :", ",:", ":,", ":}", ":]", "::", "{-", " -}", " -]"])
    } else {
        let explicit = document
            .strip_prefix('?')
            .and_then(|rest| rest.lines().next());
        let without_key = explicit.is_some_and(|key| {
            let key = key.trim();
            key.is_empty() || key.starts_with(['#', ':'])
        });
        without_key || document.starts_with([':', ' ']) || has(&["- :", "  :", " ,"])
    }
}

fn assert_none(different: &[String]) {
    let some: String = different
        .iter()
        .take(40)
        .map(|one| format!("{one}\n"))
        .collect();
    assert!(different.is_empty(), "{} differ:\n{some}", different.len());
}
