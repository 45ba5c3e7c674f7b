//! Names that become a part of a request's path.
//!
//! A name may come from another user's RayCluster (`authOptions.secretName: ../x`). The API server
//! handles such a path safely, but a proxy in front of it may follow the `..` with this user's
//! rights. Such names are refused before any request.

use super::error::Error;

/// The limits of RFC 1123, which Kubernetes sets for names of objects.
const LONGEST: usize = 253;
const LONGEST_LABEL: usize = 63;

/// `name`, if Kubernetes allows it for an object; `of` says whose name it is.
pub fn checked<'a>(of: &str, name: &'a str) -> Result<&'a str, Error> {
    if is_valid(name) {
        return Ok(name);
    }
    Err(Error::BadName {
        of: of.to_owned(),
        name: name.to_owned(),
    })
}

/// The name of a namespace, which must not contain dots.
pub fn checked_namespace(name: &str) -> Result<&str, Error> {
    let valid = is_label(name) && name.len() <= LONGEST_LABEL;
    if valid {
        return Ok(name);
    }
    Err(Error::BadName {
        of: "a namespace".to_owned(),
        name: name.to_owned(),
    })
}

/// Whether `name` is a DNS subdomain.
pub fn is_valid(name: &str) -> bool {
    name.len() <= LONGEST && name.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    let is_alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    bytes.first().is_some_and(is_alphanumeric)
        && bytes.last().is_some_and(is_alphanumeric)
        && bytes
            .iter()
            .all(|byte| is_alphanumeric(byte) || *byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_objects_are_dns_subdomains() {
        for name in ["a", "a-1", "1a", "a.b-c.d", &"x".repeat(253)] {
            assert!(is_valid(name), "{name}");
        }
        let long = "x".repeat(254);
        for name in [
            "", ".", "..", "...", "a.", ".a", "a..b", "../x", "a/b", "a/../b", "-a", "a-", "a.-b",
            "A", "a_b", "a b", "a%2fb", "a%2e%2e", "a?b", "a#b", "a\\b", "a:b", "a\n", "a\0", "ä",
            &long,
        ] {
            assert!(!is_valid(name), "{name}");
        }
    }

    #[test]
    fn names_of_namespaces_have_no_dots() {
        assert!(checked_namespace("team-1").is_ok());
        let long = "x".repeat(64);
        for name in ["", ".", "..", "a.b", "../x", "a/b", &long] {
            assert!(checked_namespace(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_refusal_says_whose_name_it_is() {
        assert_eq!(
            checked("a Secret (authOptions.secretName of raycluster/x)", "../y")
                .unwrap_err()
                .to_string(),
            "\"../y\" is not a name for a Secret (authOptions.secretName of raycluster/x)"
        );
    }
}
