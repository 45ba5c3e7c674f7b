//! The size limit of a package, and the error for a larger one.

use super::error::Error;
use super::tree::Tree;

/// Ray's dashboard takes no larger request (`client_max_size`, 100 MiB on 2.8 and on 2.60; the GCS
/// behind it would take more).
pub(super) const MAX_ZIPPED: u64 = 100 * 1024 * 1024 - 1;
/// Trees beyond ten times that are not read at all: compression almost never makes up for it,
/// reading would take long, and each node would have to unpack it.
const MAX_CONTENT: u64 = 10 * (MAX_ZIPPED + 1);
/// Enough to see what kind of file it is.
const NAMED: usize = 3;

/// Checked before any file is read.
pub(super) fn check_content(tree: &Tree) -> Result<(), Error> {
    if tree.size() <= MAX_CONTENT {
        return Ok(());
    }
    Err(Error::TooLarge {
        dir: tree.dir.clone(),
        problem: format!("holds {}", bytes(tree.size())),
        largest: largest(tree),
    })
}

pub(super) fn too_large_zipped(tree: &Tree) -> Error {
    Error::TooLarge {
        dir: tree.dir.clone(),
        problem: format!(
            "holds {} and stays too large when zipped",
            bytes(tree.size())
        ),
        largest: largest(tree),
    }
}

fn largest(tree: &Tree) -> String {
    let mut files: Vec<_> = tree.files().collect();
    files.sort_by_key(|(name, size)| (std::cmp::Reverse(*size), *name));
    // Leaves out what makes no difference.
    let matters = files.first().map_or(0, |(_, size)| size / 100);
    let named = files.iter().filter(|(_, size)| *size >= matters);
    let named = named.take(NAMED);
    named
        .map(|(name, size)| format!("{name} ({})", bytes(*size)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A size for people, such as `1.9 GiB`.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut tenths = u128::from(count) * 10 / 1024;
    let mut unit = 0;
    while tenths >= 10 * 1024 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_what_a_person_reads() {
        for (count, shown) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1_048_575, "1023.9 KiB"),
            (2_147_483_648, "2.0 GiB"),
            (u64::MAX, "16777215.9 TiB"),
        ] {
            assert_eq!(bytes(count), shown);
        }
    }
}
