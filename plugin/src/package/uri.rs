//! URIs to Ray, and how much of one may be shown.

use crate::userinfo::masked;

/// Whether `text` is a URI to Ray, which reads text without a scheme as a path.
pub(super) fn is_uri(text: &str) -> bool {
    text.contains("://")
}

/// A URL without its secrets: user, password and query, which may be a signature.
pub(super) fn shown(uri: &str) -> String {
    match uri.split_once('?') {
        Some((place, _)) => format!("{}?...", masked(place)),
        None => masked(uri),
    }
}
