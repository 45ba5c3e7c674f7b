//! Names that are nearly right.

/// More letters off is another name.
pub const MOST: usize = 3;

/// The known name that `name` is most likely a misspelling of.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    nearest_within(name, MOST, known)
}

/// The same, of the names that are at most `most` letters off.
pub fn nearest_within<'a>(
    name: &str,
    most: usize,
    known: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let name = plain(name);
    let allowed = (name.chars().count() / 3).clamp(1, MOST).min(most);
    known
        .map(|known| (strsim::osa_distance(&name, &plain(known)), known))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// `numReplicas` and `num-replicas` are `num_replicas`.
fn plain(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}
