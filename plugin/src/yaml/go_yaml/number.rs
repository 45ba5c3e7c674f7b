//! Numbers as Go's YAML reads them, and as it writes them in keys.

use serde_json::Number;

use crate::yaml::scientific::Scientific;

/// `text` as a number, if it is one.
pub(super) fn read(text: &str) -> Option<Number> {
    match text.as_bytes().first()? {
        // After a leading point Go allows underscores between digits only.
        b'.' => are_underscores_between_digits(text).then(|| float(&text.replace('_', "")))?,
        b'0'..=b'9' | b'+' | b'-' => {
            let digits = text.replace('_', "");
            integer(&digits).or_else(|| float(&digits))
        }
        _ => None,
    }
}

fn integer(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (radix, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &unsigned[2..]),
        [b'0', b'o' | b'O', ..] => (8, &unsigned[2..]),
        [b'0', b'b' | b'B', ..] => (2, &unsigned[2..]),
        [b'0', _, ..] => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    // `from_str_radix` would accept a second sign.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    match text.as_bytes().first()? {
        b'-' => 0_i64.checked_sub_unsigned(magnitude).map(Number::from),
        // With a sign Go reads a signed integer, which ends at `i64::MAX`.
        b'+' => i64::try_from(magnitude).ok().map(Number::from),
        _ => Some(magnitude.into()),
    }
}

fn are_underscores_between_digits(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    text.match_indices('_')
        .all(|(at, _)| at > 0 && is_digit(at - 1) && is_digit(at + 1))
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
    let float: f64 = well_formed.then(|| text.parse().ok())??;
    if exponent.is_none()
        && let Some(spelled) = spelled(text)
    {
        return Some(spelled);
    }
    Number::from_f64(float)
}

/// An integer for a float without a fraction: Go writes such a float as an integer, which kubectl
/// then reads.
pub(super) fn whole(number: Number) -> Number {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(float)
            if number.is_f64()
                && float.fract() == 0.0
                && float.abs() < EXACT
                && !(float == 0.0 && float.is_sign_negative()) =>
        {
            format!("{float:.0}")
                .parse::<i64>()
                .map_or(number, Number::from)
        }
        _ => number,
    }
}

/// A JSON number as kubectl reads it from YAML; none if it is too large for kubectl.
pub(super) fn of_json(number: &Number) -> Option<Number> {
    let text = number.as_str();
    if text.contains(['e', 'E']) {
        return Number::from_f64(text.parse().ok()?).map(whole);
    }
    integer(text).or_else(|| float(text))
}

/// The number as its author spelled it, where JSON can spell it so: 1.10 stays 1.10.
fn spelled(text: &str) -> Option<Number> {
    let number: Number = text.parse().ok()?;
    number.is_f64().then_some(number)
}

/// A key in Go's spelling of 32-bit floats: 8.0 becomes "8", and 1000000.0 "1e+06".
pub(super) fn key(float: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "Go does so too")]
    let float = float as f32;
    if float.is_infinite() {
        return if float < 0.0 { "-.inf" } else { ".inf" }.to_owned();
    }
    let scientific = Scientific::new(float);
    match scientific.exponent {
        -4..6 => float.to_string(),
        _ => scientific.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For what is printed again, such as `rayVersion: 2.10`.
    #[test]
    fn a_number_with_a_point_keeps_its_spelling() {
        for text in [
            "2.10",
            "0.50",
            "-1.0",
            "1.000",
            "0.1000000000000000055511151231257827",
        ] {
            assert_eq!(read(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_float_as_a_key_is_written_as_go_does() {
        for (float, text) in [
            (8.0, "8"),
            (1.5, "1.5"),
            (1e6, "1e+06"),
            (123_456.5, "123456.5"),
            (0.00001, "1e-05"),
        ] {
            assert_eq!(key(float), text);
        }
    }
}
