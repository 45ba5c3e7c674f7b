//! `PyYAML`'s dialect, for Serve configs: `serve deploy` reads them with `safe_load` and sends the
//! result as JSON. It is YAML 1.1 in exactly the cases that [`resolver`] lists.

mod number;
pub(super) mod resolver;

use granit_parser::Tag;
use serde_json::{Number, Value};

use super::reader::{Dialect, Scalar};
use resolver::Type;

const YAML: &str = "tag:yaml.org,2002:";
const QUOTES: &str = "put it in quotes if it is text";

#[derive(Debug)]
pub(super) struct PyYaml;

impl Dialect for PyYaml {
    const MERGES_IN_PLACE: bool = false;

    fn scalar(scalar: Scalar<'_>) -> Result<Value, String> {
        value(scalar, type_of(scalar)?)
    }

    fn collection(tag: &Tag, is_mapping: bool) -> Result<(), String> {
        let own = if is_mapping { "map" } else { "seq" };
        match name(tag) {
            None => Ok(()),
            Some(Ok(name)) if name == own => Ok(()),
            Some(Ok(name)) if matches!(&*name, "set" | "omap" | "pairs") => Err(format!(
                "!!{name} is found where a mapping or list is expected: JSON, in which Ray takes a config, has none"
            )),
            Some(_) => Err(unknown()),
        }
    }

    /// What Python's `json.dumps` makes of a key.
    fn key(value: Value) -> Result<String, String> {
        match value {
            Value::String(text) => Ok(text),
            Value::Number(number) if number.is_f64() => {
                Ok(number.as_f64().map(number::repr).unwrap_or_default())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
            Value::Array(_) => Err(super::no_key("list")),
            Value::Object(_) => Err(super::no_key("mapping")),
        }
    }

    fn is_merge_key(scalar: Scalar<'_>) -> bool {
        type_of(scalar).is_ok_and(|of| of == Type::Merge)
    }
}

/// What a plain scalar without a tag becomes.
pub(super) fn plain(text: &str) -> Result<Value, String> {
    let scalar = Scalar {
        text,
        is_plain: true,
        tag: None,
        is_key: false,
    };
    value(scalar, resolver::resolve(text))
}

/// The name of a standard YAML tag, or an error for any other; none for `!`, which means nothing.
fn name(tag: &Tag) -> Option<Result<std::borrow::Cow<'_, str>, ()>> {
    let is_nothing = matches!(tag.parts(), ("" | "!", "") | ("", "!"));
    (!is_nothing).then(|| tag.suffix_in_namespace(YAML).ok_or(()))
}

/// The message does not repeat the tag: text that begins with ! may be a password.
fn unknown() -> String {
    format!("a tag (!) that Ray's YAML reader does not know: remove it, or {QUOTES}")
}

fn type_of(scalar: Scalar<'_>) -> Result<Type, String> {
    let resolved = || resolver::resolve(scalar.text);
    let Some(tag) = scalar.tag else {
        return Ok(if scalar.is_plain {
            resolved()
        } else {
            Type::Text
        });
    };
    match name(tag) {
        // After `!` PyYAML resolves the text, even where it is quoted.
        None => Ok(resolved()),
        Some(Ok(name)) => Type::of_tag(&name).ok_or_else(unknown),
        Some(Err(())) => Err(unknown()),
    }
}

