//! Guesses an image's Ray version from its name.
//!
//! Most tags are the image's own version and say nothing about Ray. A wrong guess would hurt: with
//! a wrong `rayVersion` the operator probes the head in a way that its Ray may not answer.

use ray_serve_client::api::version::RayVersion;

/// Images that the Ray project tags with Ray's version, also from a mirror.
const PROJECT: &str = "rayproject";
const NAMES: [&str; 3] = ["ray", "ray-ml", "ray-llm"];

/// The tag of an image, if it has one.
pub fn tag(image: &str) -> Option<&str> {
    let path = image.split('@').next()?;
    // The last colon may belong to a registry's port.
    let last = path.rsplit('/').next()?;
    last.split_once(':').map(|(_, tag)| tag)
}

/// The version in the tag of an image of Ray's project, or in a part `ray-X.Y.Z` of any other tag.
pub fn ray_version(image: &str) -> Option<RayVersion> {
    // The last colon may belong to a registry's port or to a digest instead.
    let path = image.split('@').next()?;
    let (start, last) = path.rsplit_once('/').unwrap_or(("", path));
    let (name, tag) = last.split_once(':')?;
    let of_project = start.rsplit('/').next() == Some(PROJECT) && NAMES.contains(&name);
    of_project
        .then(|| version_at_start(tag))
        .flatten()
        .or_else(|| version_after_ray(tag))
}

/// Finds `ray-2.49.0` or `ray2.49.0` at the start of a word.
fn version_after_ray(tag: &str) -> Option<RayVersion> {
    tag.match_indices("ray").find_map(|(at, ray)| {
        let before = tag[..at].chars().next_back();
        let rest = &tag[at + ray.len()..];
        let is_word = before.is_none_or(|before| !before.is_ascii_alphanumeric());
        version_at_start(rest.strip_prefix(['-', '_', '.']).unwrap_or(rest)).filter(|_| is_word)
    })
}

/// Reads `X.Y.Z` at the end of a word. Only major version 2 counts, with a small minor version:
/// 2026.9.1 is a date.
fn version_at_start(text: &str) -> Option<RayVersion> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (version, rest) = text.split_at(end);
    let numbers: Vec<&str> = version.split('.').collect();
    let [major, minor, patch] = numbers[..] else {
        return None;
    };
    let is_ray = major == "2" && (1..=2).contains(&minor.len()) && (1..=2).contains(&patch.len());
    let ends = rest.is_empty() || rest.starts_with(['-', '_', '+']) || rest.starts_with("rc");
    version.parse().ok().filter(|_| is_ray && ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_tag_that_speaks_of_ray_says_its_version() {
        for (image, version) in [
            ("rayproject/ray:2.60.0", Some("2.60.0")),
            ("rayproject/ray-llm:2.52.0-py311-cu128", Some("2.52.0")),
            ("rayproject/ray-ml:2.9.3.0ab12c-py310", None),
            (
                "mirror.example.com:5000/hub/rayproject/ray:2.9.3-py310-gpu",
                Some("2.9.3"),
            ),
            ("rayproject/ray:2.60.0@sha256:0123", Some("2.60.0")),
            ("rayproject/ray:2.60.0rc1", Some("2.60.0")),
            ("rayproject/ray:nightly-py311", None),
            ("rayproject/ray", None),
            ("rayproject/ray@sha256:0123", None),
            ("team/vllm:0.10.1-ray-2.49.0-py312", Some("2.49.0")),
            ("team/vllm:ray2.49.0", Some("2.49.0")),
            ("team/ray:2.9.3-py310", None),
            ("ray:2.9.3", None),
            ("registry.example.com:5000/team/ray-vllm:0.0.7", None),
            ("registry.example.com/team/ray-vllm:2026.09.1", None),
            ("rayproject/ray:2026.09.1", None),
            ("team/x:ray-2026.09.1", None),
            ("team/x:xray-2.49.0", None),
            ("team/x:gray-2.49.0", None),
            ("x:1.2", None),
            ("x:2.1.0", None),
            ("x:3.11-slim", None),
            ("team/x:ray-3.11.0", None),
            ("team/x:ray-2.49", None),
            ("localhost:5000/x", None),
            ("", None),
        ] {
            let found = ray_version(image).map(|version| version.to_string());
            assert_eq!(found.as_deref(), version, "{image}");
        }
    }
}
