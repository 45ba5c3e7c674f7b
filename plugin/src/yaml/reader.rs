//! Builds a document's value from the parser's events. Readers differ only in their [`Dialect`].

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Options, Parser, ScalarStyle, Span, StrInput, Tag, options};
use serde_json::{Map, Value};

use super::problem;

/// `serde_json`'s limit for nested JSON.
const MAX_DEPTH: usize = 128;
/// Values that all aliases of one document may expand to, together.
const MAX_COPIED: usize = 100_000;

/// A scalar as the file spells it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scalar<'a> {
    pub(super) text: &'a str,
    pub(super) is_plain: bool,
    pub(super) tag: Option<&'a Tag>,
    pub(super) is_key: bool,
}

/// One program's way to read YAML; problems are sentences for the user.
pub(super) trait Dialect {
    fn scalar(scalar: Scalar<'_>) -> Result<Value, String>;
    /// Whether a list or mapping may have this tag.
    fn collection(tag: &Tag, is_mapping: bool) -> Result<(), String>;
    /// A key as JSON has it, which is text.
    fn key(value: Value) -> Result<String, String>;
    fn is_merge_key(scalar: Scalar<'_>) -> bool;
    /// Whether `<<` replaces the keys above it; otherwise the mapping's own keys win.
    const MERGES_IN_PLACE: bool;
}

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

pub(super) struct Reader<'a, D> {
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Value>,
    copied: usize,
    has_comments: bool,
    dialect: std::marker::PhantomData<D>,
    /// Accepts a repeated key; the last one counts.
    forgiving: bool,
}

impl<'a, D: Dialect> Reader<'a, D> {
    pub(super) fn new(text: &'a str) -> Self {
        let options: Options = options! { max_buffered_comment_events: usize::MAX };
        Self {
            parser: Parser::new_from_str_with_options(text, options),
            anchors: HashMap::new(),
            copied: 0,
            has_comments: false,
            dialect: std::marker::PhantomData,
            forgiving: false,
        }
    }

    /// Accepts repeated keys, as kubectl does in a kubeconfig but not in a manifest.
    pub(super) fn forgiving(mut self) -> Self {
        self.forgiving = true;
        self
    }

    /// The only document, and whether comments are around it.
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
                node => value = Some(self.node(node, &span, 0, false)?),
            }
        }
    }

    /// Every document; an empty one is null.
    pub(super) fn documents(mut self) -> Result<Vec<Value>, Unreadable> {
        let mut documents = Vec::new();
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(documents),
                Event::StreamStart | Event::DocumentEnd => {}
                // Anchors end with their document.
                Event::DocumentStart(..) => self.anchors.clear(),
                node => documents.push(self.node(node, &span, 0, false)?),
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
                        problem: problem::sentence(error.kind()),
                    });
                }
                None => return Ok((Event::StreamEnd, Span::default())),
            }
        }
    }

    fn node(
        &mut self,
        event: Event<'a>,
        span: &Span,
        depth: usize,
        is_key: bool,
    ) -> Result<Value, Unreadable> {
        if depth > MAX_DEPTH {
            return Err(too_deep(span));
        }
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                // The parser gives an omitted value the text of a null.
                let is_left_out = span.start.index() == span.end.index();
                let is_plain = style == ScalarStyle::Plain;
                let scalar = Scalar {
                    text: if is_plain && is_left_out { "" } else { &text },
                    is_plain,
                    tag: tag.as_deref(),
                    is_key,
                };
                let value = D::scalar(scalar).map_err(|not| Unreadable::at(span, not))?;
                (anchor, value)
            }
            Event::SequenceStart(_, anchor, tag) => {
                check_tag::<D>(tag.as_deref(), false, span)?;
                (anchor, self.sequence(depth)?)
            }
            Event::MappingStart(_, anchor, tag) => {
                check_tag::<D>(tag.as_deref(), true, span)?;
                (anchor, self.mapping(depth)?)
            }
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
                (event, span) => items.push(self.node(event, &span, depth + 1, false)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, Unreadable> {
        let (mut fields, mut merged) = (Map::new(), Map::new());
        let mut written = HashSet::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                // Merged keys come first; the mapping's own keys replace them.
                merged.extend(fields);
                return Ok(merged.into());
            }
            let is_merge = is_merge_key::<D>(&event);
            let key = if is_merge {
                Value::Null
            } else {
                self.node(event, &span, depth + 1, true)?
            };
            let (event, value_span) = self.next()?;
            let value = self.node(event, &value_span, depth + 1, false)?;
            if is_merge {
                let into = if D::MERGES_IN_PLACE {
                    &mut fields
                } else {
                    &mut merged
                };
                merge(into, value).ok_or_else(|| {
                    Unreadable::at(&value_span, "<< takes a mapping or a list of mappings")
                })?;
                continue;
            }
            let key = D::key(key).map_err(|problem| Unreadable::at(&span, problem))?;
            if !written.insert(key.clone()) && !self.forgiving {
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

fn check_tag<D: Dialect>(
    tag: Option<&Tag>,
    is_mapping: bool,
    span: &Span,
) -> Result<(), Unreadable> {
    tag.map_or(Ok(()), |tag| D::collection(tag, is_mapping))
        .map_err(|problem| Unreadable::at(span, problem))
}

fn is_merge_key<D: Dialect>(event: &Event<'_>) -> bool {
    matches!(event, Event::Scalar(text, style, _, tag) if D::is_merge_key(Scalar {
        text,
        is_plain: *style == ScalarStyle::Plain,
        tag: tag.as_deref(),
        is_key: true,
    }))
}

/// Merges one mapping or a list of them, of which the first wins.
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
