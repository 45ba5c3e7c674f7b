//! The version of Ray on a cluster.

use std::fmt;
use std::str::FromStr;

use http::StatusCode;
use serde_json::Value;

use crate::http::error::Error;
use crate::http::request::Request;
use crate::http::{Answer, Client, Dial};

const PATH: &str = "/api/version";

/// `2.60.0`; what follows the three numbers (`rc1`, `.dev0`) makes no difference here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RayVersion {
    major: u16,
    minor: u16,
    patch: u16,
}

impl RayVersion {
    /// A release of Ray 2, as tables of what came when name it.
    pub const fn ray2(minor: u16) -> Self {
        Self {
            major: 2,
            minor,
            patch: 0,
        }
    }
}

impl FromStr for RayVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut numbers = text.trim().trim_start_matches('v').split('.').map(|part| {
            let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            part[..digits].parse().ok()
        });
        match (numbers.next().flatten(), numbers.next().flatten()) {
            (Some(major), Some(minor)) => Ok(Self {
                major,
                minor,
                patch: numbers.next().flatten().unwrap_or(0),
            }),
            _ => Err("not a version of Ray, such as 2.60.0".to_owned()),
        }
    }
}

impl fmt::Display for RayVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl<D: Dial> Client<D> {
    /// What runs there, if the dashboard tells.
    pub async fn ray_version(&mut self) -> Result<Option<RayVersion>, Error> {
        let request = Request::get(PATH, "the request for Ray's version");
        let told = match self.send(&request).await? {
            Answer {
                status: StatusCode::OK,
                body,
                ..
            } => serde_json::from_slice::<Value>(&body).ok(),
            _ => None,
        };
        Ok(told.and_then(|answer| answer["ray_version"].as_str()?.parse().ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_people_and_ray_write_them() {
        for (text, read) in [
            ("2.60.0", Some("2.60.0")),
            ("2.60", Some("2.60.0")),
            ("v2.9.3", Some("2.9.3")),
            ("2.10.0rc1", Some("2.10.0")),
            ("3.0.0.dev0", Some("3.0.0")),
            ("2.46.0-py311-gpu", Some("2.46.0")),
            ("2", None),
            ("nightly", None),
            ("", None),
        ] {
            let version = text.parse::<RayVersion>().ok();
            assert_eq!(version.map(|version| version.to_string()).as_deref(), read);
        }
        assert!(RayVersion::ray2(9) < RayVersion::ray2(10));
        assert!("2.9.3".parse::<RayVersion>().unwrap() < RayVersion::ray2(10));
    }
}
