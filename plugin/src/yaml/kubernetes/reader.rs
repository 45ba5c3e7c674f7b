//! One document, from the events of its parser to its value.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Options, Parser, ScalarStyle, Span, StrInput, Tag, options};
use serde_json::{Map, Value};

use super::scalar::{self, Kind};

/// As deep as JSON is read.
const MAX_DEPTH: usize = 128;
/// What all aliases of a document may stand for together, in values.
const MAX_COPIED: usize = 100_000;

#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) line: u64,
    pub(super) column: u64,
    pub(super) problem: String,
}

impl Unreadable {
    fn at(span: &Span, problem: impl Into<String>) -> Self {
        Self {
            line: span.start.line() as u64,
            column: span.start.col() as u64 + 1,
            problem: problem.into(),
        }
    }
}

pub(super) struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Value>,
    copied: usize,
    has_comments: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let options: Options = options! { max_buffered_comment_events: usize::MAX };
        Self {
            parser: Parser::new_from_str_with_options(text, options),
            anchors: HashMap::new(),
            copied: 0,
            has_comments: false,
        }
    }

    /// The value, and whether comments are around it.
    pub(super) fn document(mut self) -> Result<(Value, bool), Unreadable> {
        let mut value = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok((value.unwrap_or_default(), self.has_comments)),
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                _ if value.is_some() => {
                    return Err(Unreadable::at(&span, "a document without a --- before it"));
                }
                node => value = Some(self.node(node, &span, 0)?),
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Unreadable> {
        loop {
            match self.parser.next() {
                Some(Ok((Event::Comment(..), _))) => self.has_comments = true,
                Some(Ok(event)) => return Ok(event),
                Some(Err(error)) => {
                    let marker = error.marker();
                    return Err(Unreadable {
                        line: marker.line() as u64,
                        column: marker.col() as u64 + 1,
                        problem: error.info(),
                    });
                }
                None => return Ok((Event::StreamEnd, Span::default())),
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: &Span, depth: usize) -> Result<Value, Unreadable> {
        if depth > MAX_DEPTH {
            return Err(too_deep(span));
        }
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let kind = kind(style, tag.as_deref());
                let value = scalar::read(&text, kind)
                    .map_err(|not| Unreadable::at(span, format!("{text:?} is {not}")))?;
                (anchor, value)
            }
            Event::SequenceStart(_, anchor, _) => (anchor, self.sequence(depth)?),
            Event::MappingStart(_, anchor, _) => (anchor, self.mapping(depth)?),
            Event::Alias(anchor) => return self.alias(anchor, span, depth),
            other => return Err(Unreadable::at(span, format!("{other:?} is unexpected"))),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, Unreadable> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items.into()),
                (event, span) => items.push(self.node(event, &span, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, Unreadable> {
        let mut fields = Map::new();
        let mut written = HashSet::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(fields.into());
            }
            let merges = is_merge_key(&event);
            let key = self.node(event, &span, depth + 1)?;
            let (event, value_span) = self.next()?;
            let value = self.node(event, &value_span, depth + 1)?;
            if merges {
                merge(&mut fields, value).ok_or_else(|| {
                    Unreadable::at(&value_span, "<< takes a mapping or a list of mappings")
                })?;
                continue;
            }
            let key = scalar::key(key).map_err(|problem| Unreadable::at(&span, problem))?;
            if !written.insert(key.clone()) {
                return Err(Unreadable::at(
                    &span,
                    format!("duplicate mapping key: {key}"),
                ));
            }
            fields.insert(key, value);
        }
    }

    fn alias(&mut self, anchor: usize, span: &Span, depth: usize) -> Result<Value, Unreadable> {
        let value = self
            .anchors
            .get(&anchor)
            .ok_or_else(|| Unreadable::at(span, "an alias inside of what it stands for"))?;
        let size = Size::of(value);
        self.copied += size.values;
        if self.copied > MAX_COPIED {
            return Err(Unreadable::at(span, "aliases make the document too large"));
        }
        if depth + size.depth > MAX_DEPTH {
            return Err(too_deep(span));
        }
        Ok(value.clone())
    }
}

fn too_deep(span: &Span) -> Unreadable {
    Unreadable::at(span, format!("nested deeper than {MAX_DEPTH} levels"))
}

fn kind(style: ScalarStyle, tag: Option<&Tag>) -> Kind {
    match tag {
        Some(tag) => tag
            .suffix_in_namespace("tag:yaml.org,2002:")
            .map_or(Kind::Text, |suffix| Kind::of_core_tag(&suffix)),
        None if style == ScalarStyle::Plain => Kind::Plain,
        None => Kind::Text,
    }
}

fn is_merge_key(event: &Event<'_>) -> bool {
    matches!(event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<")
}

/// kubectl takes the fields of a merge where it stands: they replace what is above it, and only
/// what is below replaces them. Of several mappings the first wins.
fn merge(fields: &mut Map<String, Value>, value: Value) -> Option<()> {
    match value {
        Value::Object(merged) => fields.extend(merged),
        Value::Array(several) => {
            for merged in several.into_iter().rev() {
                let Value::Object(merged) = merged else {
                    return None;
                };
                fields.extend(merged);
            }
        }
        _ => return None,
    }
    Some(())
}

struct Size {
    values: usize,
    depth: usize,
}

impl Size {
    fn of(value: &Value) -> Self {
        let over = |inner: &mut dyn Iterator<Item = &Value>| {
            inner.map(Self::of).fold(
                Self {
                    values: 1,
                    depth: 0,
                },
                |sum, one| Self {
                    values: sum.values + one.values,
                    depth: sum.depth.max(one.depth + 1),
                },
            )
        };
        match value {
            Value::Array(items) => over(&mut items.iter()),
            Value::Object(fields) => over(&mut fields.values()),
            _ => Self {
                values: 1,
                depth: 0,
            },
        }
    }
}