fn value(scalar: Scalar<'_>, of: Type) -> Result<Value, String> {
    let text = scalar.text;
    let number = |number: Option<Number>, expected: &str| {
        number
            .map(Value::Number)
            .ok_or_else(|| format!("{expected} is expected here: {QUOTES}"))
    };
    match of {
        Type::Null if scalar.is_key && text.is_empty() => {
            Err("a key is expected before the colon".to_owned())
        }
        Type::Text => Ok(text.into()),
        Type::Null => Ok(Value::Null),
        Type::Bool => match &*text.to_lowercase() {
            "yes" | "true" | "on" => Ok(true.into()),
            "no" | "false" | "off" => Ok(false.into()),
            _ => Err(format!("true or false is expected here: {QUOTES}")),
        },
        Type::Int => number(number::int(text), "a whole number of at most 4300 digits"),
        Type::Float => match number::float(text) {
            Some(float) if !float.is_finite() => Err(format!(
                "infinity or \"not a number\" to Ray, which JSON does not have: {QUOTES}"
            )),
            float => number(float.and_then(Number::from_f64), "a number"),
        },
        Type::Timestamp => Err(format!(
            "a date or time to Ray, which JSON does not have: {QUOTES}"
        )),
        // PyYAML reads `=` as text where it is a key.
        Type::Value if scalar.is_key => Ok(text.into()),
        Type::Value | Type::Merge => Err(format!(
            "{text} alone is a sign of YAML's own to Ray: {QUOTES}"
        )),
        Type::Binary => Err(
            "!!binary is bytes to Ray, which JSON does not have: write the text itself, in quotes"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::yaml::parse;
    use crate::yaml::tests::assert_placed;

    #[test]
    fn scalars_are_what_ray_s_own_cli_makes_of_them() {
        let cases = [
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("yEs", json!("yEs")),
            ("y", json!("y")),
            ("N", json!("N")),
            ("'yes'", json!("yes")),
            ("~", json!(null)),
            ("", json!(null)),
            ("0644", json!(420)),
            ("0o644", json!("0o644")),
            ("0x1F", json!(31)),
            ("0X1F", json!("0X1F")),
            ("1_000", json!(1000)),
            ("\"1.0\"", json!("1.0")),
            ("1.0", json!(1.0)),
            ("1_000.5", json!(1000.5)),
            ("-.5", json!("-.5")),
            ("1.5e+3", json!(1500.0)),
            ("1.5e3", json!("1.5e3")),
            ("72225e2", json!("72225e2")),
            ("44e8123", json!("44e8123")),
            ("08540", json!("08540")),
            ("18446744073709551615", json!(u64::MAX)),
            ("12:30:45", json!(45045)),
            ("190:20:30.15", json!(685_230.15)),
            ("! 12", json!(12)),
            ("! '12'", json!(12)),
            ("!!str 12", json!("12")),
            ("!!int '0x10'", json!(16)),
            ("!!float 3", json!(3.0)),
            ("!!bool 'YeS'", json!(true)),
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
    fn integers_keep_every_digit() {
        for (text, digits) in [
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
            ("-18446744073709551616", "-18446744073709551616"),
            ("0x1FFFFFFFFFFFFFFFF", "36893488147419103231"),
            ("99999999999999999999:59", "5999999999999999999999"),
        ] {
            let read = parse(&format!("a: {text}")).unwrap();
            assert_eq!(read.to_string(), format!("{{\"a\":{digits}}}"));
        }
    }

    #[test]
    fn keys_become_text_as_json_dumps_makes_them() {
        let keys = [
            ("1", "1"),
            ("yes", "true"),
            ("~", "null"),
            ("1.50", "1.5"),
            ("1.0e+16", "1e+16"),
            ("0.00001", "1e-05"),
            ("12:30", "750"),
            ("1e3", "1e3"),
            ("y", "y"),
            ("=", "="),
            ("'1'", "1"),
            ("'<<'", "<<"),
        ];
        for (key, expected) in keys {
            assert_eq!(parse(&format!("{key}: 1")).unwrap(), json!({ expected: 1 }));
            assert_eq!(
                parse(&format!("? {key}\n: 1")).unwrap(),
                json!({ expected: 1 })
            );
        }
    }

    #[test]
    fn merged_fields_come_first_and_never_replace() {
        let read = parse("b: &b {p: 1, q: 2}\nc: {q: 3, <<: *b, <<: {p: 9}}\n").unwrap();
        assert_eq!(read["c"].to_string(), r#"{"p":9,"q":3}"#);
    }

    #[test]
    fn what_json_cannot_carry_is_placed_and_told_what_to_do() {
        let cases = [
            (
                "a: .nan",
                1,
                4,
                "which JSON does not have: put it in quotes",
            ),
            ("a: [1, -.inf]", 1, 8, "put it in quotes"),
            ("a: 1.0e+400", 1, 4, "infinity"),
            ("a: 2024-01-01", 1, 4, "a date or time to Ray"),
            ("2024-01-01 10:00:00: a", 1, 1, "a date or time to Ray"),
            ("a: !!binary aGk=", 1, 13, "!!binary"),
            ("a: !!set {b}", 1, 10, "!!set"),
            ("a: !mine b", 1, 10, "a tag (!) that"),
            ("a: =", 1, 4, "put it in quotes"),
            ("a: <<", 1, 4, "put it in quotes"),
            ("a: 0x_", 1, 4, "whole number"),
            ("a: !!int b", 1, 10, "whole number"),
            (": 1", 1, 1, "a key is expected before the colon"),
            (
                "? [a]\n: 1",
                1,
                3,
                "a list is found where a key is expected",
            ),
        ];
        for (text, line, column, problem) in cases {
            assert_placed(text, parse(text), (line, column), problem);
        }
    }
}
