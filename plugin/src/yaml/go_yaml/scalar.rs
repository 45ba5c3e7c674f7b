//! Types that kubectl gives to scalars: Go's mixture of YAML 1.1 and 1.2, where `yes` and `y` are
//! booleans, `0644` and `0o644` octal, `1_000` and `1e3` numbers, `12:30:45` and `2024-01-01` are
//! text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use granit_parser::Tag;
use serde_json::{Number, Value};

use super::number::{self, whole};
use crate::yaml::no_key;
use crate::yaml::reader::{Dialect, Scalar};

/// kubectl's dialect.
#[derive(Debug)]
pub(super) struct Kubectl;

impl Dialect for Kubectl {
    const MERGES_IN_PLACE: bool = true;

    fn scalar(scalar: Scalar<'_>) -> Result<Value, String> {
        let kind = match scalar.tag {
            Some(tag) => tag
                .suffix_in_namespace("tag:yaml.org,2002:")
                .map_or(Kind::Text, |suffix| Kind::of_core_tag(&suffix)),
            None if scalar.is_plain => Kind::Plain,
            None => Kind::Text,
        };
        if let Some(key) = infinite(scalar.text).filter(|_| scalar.is_key && kind == Kind::Plain) {
            return Ok(key.into());
        }
        let value = read(scalar.text, kind);
        let value = value.map_err(|not| format!("{:?} is {not}", scalar.text))?;
        Ok(match value {
            // Keys keep their float: 1e6 becomes "1e+06".
            Value::Number(number) if !scalar.is_key && number.as_str() != scalar.text => {
                whole(number).into()
            }
            value => value,
        })
    }

    fn collection(_: &Tag, _: bool) -> Result<(), String> {
        Ok(())
    }

    fn key(value: Value) -> Result<String, String> {
        key(value)
    }

    fn is_merge_key(scalar: Scalar<'_>) -> bool {
        scalar.is_plain && scalar.tag.is_none() && scalar.text == "<<"
    }
}

/// The tags that change how a scalar is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Plain and without a tag: its spelling decides.
    Plain,
    Text,
    Null,
    Bool,
    Int,
    Float,
    Binary,
}

impl Kind {
    fn of_core_tag(suffix: &str) -> Self {
        match suffix {
            "null" => Self::Null,
            "bool" => Self::Bool,
            "int" => Self::Int,
            "float" => Self::Float,
            "binary" => Self::Binary,
            _ => Self::Text,
        }
    }
}

/// The scalar's value, or the words for what it is not.
fn read(text: &str, kind: Kind) -> Result<Value, &'static str> {
    let fits = |value: Value, fits: fn(&Value) -> bool, not: &'static str| {
        if fits(&value) { Ok(value) } else { Err(not) }
    };
    match kind {
        Kind::Text => Ok(text.into()),
        Kind::Binary => decode(text)
            .map(Value::from)
            .ok_or("not text in base64 (!!binary)"),
        Kind::Plain => plain(text),
        Kind::Null => fits(plain(text)?, Value::is_null, "not null (!!null)"),
        Kind::Bool => fits(plain(text)?, Value::is_boolean, "not a boolean (!!bool)"),
        Kind::Int => fits(
            plain(text)?,
            |value| value.is_i64() || value.is_u64(),
            "not an integer (!!int)",
        ),
        Kind::Float => match plain(text)? {
            Value::Number(number) if number.is_f64() => Ok(number.into()),
            Value::Number(number) if number.is_i64() => {
                Ok(number.as_f64().and_then(Number::from_f64).into())
            }
            _ => Err("not a number (!!float)"),
        },
    }
}

pub(crate) fn plain(text: &str) -> Result<Value, &'static str> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => {
            return Ok(true.into());
        }
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => {
            return Ok(false.into());
        }
        _ => {}
    }
    if infinite(text).is_some() {
        return Err("a number that JSON does not have");
    }
    Ok(number::read(text).map_or_else(|| text.into(), Value::Number))
}

