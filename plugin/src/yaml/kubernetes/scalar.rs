//! What kubectl takes a scalar for, which is neither YAML 1.1 nor 1.2 but Go's mixture of both:
//! `yes` and `y` are booleans, `0644` and `0o644` octal, `1_000` and `1e3` numbers, `12:30:45` and
//! `2024-01-01` text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value};

/// A scalar's tag, as far as it changes what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
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
    pub(super) fn of_core_tag(suffix: &str) -> Self {
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

/// The scalar's value, or what it is not.
pub(super) fn read(text: &str, kind: Kind) -> Result<Value, &'static str> {
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
        Kind::Float => fits(plain(text)?, Value::is_number, "not a number (!!float)"),
    }
}

fn plain(text: &str) -> Result<Value, &'static str> {
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
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err("a number that JSON does not have");
    }
    Ok(number(text).map_or_else(|| text.into(), Value::Number))
}

fn number(text: &str) -> Option<Number> {
    match text.as_bytes().first()? {
        // Here Go does not skip underscores.
        b'.' => float(text),
        b'0'..=b'9' | b'+' | b'-' => {
            let digits = text.replace('_', "");
            integer(&digits).or_else(|| float(&digits))
        }
        _ => None,
    }
}

fn integer(text: &str) -> Option<Number> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &unsigned[2..]),
        [b'0', b'o' | b'O', ..] => (8, &unsigned[2..]),
        [b'0', b'b' | b'B', ..] => (2, &unsigned[2..]),
        [b'0', _, ..] => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    // Rust would take another sign here.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        0_i64.checked_sub_unsigned(magnitude).map(Number::from)
    } else {
        Some(magnitude.into())
    }
}

/// A decimal number with digits before or after its point; too large a one is text.
fn float(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let exponent = exponent.map(|text| text.strip_prefix(['+', '-']).unwrap_or(text));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let well_formed = all_digits(whole)
        && all_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|text| !text.is_empty() && all_digits(text));
    well_formed
        .then(|| text.parse().ok())
        .flatten()
        .and_then(Number::from_f64)
}

fn decode(base64: &str) -> Option<String> {
    let base64: String = base64.split_ascii_whitespace().collect();
    String::from_utf8(STANDARD.decode(base64).ok()?).ok()
}

/// A key as kubectl makes it text: JSON has no others.
pub(super) fn key(value: Value) -> Result<String, &'static str> {
    match value {
        Value::String(text) => Ok(text),
        // 8.0 is the key "8".
        Value::Number(number) if number.is_f64() => {
            Ok(number.as_f64().unwrap_or_default().to_string())
        }
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Null => Err("null is no key"),
        Value::Array(_) | Value::Object(_) => Err("a list or mapping is no key"),
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
            (json!(0.5), &[".5", "+.5", "0.5", "5e-1"]),
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
            ".5_0",
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
        assert_eq!(read("3", Kind::Float).unwrap(), json!(3));
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
