//! The names that the `KubeRay` operator makes of a `RayCluster`'s name, and those it takes.
//!
//! From its source (utils/util.go, utils/validation.go, v1.0.0 to v1.7.0):
//!
//! | object | operator 1.4 and newer | before 1.4 |
//! | --- | --- | --- |
//! | head service | `CLUSTER-head-svc` | `CheckName(CLUSTER-head-svc)` |
//! | serve service | `CLUSTER-serve-svc` | `CheckName(CLUSTER-serve-svc)` |
//! | Secret of the Ray token | `CheckName(CLUSTER)` (since 1.5) | none |
//!
//! Operator 1.4 and newer stop at a `RayCluster` whose name is longer than [`LONGEST`] or no DNS-1035
//! label: they record an event, and make nothing. Older ones cut the names of what they make.

use std::fmt;

/// The longest name of a `RayCluster` that operator 1.4 and newer take.
pub const LONGEST: usize = 53;

/// What `CheckName` leaves of a name: its end.
const KEPT: usize = 50;

/// Why operator 1.4 and newer make nothing of a `RayCluster` with some name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    TooLong(usize),
    /// Other than lower-case letters, digits and `-`, with a letter first and no `-` last.
    NotALabel,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(length) => {
                write!(f, "{length} characters, of which KubeRay takes {LONGEST}")
            }
            Self::NotALabel => f.write_str(
                "expected lower-case letters, digits and -, a letter first and no - last",
            ),
        }
    }
}

/// Says what is wrong with a `RayCluster`'s name for operator 1.4 and newer.
pub fn fault(cluster: &str) -> Option<Fault> {
    if cluster.len() > LONGEST {
        return Some(Fault::TooLong(cluster.len()));
    }
    let is_label = cluster.starts_with(|first: char| first.is_ascii_lowercase())
        && !cluster.ends_with('-')
        && cluster
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    (!is_label).then_some(Fault::NotALabel)
}

/// The head service, unless `headGroupSpec.headService` has a name of its own.
pub fn head_service(cluster: &str) -> String {
    format!("{cluster}-head-svc")
}

/// The serve service of an annotated `RayCluster`.
pub fn serve_service(cluster: &str) -> String {
    format!("{cluster}-serve-svc")
}

/// The head service as operators before 1.4 call it.
pub fn head_service_before_1_4(cluster: &str) -> String {
    check_name(&head_service(cluster))
}

/// The serve service as operators before 1.4 call it.
pub fn serve_service_before_1_4(cluster: &str) -> String {
    check_name(&serve_service(cluster))
}

/// The Secret with the Ray token, unless `authOptions.secretName` names another.
pub fn token_secret(cluster: &str) -> String {
    check_name(cluster)
}

/// The operator's `utils.CheckName`: the last 50 characters, with an `r` in place of a first digit
/// or punctuation.
pub fn check_name(name: &str) -> String {
    let mut start = name.len().saturating_sub(KEPT);
    while !name.is_char_boundary(start) {
        start += 1;
    }
    let kept = &name[start..];
    match kept.strip_prefix(is_replaced) {
        Some(rest) => format!("r{rest}"),
        None => kept.to_owned(),
    }
}

/// Go's `unicode.IsDigit` and `unicode.IsPunct`, of ASCII: signs such as `+` and `$` are neither.
fn is_replaced(first: char) -> bool {
    first.is_ascii_digit()
        || (first.is_ascii_punctuation()
            && !matches!(first, '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_as_the_operator_checks_them() {
        // The first three are `TestCheckName` of the operator's util_test.go.
        for (name, checked) in [
            (
                "72fbcc7e-a661-4b18e-ca41-e903-fc3ae634b18e-lazer090scholar-director-s",
                "rca41-e903-fc3ae634b18e-lazer090scholar-director-s",
            ),
            (
                "--------566666--------444433-----------222222----------4444",
                "r6666--------444433-----------222222----------4444",
            ),
            ("acceptable-name-head-12345", "acceptable-name-head-12345"),
            // Seen in a cluster with operator 1.6.2.
            (
                "ml-fraud-detection-serving-cluster-europe-west4-prod",
                "rfraud-detection-serving-cluster-europe-west4-prod",
            ),
            ("", ""),
            ("1", "r"),
            ("+a", "+a"),
        ] {
            assert_eq!(check_name(name), checked, "{name}");
        }
    }

    #[test]
    fn a_name_is_cut_from_51_characters_on() {
        for length in 0..=70 {
            let name = "c".repeat(length);
            assert_eq!(check_name(&name), name[length - length.min(50)..]);
        }
        assert_eq!(check_name(&"é".repeat(60)), "é".repeat(25));
    }

    #[test]
    fn services_keep_their_whole_name_since_operator_1_4() {
        let cluster = "c".repeat(LONGEST);
        assert_eq!(head_service(&cluster), format!("{cluster}-head-svc"));
        assert_eq!(serve_service(&cluster), format!("{cluster}-serve-svc"));
        assert_eq!(
            serve_service_before_1_4(&cluster),
            format!("{}-serve-svc", "c".repeat(40))
        );
        assert_eq!(head_service_before_1_4("short"), "short-head-svc");
        assert_eq!(token_secret(&cluster), "c".repeat(50));
    }

    #[test]
    fn a_name_that_the_operator_takes_is_a_label_of_at_most_53_characters() {
        let longest = "c".repeat(LONGEST);
        for name in ["a", "test-cluster", "a1", &longest] {
            assert_eq!(fault(name), None, "{name}");
        }
        for name in ["", "1a", "-a", "a-", "a.b", "A", "a_b", "é"] {
            assert_eq!(fault(name), Some(Fault::NotALabel), "{name}");
        }
        let longer = longest + "c";
        assert_eq!(fault(&longer), Some(Fault::TooLong(54)));
    }
}
