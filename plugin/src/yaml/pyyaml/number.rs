//! Numbers as Python reads them from a YAML scalar, and as it writes them.

use num_bigint::BigInt;
use serde_json::Number;

use crate::yaml::scientific::Scientific;

/// Python neither reads nor writes an integer of more digits.
const MAX_DIGITS: usize = 4300;

/// `construct_yaml_int`; none where Python raises an error.
pub(super) fn int(text: &str) -> Option<Number> {
    let text = text.replace('_', "");
    let (is_negative, text) = sign(&text);
    // Longer text has too many digits in any base: four digits in base 2 are worth more than one.
    if text.len() > MAX_DIGITS * 4 {
        return None;
    }
    let value = if let Some(digits) = text.strip_prefix("0b") {
        python_int(digits, 2)?
    } else if let Some(digits) = text.strip_prefix("0x") {
        python_int(digits, 16)?
    } else if text.starts_with('0') {
        python_int(text, 8)?
    } else {
        let mut parts = text.split(':').map(|part| python_int(part, 10));
        parts.try_fold(BigInt::default(), |sum, part| Some(sum * 60 + part?))?
    };
    let value = if is_negative { -value } else { value }.to_string();
    let digits = value.trim_start_matches('-').len();
    (digits <= MAX_DIGITS).then(|| value.parse().ok())?
}

/// `int(text, radix)`, which forgives spaces, a sign and the prefix of its radix.
fn python_int(text: &str, radix: u32) -> Option<BigInt> {
    let (is_negative, digits) = sign(text.trim());
    let prefix = match radix {
        2 => "0b",
        8 => "0o",
        16 => "0x",
        _ => "",
    };
    let begin = digits.get(..prefix.len()).unwrap_or_default();
    let digits = if begin.eq_ignore_ascii_case(prefix) {
        &digits[prefix.len()..]
    } else {
        digits
    };
    // `parse_bytes` would accept a second sign.
    let is_digits = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    let value = is_digits.then(|| BigInt::parse_bytes(digits.as_bytes(), radix))??;
    Some(if is_negative { -value } else { value })
}

/// `construct_yaml_float`; none where Python raises an error.
pub(super) fn float(text: &str) -> Option<f64> {
    let text = text.replace('_', "").to_lowercase();
    let (is_negative, text) = sign(&text);
    let magnitude = match text {
        ".inf" => f64::INFINITY,
        ".nan" => f64::NAN,
        _ => {
            let mut base = 1.0;
            let mut sum = 0.0;
            for part in text.rsplit(':') {
                let part: f64 = part.trim().parse().ok()?;
                sum += part * base;
                base *= 60.0;
            }
            sum
        }
    };
    Some(if is_negative { -magnitude } else { magnitude })
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// A float as Python writes it.
pub(super) fn repr(float: f64) -> String {
    let scientific = Scientific::new(float);
    match scientific.exponent {
        -4..16 if float.fract() == 0.0 => format!("{float}.0"),
        -4..16 => float.to_string(),
        _ => scientific.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_float_is_written_as_python_does() {
        for (float, text) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.25e100, "1.25e+100"),
            (0.1, "0.1"),
        ] {
            assert_eq!(repr(float), text);
        }
    }

    #[test]
    fn what_python_does_not_count_takes_no_time() {
        assert_eq!(int(&"9".repeat(10_000_000)), None);
        assert_eq!(int(&format!("0x{}", "f".repeat(10_000_000))), None);
        assert!(int(&"9".repeat(MAX_DIGITS)).is_some());
        assert_eq!(int(&"9".repeat(MAX_DIGITS + 1)), None);
    }
}
