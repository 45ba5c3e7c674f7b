//! Bytes that were right once: pieces replaced, as a fuzzer does it, for the tests that run in CI.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// One of `seeds` with one to five pieces of it replaced by one of `pieces`, by any bytes, or by a
/// piece from elsewhere in it.
pub(crate) fn spliced(
    seeds: Vec<Vec<u8>>,
    pieces: &'static [&'static str],
) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => select(pieces).prop_map(|text| Piece::Bytes(text.as_bytes().to_vec())),
        1 => vec(any::<u8>(), 0..4).prop_map(Piece::Bytes),
        1 => (any::<Index>(), 0..200_usize).prop_map(|(at, len)| Piece::Copy(at, len)),
    ];
    let splices = vec((any::<Index>(), 0..8_usize, piece), 1..6);
    (select(seeds), splices).prop_map(|(mut bytes, splices)| {
        for (at, len, piece) in splices {
            let range = range(&bytes, at, len);
            let with = match piece {
                Piece::Bytes(bytes) => bytes,
                Piece::Copy(at, len) => bytes[self::range(&bytes, at, len)].to_vec(),
            };
            bytes.splice(range, with);
        }
        bytes
    })
}

#[derive(Clone, Debug)]
enum Piece {
    Bytes(Vec<u8>),
    Copy(Index, usize),
}

fn range(bytes: &[u8], at: Index, len: usize) -> std::ops::Range<usize> {
    let start = at.index(bytes.len() + 1);
    start..(start + len).min(bytes.len())
}
