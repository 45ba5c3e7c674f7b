//! Warns about unquoted scalars that mean something else than they look like, to Ray or, in a
//! RayService, to Kubernetes.
//!
//! Two cases are left out on purpose: `y` and `n`, which are text to Ray and booleans to
//! Kubernetes, because they are common names of axes; and the spellings that Python writes (`serve
//! build`).

use serde_json::{Number, Value};

use super::pyyaml::resolver::{self, Type};
use super::reader::Dialect as _;
use super::{go_yaml, pyyaml};

/// Words that mark a field's value as text.
const NAMES_OF_TEXT: &[&str] = &[
    "version", "revision", "rev", "tag", "release", "commit", "sha", "hash", "digest",
];

const NAMES_OF_MODES: &[&str] = &["mode", "perm", "perms", "permissions", "umask", "chmod"];

/// The warning about an unquoted value of the field `name`, if it deserves one.
pub fn of_value(text: &str, name: &str) -> Option<String> {
    let ray = pyyaml::plain(text).ok()?;
    let kubernetes = go_yaml::plain(text).ok();
    let number = match (&ray, &kubernetes) {
        (Value::Number(number), _) => number,
        (Value::String(_), Some(Value::Number(number))) => {
            return Some(format!(
                "text to Ray, and the number {number} to Kubernetes in a RayService: put it in quotes, or write {} if it is a number",
                as_python(number)
            ));
        }
        _ => return None,
    };
    let shown = as_python(number);
    if text.contains(':') {
        return Some(format!(
            "the number {shown} to Ray, which reads colons in base 60: put it in quotes if it is text"
        ));
    }
    if is_octal(text) && !is_file_mode(text, name) {
        return Some(format!(
            "the number {shown} to Ray, which reads a leading 0 in base 8: put it in quotes if it is text"
        ));
    }
    if let Some(Value::Number(other)) = &kubernetes
        && !is_same(number, other)
    {
        return Some(format!(
            "the number {shown} to Ray, and {other} to Kubernetes in a RayService: put it in quotes if it is text"
        ));
    }
    (has_word(name, NAMES_OF_TEXT) && shown != text)
        .then(|| format!("the number {shown} to Ray: put it in quotes if it is text"))
}

/// Whether Ray reads it as text.
pub fn is_text(text: &str) -> bool {
    matches!(pyyaml::plain(text), Ok(Value::String(_)))
}

/// The warning about an unquoted key, if it deserves one.
pub fn of_key(text: &str) -> Option<String> {
    let ray = pyyaml::PyYaml::key(pyyaml::plain(text).ok()?).ok()?;
    if ray != text {
        return Some(format!("the key \"{ray}\" to Ray: put it in quotes"));
    }
    let differs =
        matches!(go_yaml::plain(text), Ok(Value::Number(number)) if !is_same_text(&number, text));
    differs.then(|| {
        "the key as it stands to Ray, and a number to Kubernetes in a RayService: put it in quotes"
            .to_owned()
    })
}

/// The number in Python's spelling, adjusted so that Python's YAML reads a number again.
fn as_python(number: &Number) -> String {
    let key = pyyaml::PyYaml::key(Value::Number(number.clone()));
    let text = key.unwrap_or_else(|_| number.to_string());
    // PyYAML reads Python's own `1e-05` as text: it wants a point.
    match text.split_once('e') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0e{exponent}"),
        _ => text,
    }
}

fn is_octal(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    resolver::resolve(text) == Type::Int
        && digits.len() > 1
        && digits.starts_with('0')
        && !digits.contains(['b', 'x'])
}

/// Whether an octal number is meant, as in `mode: 0644`.
fn is_file_mode(text: &str, name: &str) -> bool {
    text.len() <= 5 && has_word(name, NAMES_OF_MODES)
}

/// Whether one of `words` is in a name such as `rayVersion` or `image-tag`.
fn has_word(name: &str, words: &[&str]) -> bool {
    let mut parts = vec![String::new()];
    for c in name.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() {
            parts.push(String::new());
        }
        if let (true, Some(part)) = (c.is_alphanumeric(), parts.last_mut()) {
            part.extend(c.to_lowercase());
        }
    }
    parts.iter().any(|part| words.contains(&part.as_str()))
}

fn is_same(left: &Number, right: &Number) -> bool {
    if left.is_f64() && right.is_f64() {
        return left.as_f64() == right.as_f64();
    }
    left == right
}

fn is_same_text(number: &Number, text: &str) -> bool {
    number.to_string() == text || (number.is_f64() && as_python(number) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surprises_are_told() {
        for (text, name, said) in [
            ("12:30", "x", "the number 750 to Ray"),
            ("12:30:45.5", "x", "the number 45045.5 to Ray"),
            ("0123", "x", "the number 83 to Ray"),
            ("0123456", "revision", "the number 42798 to Ray"),
            (
                "72225e2",
                "revision",
                "text to Ray, and the number 7222500.0 to Kubernetes",
            ),
            ("1e-4", "lr", "or write 0.0001 if it is a number"),
            ("1e-7", "lr", "or write 1.0e-07 if it is a number"),
            ("08540", "zip", "text to Ray, and the number 8540.0"),
            ("0o17", "x", "text to Ray, and the number 15 "),
            (
                "18446744073709551616",
                "x",
                "the number 18446744073709551616 to Ray, and 1.8446744073709552e+19",
            ),
            ("2.10", "version", "the number 2.1 to Ray"),
            ("1.20", "rayVersion", "the number 1.2 to Ray"),
            ("1.5e+3", "commit_sha", "the number 1500.0 to Ray"),
            ("1_000", "image-tag", "the number 1000 to Ray"),
        ] {
            let told = of_value(text, name).unwrap_or_default();
            assert!(told.contains(said), "{text}: {told}");
        }
        for (text, said) in [
            ("on", "the key \"true\""),
            ("No", "the key \"false\""),
            ("12:30", "the key \"750\""),
            ("010", "the key \"8\""),
            ("1.50", "the key \"1.5\""),
            ("~", "the key \"null\""),
            ("1e3", "a number to Kubernetes"),
        ] {
            let told = of_key(text).unwrap_or_default();
            assert!(told.contains(said), "{text}: {told}");
        }
    }

    #[test]
    fn what_everybody_writes_is_not() {
        for text in [
            "0",
            "1",
            "-1",
            "1234567",
            "1.5",
            "2.10",
            "0.50",
            "1.0e-5",
            "1.5e+3",
            "1_000",
            "0x1F",
            "yes",
            "off",
            "true",
            "y",
            "n",
            "~",
            "null",
            "",
            "text",
            "a:b",
            "1.2.3",
            "v1",
            "1Gi",
            "3d",
            "0.0.0.0",
            "44e8123",
            "=x",
            "18446744073709551615",
            "-9223372036854775808",
        ] {
            assert_eq!(of_value(text, "x"), None, "{text}");
        }
        assert_eq!(of_value("0644", "file_mode"), None);
        for (text, name) in [
            ("1.0", "version"),
            ("3", "tag"),
            ("2.5", "version"),
            ("1.10", "stage"),
        ] {
            assert_eq!(of_value(text, name), None, "{text}");
        }
        for key in ["0", "17", "1.5", "y", "n", "a", "x-y", "true", "null"] {
            assert_eq!(of_key(key), None, "{key}");
        }
    }
}
