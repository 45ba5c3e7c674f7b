//! Writes YAML that every reader understands alike: quoted where YAML 1.1 and 1.2 differ.

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_saphyr::{LitStr, ser_options};

/// `value` as a document that every YAML reader reads back as `value`.
pub fn to_string(value: &Value) -> String {
    let options = ser_options! { compact_list_indent: true, prefer_block_scalars: false };
    let mark = unused(value);
    let text = serde_saphyr::to_string_with_options(&Readable { value, mark }, options)
        .unwrap_or_else(|error| unreachable!("a JSON value is always valid YAML: {error}"));
    text.replace(mark, "")
}

/// Writes multi-line text as a block (`|`), and numbers digit for digit.
///
/// The library cannot write a number with more digits than Rust's types hold, or with a trailing 0.
/// Such a number is written as unquoted text that begins with a mark; the mark is removed
/// afterwards.
struct Readable<'a> {
    value: &'a Value,
    mark: char,
}

impl Serialize for Readable<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let inner = |value| Readable { value, ..*self };
        match self.value {
            Value::Array(items) => serializer.collect_seq(items.iter().map(inner)),
            Value::Object(fields) => {
                serializer.collect_map(fields.iter().map(|(key, value)| (key, inner(value))))
            }
            Value::String(text) if fits_a_block(text) => LitStr(text).serialize(serializer),
            Value::Number(number) => match number.as_f64() {
                // YAML 1.1 spells exponents differently from JSON.
                Some(float) if number.as_str().contains(['e', 'E']) => {
                    serializer.serialize_f64(float)
                }
                _ => serializer.collect_str(&format_args!("{}{number}", self.mark)),
            },
            scalar => scalar.serialize(serializer),
        }
    }
}

/// A private-use character that does not occur in `value`.
fn unused(value: &Value) -> char {
    let text = value.to_string();
    ('\u{e000}'..'\u{f8ff}')
        .find(|mark| !text.contains(*mark))
        .unwrap_or('\u{f8ff}')
}

/// Whether `text` may be a block. Go's YAML misreads the indentation of a block that starts with a
/// tab, and breaks lines at more characters than YAML 1.2.
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
    use serde_json::json;

    use super::*;
    use crate::yaml::{go_yaml, parse};

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
    fn numbers_are_written_as_they_are_spelled() {
        let written = |json: &str| to_string(&serde_json::from_str(json).unwrap());
        for number in [
            "2.10",
            "-0.50",
            "123456789012345678901234567890123456789012345678901234567890",
            "18446744073709551616",
            "0.1000000000000000055511151231257827",
        ] {
            assert_eq!(
                written(&format!("{{\"a\":{number}}}")),
                format!("a: {number}\n")
            );
            assert_eq!(written(&format!("[[{number}]]")), format!("- - {number}\n"));
        }
        let marked = written("{\"\u{e000}\": [2.10, 1e-07]}");
        assert!(
            marked.contains('\u{e000}') && marked.contains("- 2.10\n- 1.0e-7\n"),
            "{marked}"
        );
    }

    #[test]
    fn what_is_written_is_read_back_equal() {
        let traps = traps();
        let text = to_string(&traps);
        assert_eq!(parse(&text).unwrap(), traps);
        assert_eq!(go_yaml::documents(&text).unwrap()[0].value, traps);
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
        // Python spells floats in another way.
        let in_one_spelling = |value| go_yaml::of_json(value).unwrap();
        assert_eq!(in_one_spelling(read), in_one_spelling(traps()));
    }
}
