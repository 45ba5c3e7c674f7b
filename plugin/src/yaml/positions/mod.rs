//! Line and column of each value of a document, for messages that point into the file.
//!
//! A second pass over the parser's events ([`walk`]) finds them, once there is something to point
//! at. A value from an alias or a merge has the place where it is written, in the anchor's mapping.

pub mod embedded;
mod walk;
pub mod written;

use std::rc::Rc;

use written::{Role, Scalar, Written};

/// One step from a value into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Key(String),
    Index(usize),
}

/// A piece of one line; lines and columns count from 1, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: usize,
    pub column: usize,
    /// 0 if it spans several lines.
    pub length: usize,
}

/// A value's place in the file, and the values inside it.
#[derive(Debug)]
pub struct Node {
    pub value: Place,
    /// Line and column just after its last character.
    end: (usize, usize),
    pub is_anchored: bool,
    inner: Inner,
}

#[derive(Debug)]
enum Inner {
    Scalar(Written),
    Sequence(Vec<Rc<Node>>),
    Mapping(Vec<Entry>),
}

#[derive(Debug, Clone)]
struct Entry {
    /// The key in JSON.
    name: String,
    /// None if an alias or a merge brought the entry.
    written: Option<Written>,
    key: Place,
    node: Rc<Node>,
}

/// The value that a path leads to.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    pub key: Option<Place>,
    pub node: &'a Node,
}

impl Node {
    /// The value at `path`, or the last one on the way that exists.
    pub fn find(&self, path: &[Step]) -> Found<'_> {
        let mut found = Found {
            key: None,
            node: self,
        };
        for step in path {
            let next = match (step, &found.node.inner) {
                (Step::Key(name), Inner::Mapping(entries)) => entries
                    .iter()
                    .find(|entry| entry.name == *name)
                    .map(|entry| (Some(entry.key), &entry.node)),
                (Step::Index(index), Inner::Sequence(items)) => {
                    items.get(*index).map(|node| (None, node))
                }
                _ => None,
            };
            let Some((key, node)) = next else { break };
            found = Found { key, node };
        }
        found
    }

    /// Calls `visit` with each key and its value, however deep.
    pub fn for_each_field(&self, visit: &mut dyn FnMut(&str, &Node)) {
        match &self.inner {
            Inner::Scalar(_) => {}
            Inner::Sequence(items) => items.iter().for_each(|item| item.for_each_field(visit)),
            Inner::Mapping(entries) => {
                for entry in entries {
                    visit(&entry.name, &entry.node);
                    entry.node.for_each_field(visit);
                }
            }
        }
    }

    /// Calls `visit` with each scalar, key or value, and the names of the fields that contain it.
    pub fn for_each_written<'a>(
        &'a self,
        names: &mut Vec<&'a str>,
        visit: &mut dyn FnMut(Scalar<'_>),
    ) {
        match &self.inner {
            Inner::Scalar(written) => visit(Scalar {
                names,
                role: Role::Value,
                place: self.value,
                written,
            }),
            Inner::Sequence(items) => {
                for item in items {
                    item.for_each_written(names, visit);
                }
            }
            Inner::Mapping(entries) => {
                for entry in entries {
                    if let Some(written) = &entry.written {
                        visit(Scalar {
                            names,
                            role: Role::Key,
                            place: entry.key,
                            written,
                        });
                    }
                    names.push(&entry.name);
                    entry.node.for_each_written(names, visit);
                    names.pop();
                }
            }
        }
    }

    /// Calls `visit` with the part on each line of each scalar.
    pub fn for_each_scalar(&self, visit: &mut dyn FnMut(Place)) {
        match &self.inner {
            Inner::Scalar(_) => {
                visit(self.value);
                let (last, end) = self.end;
                for line in self.value.line + 1..=last {
                    // The last line may hold nothing of the scalar.
                    if line < last || end > 1 {
                        let length = if line == last { end - 1 } else { 0 };
                        visit(Place {
                            line,
                            column: 1,
                            length,
                        });
                    }
                }
            }
            Inner::Sequence(items) => items.iter().for_each(|item| item.for_each_scalar(visit)),
            Inner::Mapping(entries) => entries.iter().for_each(|entry| {
                let (key, value) = (entry.key, entry.node.value);
                // A tag or anchor before a value may really be the start of an unquoted value.
                if key.length > 0 {
                    let column = key.column + key.length + 2;
                    let length = if key.line == value.line {
                        value.column.saturating_sub(column)
                    } else {
                        0
                    };
                    if length > 0 || key.line != value.line {
                        visit(Place {
                            line: key.line,
                            column,
                            length,
                        });
                    }
                }
                entry.node.for_each_scalar(visit);
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<Step> {
        text.split('.')
            .map(|part| {
                part.parse()
                    .map_or_else(|_| Step::Key(part.to_owned()), Step::Index)
            })
            .collect()
    }

    fn at(text: &str, to: &str) -> (Option<(usize, usize)>, (usize, usize, usize)) {
        let root = Node::read(text).unwrap();
        let found = root.find(&path(to));
        let value = found.node.value;
        (
            found.key.map(|key| (key.line, key.column)),
            (value.line, value.column, value.length),
        )
    }

    #[test]
    fn values_are_found_where_they_are_written() {
        let text = "a:\n  - b: one\n    \"c\": 'ünö'\n  - {d: [x, 10]}\n";
        assert_eq!(at(text, "a.0.b"), (Some((2, 5)), (2, 8, 3)));
        assert_eq!(at(text, "a.0.c"), (Some((3, 5)), (3, 10, 5)));
        assert_eq!(at(text, "a.1.d.1"), (None, (4, 13, 2)));
        assert_eq!(at("{\"a\": {\"b\": tru}}", "a.b").1, (1, 13, 3));
        assert_eq!(at("---\n# c\na: 1\n", "a").1, (3, 4, 1));
        assert_eq!(
            at("\u{feff}a: 1\r\nb: 2\r\n", "b"),
            (Some((2, 1)), (2, 4, 1))
        );
        assert_eq!(at("ключ: {é: x}\n", "ключ.é"), (Some((1, 8)), (1, 11, 1)));
    }

    #[test]
    fn what_is_not_there_is_found_at_the_last_step_that_is() {
        assert_eq!(at("a: {b: 1}\n", "a.x.y"), (Some((1, 1)), (1, 4, 1)));
        assert_eq!(at("yes: {on: x}", "true.true").1, (1, 11, 1));
        assert!(Node::read("a: [\n").is_none() && Node::read("# nothing\n").is_none());
    }

    #[test]
    fn aliases_and_merges_lead_to_the_anchor() {
        let text = "\
base: &b
  p: 1
  q: 2
use: *b
one:
  <<: *b
  q: 3
two:
  <<: [{r: 4}, *b]
";
        assert_eq!(at(text, "use.q"), (Some((3, 3)), (3, 6, 1)));
        assert_eq!(at(text, "one.p").0, Some((2, 3)));
        assert_eq!(at(text, "one.q").0, Some((7, 3)));
        assert_eq!(at(text, "two.r").0, Some((9, 9)));
        assert_eq!(at(text, "two.q").0, Some((3, 3)));
        let root = Node::read(text).unwrap();
        assert!(root.find(&path("base")).node.is_anchored);
        assert!(!root.find(&path("one")).node.is_anchored);
    }
}
