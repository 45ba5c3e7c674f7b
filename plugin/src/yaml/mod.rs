//! YAML in and out; the only directory that knows the YAML libraries.
//!
//! In: what the program that the file is for makes of it. Here that is Ray's own CLI (`PyYAML`), so
//! YAML 1.1: `yes` and `off` are booleans, `0644` is octal, `<<` merges; [`kubernetes`] reads as
//! kubectl does. Out: quoted so that YAML 1.1 and 1.2 readers get the same values back.
//!
//! serde-saphyr rather than `yaml_serde` (libyaml), because only it does all of: merge keys,
//! octal, refusing duplicate keys, and quoting of `yes`, `on` and `<<` on output.

pub mod embedded;
pub mod kubernetes;
pub mod positions;

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{LitStr, Options, alias_limits, options, ser_options};
use thiserror::Error;

#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    #[error("line {line}, column {column}: {problem}")]
    Syntax {
        line: u64,
        column: u64,
        problem: String,
    },
    #[error("{0} YAML documents where one is expected")]
    SeveralDocuments(usize),
}

/// One document; an empty one is null.
pub fn parse(text: &str) -> Result<Value, Error> {
    let mut value = document(text, false)?;
    let strict = document(text, true)?;
    keep_single_letters(&mut value, strict);
    Ok(value)
}

fn document(text: &str, strict_booleans: bool) -> Result<Value, Error> {
    let options: Options = options! {
        // The file is the user's own and its size the limit; what aliases make of it has another.
        budget: None,
        alias_limits: alias_limits! { max_total_replayed_events: 100_000 },
        duplicate_keys: DuplicateKeyPolicy::Error,
        legacy_octal_numbers: true,
        strict_booleans: strict_booleans,
        with_snippet: false,
    };
    let documents: Vec<Value> =
        serde_saphyr::from_str_multiple_with_options::<Value, _>(text, options)
            .map_err(|error| syntax(&error))?;
    match documents.len() {
        0 | 1 => Ok(documents.into_iter().next().unwrap_or(Value::Null)),
        several => Err(Error::SeveralDocuments(several)),
    }
}

/// YAML 1.1 lists `y` and `n` as booleans, but `PyYAML` never read them so, and `axis: y` is common.
fn keep_single_letters(value: &mut Value, strict: Value) {
    match (value, strict) {
        (value @ Value::Bool(_), Value::String(text)) if text.len() == 1 => {
            *value = Value::String(text);
        }
        (Value::Array(items), Value::Array(strict)) => {
            for (item, strict) in items.iter_mut().zip(strict) {
                keep_single_letters(item, strict);
            }
        }
        (Value::Object(fields), Value::Object(strict)) => {
            for ((_, field), (_, strict)) in fields.iter_mut().zip(strict) {
                keep_single_letters(field, strict);
            }
        }
        _ => {}
    }
}

fn syntax(error: &serde_saphyr::Error) -> Error {
    let (line, column) = error
        .location()
        .map_or((1, 1), |location| (location.line(), location.column()));
    let text = error.without_snippet().to_string();
    let first = text.lines().next().unwrap_or_default();
    // The library names the place in its own way; ours is in the variant.
    let place = format!("line {line} column {column}: ");
    let problem = first
        .trim_start_matches("error: ")
        .trim_start_matches(&place);
    let problem = problem.trim_end_matches(&format!(" at line {line}, column {column}"));
    let problem = problem.trim_end_matches(", set DuplicateKeyPolicy in Options if acceptable");
    Error::Syntax {
        line,
        column,
        problem: problem.to_owned(),
    }
}

/// A document that every YAML reader takes for `value`.
pub fn to_string(value: &Value) -> String {
    let options = ser_options! { compact_list_indent: true, prefer_block_scalars: false };
    serde_saphyr::to_string_with_options(&Readable(value), options)
        .unwrap_or_else(|error| unreachable!("a JSON value is always valid YAML: {error}"))
}

/// Writes text of several lines as lines, `|`.
struct Readable<'a>(&'a Value);

impl Serialize for Readable<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(items) => serializer.collect_seq(items.iter().map(Readable)),
            Value::Object(fields) => {
                serializer.collect_map(fields.iter().map(|(key, value)| (key, Readable(value))))
            }
            Value::String(text) if fits_a_block(text) => LitStr(text).serialize(serializer),
            scalar => scalar.serialize(serializer),
        }
    }
}

