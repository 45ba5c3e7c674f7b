//! Kubernetes' amounts of CPU and memory, such as `500m` and `4Gi`.

use std::fmt;
use std::str::FromStr;

/// A quantity as it was written, and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    text: String,
    pub value: f64,
}

const SUFFIXES: [(&str, f64); 12] = [
    ("m", 1e-3),
    ("", 1.0),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
];

impl FromStr for Quantity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || "expected an amount such as 2, 500m, 1.5 or 4Gi".to_owned();
        let end = text.find(|character: char| !character.is_ascii_digit() && character != '.');
        let (number, suffix) = text.split_at(end.unwrap_or(text.len()));
        let number: f64 = number.parse().map_err(|_| bad())?;
        let (_, factor) = SUFFIXES
            .iter()
            .find(|(known, _)| *known == suffix)
            .ok_or_else(bad)?;
        Ok(Self {
            text: text.to_owned(),
            value: number * factor,
        })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// A number of CPUs above zero.
pub fn parse_cpu(text: &str) -> Result<Quantity, String> {
    positive(text)
}

/// An amount of memory; a unit is required, because bytes are never meant.
pub fn parse_memory(text: &str) -> Result<Quantity, String> {
    const LEAST: f64 = 1_048_576.0;
    let quantity = positive(text)?;
    if quantity.value < LEAST {
        return Err(format!(
            "{text} is {} bytes; memory has a unit, such as 4Gi",
            quantity.value
        ));
    }
    Ok(quantity)
}

fn positive(text: &str) -> Result<Quantity, String> {
    let quantity: Quantity = text.parse()?;
    if quantity.value > 0.0 {
        Ok(quantity)
    } else {
        Err("expected more than 0".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_kubernetes_reads_them() {
        for (text, value) in [
            ("2", Some(2.0)),
            ("500m", Some(0.5)),
            (".5", Some(0.5)),
            ("1.5Gi", Some(1_610_612_736.0)),
            ("4G", Some(4e9)),
            ("4GB", None),
            ("4gi", None),
            ("-1", None),
            ("1.2.3", None),
            ("Gi", None),
            ("", None),
            ("NaN", None),
        ] {
            let read = text.parse::<Quantity>().ok();
            assert_eq!(read.map(|quantity| quantity.value), value, "{text}");
        }
    }

    #[test]
    fn what_nobody_means_is_refused() {
        assert_eq!(
            parse_memory("4").unwrap_err(),
            "4 is 4 bytes; memory has a unit, such as 4Gi"
        );
        assert_eq!(parse_cpu("0").unwrap_err(), "expected more than 0");
        assert_eq!(parse_memory("512Mi").unwrap().to_string(), "512Mi");
    }
}
