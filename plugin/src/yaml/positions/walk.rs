//! The pass over the parser's events that builds the tree of [`Node`]s.

use std::collections::HashMap;
use std::rc::Rc;

use granit_parser::{Event, Options, Parser, Span, StrInput, options};

use super::written::Written;
use super::{Entry, Inner, Node, Place};

impl Node {
    /// The tree of the first document, if that can be read.
    pub fn read(text: &str) -> Option<Rc<Self>> {
        let options: Options = options! { emit_comments: false };
        let mut walk = Walk {
            parser: Parser::new_from_str_with_options(text, options),
            anchors: HashMap::new(),
        };
        loop {
            match walk.next()? {
                (Event::StreamEnd, _) => return None,
                (Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd, _) => {}
                (event, span) => return walk.node(&event, &span),
            }
        }
    }
}

struct Walk<'a> {
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Rc<Node>>,
}

impl<'a> Walk<'a> {
    fn next(&mut self) -> Option<(Event<'a>, Span)> {
        loop {
            match self.parser.next()?.ok()? {
                (Event::Comment(..), _) => {}
                event => return Some(event),
            }
        }
    }

    fn node(&mut self, event: &Event<'a>, span: &Span) -> Option<Rc<Node>> {
        let (anchor, inner) = match event {
            Event::Scalar(_, _, anchor, _) => (*anchor, Inner::Scalar(Written::of(event)?)),
            Event::SequenceStart(_, anchor, _) => (*anchor, self.sequence()?),
            Event::MappingStart(_, anchor, _) => (*anchor, self.mapping()?),
            Event::Alias(anchor) => return self.anchors.get(anchor).cloned(),
            _ => return None,
        };
        let node = Rc::new(Node {
            value: place(span),
            end: (span.end.line(), span.end.col() + 1),
            is_anchored: anchor != 0,
            inner,
        });
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        Some(node)
    }

    fn sequence(&mut self) -> Option<Inner> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Some(Inner::Sequence(items)),
                (event, span) => items.push(self.node(&event, &span)?),
            }
        }
    }

    fn mapping(&mut self) -> Option<Inner> {
        let (mut entries, mut brought) = (Vec::new(), Vec::new());
        loop {
            let (event, key) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let written = Written::of(&event);
            let merges = written
                .as_ref()
                .is_some_and(|key| key.is_plain && key.text == "<<");
            let name = written.as_ref().map(Written::key).unwrap_or_default();
            self.node(&event, &key)?;
            let (event, span) = self.next()?;
            let node = self.node(&event, &span)?;
            if merges {
                merge(&mut brought, &node);
            } else {
                let key = place(&key);
                entries.push(Entry {
                    name,
                    written,
                    key,
                    node,
                });
            }
        }
        // Look-ups take the first entry of a name: the mapping's own, then the first merged one.
        entries.extend(brought);
        Some(Inner::Mapping(entries))
    }
}

fn merge(merged: &mut Vec<Entry>, node: &Node) {
    match &node.inner {
        Inner::Mapping(entries) => merged.extend(entries.iter().map(|entry| Entry {
            written: None,
            ..entry.clone()
        })),
        Inner::Sequence(several) => several.iter().for_each(|one| merge(merged, one)),
        Inner::Scalar(_) => {}
    }
}

fn place(span: &Span) -> Place {
    let (start, end) = (&span.start, &span.end);
    let length = if start.line() == end.line() {
        end.col().saturating_sub(start.col()).max(1)
    } else {
        0
    };
    Place {
        line: start.line(),
        column: start.col() + 1,
        length,
    }
}