fn decode(base64: &str) -> Option<String> {
    let base64: String = base64.split_ascii_whitespace().collect();
    String::from_utf8(STANDARD.decode(base64).ok()?).ok()
}

/// A key as the text that kubectl makes of it, since JSON has no other keys.
fn key(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Number(number) if number.is_f64() => {
            Ok(number.as_f64().map(number::key).unwrap_or_default())
        }
        Value::Number(number) if !number.is_i64() => Err(format!(
            "{number} is too large for a number as a key: put it in quotes"
        )),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Null => {
            Err("null is found where a key is expected: put it in quotes if it is text".to_owned())
        }
        Value::Array(_) => Err(no_key("list")),
        Value::Object(_) => Err(no_key("mapping")),
    }
}

/// Infinity and NaN, which JSON lacks, as kubectl spells them in a key.
fn infinite(text: &str) -> Option<&'static str> {
    match text {
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(".inf"),
        "-.inf" | "-.Inf" | "-.INF" => Some("-.inf"),
        ".nan" | ".NaN" | ".NAN" => Some(".nan"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// As `kubectl label --local -o json` of kubectl 1.32 prints each of them.
    #[test]
    fn plain_scalars_are_what_kubectl_makes_of_them() {
        let cases = [
            (
                json!(true),
                &["y", "Y", "yes", "Yes", "on", "ON", "true", "TRUE"][..],
            ),
            (json!(false), &["n", "N", "No", "off", "Off", "False"]),
            (json!(null), &["", "~", "null", "Null", "NULL"]),
            (json!(420), &["0644", "0o644", "0O644", "0_644"]),
            (
                json!(31),
                &["0x1F", "0X1f", "+0x1F", "0b11111", "31", "+31"],
            ),
            (json!(1000), &["1_000", "1__000", "1000_"]),
            (json!(0), &["0", "00", "-0"]),
            (json!(-420), &["-0644"]),
            (json!(8.0), &["08", "8.", "8.0", "8e0"]),
            (json!(1000.0), &["1e3", "1E3", "1E+3", "1.e+3", "1_0.e2"]),
            (json!(0.5), &[".5", "+.5", "0.5", "5e-1", ".5_0"]),
            (json!(i64::MIN), &["-9223372036854775808"]),
            (json!(u64::MAX), &["18446744073709551615"]),
            (
                json!(18_446_744_073_709_551_616_f64),
                &["18446744073709551616"],
            ),
        ];
        for (expected, spellings) in cases {
            for text in spellings {
                assert_eq!(read(text, Kind::Plain).unwrap(), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn everything_else_is_text() {
        for text in [
            "oN",
            "tRue",
            "yEs",
            "12:30:45",
            "1:30",
            "2024-01-01",
            "1e400",
            "_1",
            "0x",
            "0b12",
            "0o8",
            "-",
            "+",
            ".",
            "-.",
            "1e",
            "1.2.3",
            "0x-1",
            "+-1",
            "1 000",
            "200m",
            "1Gi",
            "=",
            "<<",
            ".5_",
            "._5",
            ".5__0",
            "+0xffffffffffffffff",
            "1,5",
            "nan",
            "inf",
        ] {
            assert_eq!(read(text, Kind::Plain).unwrap(), json!(text));
        }
    }

    #[test]
    fn a_tag_decides_and_has_to_fit() {
        assert_eq!(read("123", Kind::Text).unwrap(), json!("123"));
        assert_eq!(read("12", Kind::Int).unwrap(), json!(12));
        assert_eq!(read("3", Kind::Float).unwrap(), json!(3.0));
        assert_eq!(read("aGVs\n bG8=", Kind::Binary).unwrap(), json!("hello"));
        for (text, kind) in [
            ("x", Kind::Int),
            ("1.5", Kind::Int),
            ("x", Kind::Float),
            ("1", Kind::Bool),
            ("0", Kind::Null),
            ("!", Kind::Binary),
            (".nan", Kind::Float),
            ("-.Inf", Kind::Plain),
        ] {
            assert!(read(text, kind).is_err(), "{text}");
        }
    }
}
