//! The parts of a `RayCluster` that the engine reads, taken from the review without building the
//! rest.
//!
//! As a tree of [`Value`]s JSON takes 10 to 40 times its bytes, and a review may have 7 MiB of it:
//! a handful of such trees would be the end of a small pod. The engine reads a few fields of them
//! and writes pointers, so the rest (status, managed fields, volumes, sidecars, ...) is checked for
//! being JSON and dropped as it passes. What is read is counted, and past [`MAX_BYTES`] not kept.
//!
//! Which fields those are says the engine, in [`ray_serve_inject::fields`]; the tests compare its
//! outcomes on excerpts and on whole objects.

use std::cell::Cell;
use std::fmt;

use ray_serve_inject::fields::{
    RAY_CLUSTER,
    Take::{self, Each, Fields, First, Text, Whole},
};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Memory for one object's excerpt. A container's environment of 1 MB, more than Linux starts a
/// process with, stays below it.
const MAX_BYTES: usize = 8 << 20;

// What the tree costs besides its text, roughly: a list doubles when it grows, a map makes room for
// three entries at once and from then on doubles too, with a hash and an index for each, and a key
// is a piece of memory of its own.
const ELEMENT_BYTES: usize = 2 * size_of::<Value>();
const MAP_BYTES: usize = 512;
const IN_MAP: usize = 3;
const ENTRY_BYTES: usize = ELEMENT_BYTES + 128;
const KEY_BYTES: usize = 32;

/// The one key of what `serde_json` hands over for a number with a point, or with more digits than a
/// machine word: it keeps each digit (feature `arbitrary_precision`), and serde has no type for that.
const NUMBER: &str = "$serde_json::private::Number";

/// An object as far as the engine reads it.
pub(crate) struct Excerpt {
    pub(crate) object: Value,
    /// Whether all that the engine reads is there: it must not be asked otherwise.
    pub(crate) is_complete: bool,
}

impl<'de> Deserialize<'de> for Excerpt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let room = Room(Cell::new(Some(MAX_BYTES)));
        let part = Part {
            take: &RAY_CLUSTER,
            room: &room,
        };
        Ok(Self {
            object: part.deserialize(deserializer)?.unwrap_or_default(),
            is_complete: room.0.get().is_some(),
        })
    }
}

/// Bytes left, or none once something did not fit.
struct Room(Cell<Option<usize>>);

impl Room {
    fn spend(&self, bytes: usize) -> bool {
        self.0
            .set(self.0.get().and_then(|left| left.checked_sub(bytes)));
        self.0.get().is_some()
    }
}

/// Reads a value as far as it is taken, or nothing.
#[derive(Clone, Copy)]
struct Part<'a> {
    take: &'static Take,
    room: &'a Room,
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Some(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Some(value.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        let is_taken = match self.take {
            Text(wanted) => wanted.contains(&text),
            _ => true,
        };
        Ok((is_taken && self.room.spend(text.len())).then(|| text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let (take, at_most) = match self.take {
            Whole => (&Whole, usize::MAX),
            Each(take) => (*take, usize::MAX),
            First(take) => (*take, 1),
            Fields(_) | Text(_) => (&Whole, 0),
        };
        let element = Part { take, ..self };
        let mut elements = Vec::new();
        while elements.len() < at_most && self.room.spend(ELEMENT_BYTES) {
            match list.next_element_seed(element)? {
                Some(value) => elements.push(value.unwrap_or_default()),
                None => return Ok(Some(elements.into())),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Some(elements.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut members = Map::new();
        let mut is_first = true;
        while let Some(key) = object.next_key_seed(Key(self.take))? {
            let was_first = std::mem::replace(&mut is_first, false);
            let (name, take) = match key {
                Kind::Taken(name, take) => (name, take),
                Kind::Number if was_first => {
                    let digits: String = object.next_value()?;
                    let number: Number = digits.parse().map_err(Error::custom)?;
                    return Ok(self.room.spend(digits.len()).then(|| number.into()));
                }
                Kind::Number | Kind::Left => {
                    object.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let room = match members.len() {
                0 => MAP_BYTES,
                1..IN_MAP => 0,
                _ => ENTRY_BYTES,
            };
            let member = Part { take, ..self };
            match object.next_value_seed(member)? {
                Some(value) if self.room.spend(room + KEY_BYTES + name.len()) => {
                    members.insert(name, value);
                }
                // JSON's last word on a key counts.
                _ => _ = members.remove(&name),
            }
        }
        Ok(Some(members.into()))
    }
}

/// What becomes of a key's value.
enum Kind {
    /// What is taken of it, under this name.
    Taken(String, &'static Take),
    /// It is the digits of a number.
    Number,
    Left,
}

struct Key(&'static Take);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Kind;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        if name == NUMBER {
            return Ok(Kind::Number);
        }
        let take = match self.0 {
            Whole => Some(&Whole),
            Fields(fields) => fields
                .iter()
                .find_map(|(field, take)| (*field == name).then_some(take)),
            Each(_) | First(_) | Text(_) => None,
        };
        Ok(take.map_or(Kind::Left, |take| Kind::Taken(name.to_owned(), take)))
    }
}

#[cfg(test)]
mod tests;