/// Go's YAML does not find the indentation of a block that starts with a tab, and takes more
/// characters for line breaks than YAML does today.
fn fits_a_block(text: &str) -> bool {
    let plain = |c: char| match c {
        '\n' | '\t' => true,
        '\u{2028}' | '\u{2029}' | '\u{feff}' => false,
        _ => !c.is_control(),
    };
    text.contains('\n') && !text.starts_with(char::is_whitespace) && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// One line that says what is wrong and where, whichever reader says it.
    pub(super) fn assert_placed<T: std::fmt::Debug>(
        text: &str,
        result: Result<T, Error>,
        place: (u64, u64),
        problem: &str,
    ) {
        match result {
            Err(Error::Syntax {
                line,
                column,
                problem: said,
            }) => {
                assert_eq!((line, column), place, "{text:?}: {said}");
                assert!(said.contains(problem) && !said.contains('\n'), "{said}");
            }
            other => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn scalars_are_what_ray_s_own_cli_makes_of_them() {
        let cases = [
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("y", json!("y")),
            ("N", json!("N")),
            ("'yes'", json!("yes")),
            ("~", json!(null)),
            ("", json!(null)),
            ("0644", json!(420)),
            ("0x1F", json!(31)),
            ("1_000", json!(1000)),
            ("\"1.0\"", json!("1.0")),
            ("1.0", json!(1.0)),
            ("18446744073709551615", json!(u64::MAX)),
            ("2024-01-01", json!("2024-01-01")),
            ("12:30:45", json!("12:30:45")),
            ("|\n  two\n  lines\n", json!("two\nlines\n")),
        ];
        for (scalar, expected) in cases {
            assert_eq!(
                parse(&format!("a: {scalar}")).unwrap(),
                json!({ "a": expected }),
                "{scalar}"
            );
        }
    }

    #[test]
    fn files_of_all_editors_are_read() {
        for text in [
            "\u{feff}a: 1\n",
            "a: 1\r\n",
            "---\na: 1\n...\n",
            "---\na: 1\n---\n",
            "{\"a\": 1}",
            "{\n\t\"a\": 1\n}",
        ] {
            assert_eq!(parse(text).unwrap(), json!({"a": 1}), "{text:?}");
        }
    }

    #[test]
    fn anchors_and_merge_keys_are_resolved_with_the_nearer_value_winning() {
        let merged = parse("base: &b {p: 1, q: 2}\nd: {<<: *b, q: 3}\nl: *b\n").unwrap();
        assert_eq!(merged["d"], json!({"p": 1, "q": 3}));
        assert_eq!(merged["l"], merged["base"]);
    }

    #[test]
    fn what_cannot_be_read_is_placed() {
        let cases = [
            ("a: [1, 2\n", 1, 4, "unclosed bracket"),
            ("a: 1\n b: 2\n", 2, 3, ""),
            ("a:\n\t- 1\n", 2, 2, "tabs"),
            ("a: 1\na: 2\n", 2, 1, "duplicate mapping key: a"),
            ("a: .nan\n", 1, 4, "non-finite"),
            ("a: *nowhere\n", 1, 4, ""),
        ];
        for (text, line, column, problem) in cases {
            assert_placed(text, parse(text), (line, column), problem);
        }
        assert_eq!(parse("a: 1\n---\nb: 2\n"), Err(Error::SeveralDocuments(2)));
    }

    #[test]
    fn a_bomb_of_aliases_is_refused_and_a_large_file_is_not() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..10 {
            let alias = format!("*a{}, ", level - 1).repeat(10);
            bomb.push_str(&format!(
                "a{level}: &a{level} [{}]\n",
                alias.trim_end_matches(", ")
            ));
        }
        assert!(parse(&bomb).is_err());

        // More nodes than the library's own default budget has.
        let long = format!("[{}]", "1,".repeat(260_000));
        assert!(document(&long, true).is_ok());
    }

    /// Strings that some YAML reader takes for something else when they are not quoted.
    const TRAPS: &[&str] = &[
        "yes",
        "No",
        "on",
        "OFF",
        "y",
        "n",
        "true",
        "TRUE",
        "~",
        "null",
        "Null",
        "",
        " x ",
        "0644",
        "0o17",
        "0x1F",
        "0b11",
        "1e3",
        "1_000",
        "12:30:45",
        "190:20:30.15",
        "1.0",
        ".5",
        "-1",
        "+1",
        "42",
        ".nan",
        "-.inf",
        "2024-01-01",
        "2001-12-14t21:59:43.10-05:00",
        "<<",
        "=",
        "a: b",
        "a #b",
        "#",
        "- a",
        "*a",
        "&a",
        "!a",
        "@a",
        "%a",
        "`a",
        "? a",
        "|",
        ">",
        "[a",
        "{a",
        "a, b",
        "---",
        "...",
        "it's \"q\"",
        "a\\b",
        "a\nb",
        "a\nb\n",
        "a\n\n",
        "\nb",
        "  lead\n second\n",
        "\ta",
        "\ta\nb",
        "a\n\tb \n",
        "a\nb\n\n",
        "a\n\u{2028}",
        "a\r\nb",
        "\u{1}",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        "\u{feff}x",
        "\u{1b}[31m",
        "ü😀",
        "x ",
        "==",
    ];

    fn traps() -> Value {
        let mut map = serde_json::Map::new();
        for trap in TRAPS {
            map.insert((*trap).to_owned(), json!(trap));
        }
        map.insert(
            "long".into(),
            json!(format!("{} {}", "x".repeat(200), "y".repeat(100))),
        );
        json!({
            "strings": map,
            "values": [1.0, 1e21, 1e-7, -0.0, u64::MAX, i64::MIN, -3, true, null, [], {}, [[1], {"a": [{}]}]],
        })
    }

    #[test]
    fn what_is_written_is_read_back_equal() {
        let traps = traps();
        let text = to_string(&traps);
        assert_eq!(parse(&text).unwrap(), traps);
        assert_eq!(kubernetes::documents(&text).unwrap()[0].value, traps);
    }

    /// The reader of the other school; what a user sees of it is also tested on the cluster.
    #[test]
    #[ignore = "needs Python with PyYAML"]
    fn what_is_written_python_reads_back_equal() {
        use std::io::Write;
        use std::process::{Command, Stdio};
        let script = "import sys,yaml,json; print(json.dumps(yaml.safe_load(sys.stdin.buffer.read().decode())))";
        let python = Command::new("python3")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut python = python.unwrap();
        python
            .stdin
            .take()
            .unwrap()
            .write_all(to_string(&traps()).as_bytes())
            .unwrap();
        let output = python.wait_with_output().unwrap();
        assert!(output.status.success());
        let read: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(read, traps());
    }
}
