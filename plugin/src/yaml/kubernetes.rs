//! Kubernetes manifests, read as `kubectl apply -f` reads them, so that what was read and written
//! again means the same to it. serde-saphyr cannot be told all of that: it takes `oN` for a boolean
//! and `1_0.5` for text, and does not tell `yes` from `"yes"` in a key.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Options, Parser, ScalarStyle, Span, StrInput, Tag, options};
use serde_json::{Map, Value};

use super::Error;
use super::scalar::{self, Kind};

/// As deep as JSON is read.
const MAX_DEPTH: usize = 128;
/// What all aliases of a document may stand for together, in values.
const MAX_COPIED: usize = 100_000;

/// One document of a file.
#[derive(Debug, PartialEq)]
pub struct Document<'a> {
    /// Null where there is nothing but comments.
    pub value: Value,
    /// Without the separators around it.
    pub text: &'a str,
    pub has_comments: bool,
}

pub fn documents(text: &str) -> Result<Vec<Document<'_>>, Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut documents = Vec::new();
    for (first_line, text) in split(text) {
        let (value, has_comments) =
            Reader::new(text)
                .document()
                .map_err(|error| Error::Syntax {
                    line: error.line + first_line,
                    column: error.column,
                    problem: error.problem,
                })?;
        documents.push(Document {
            value,
            text: without_blank_start(text),
            has_comments,
        });
    }
    Ok(documents)
}

/// The texts between separators, each with the number of lines before it. kubectl splits before it
/// reads YAML, and so no document sees the directives or anchors of another.
fn split(text: &str) -> Vec<(u64, &str)> {
    let mut documents = Vec::new();
    let (mut start, mut start_line) = (0, 0);
    let mut offset = 0;
    for (number, line) in (0..).zip(text.split_inclusive('\n')) {
        if let Some(rest) = line.strip_prefix("---")
            && (rest.is_empty() || rest.starts_with(char::is_whitespace))
        {
            documents.push((start_line, &text[start..offset]));
            (start, start_line) = (offset + "---".len(), number);
        }
        offset += line.len();
    }
    documents.push((start_line, &text[start..]));
    documents
}

fn without_blank_start(text: &str) -> &str {
    let mut text = text;
    while let Some((line, rest)) = text.split_once('\n')
        && line.trim().is_empty()
    {
        text = rest;
    }
    text
}

#[derive(Debug)]
struct Unreadable {
    line: u64,
    column: u64,
    problem: String,
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

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Value>,
    copied: usize,
    has_comments: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let options: Options = options! { max_buffered_comment_events: usize::MAX };
        Self {
            parser: Parser::new_from_str_with_options(text, options),
            anchors: HashMap::new(),
            copied: 0,
            has_comments: false,
        }
    }

    fn document(mut self) -> Result<(Value, bool), Unreadable> {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(text: &str) -> Value {
        let mut documents = documents(text).unwrap();
        assert_eq!(documents.len(), 1, "{text:?}");
        documents.remove(0).value
    }

    #[test]
    fn merges_are_kubectl_s() {
        let text = "
b: &b {p: 1, q: 2}
c: &c {p: 9, z: 1}
above: {q: 3, <<: *b}
below: {<<: *b, q: 3}
both: {<<: [*b, *c]}
quoted: {\"<<\": *b}
";
        let read = one(text);
        assert_eq!(read["above"], json!({"q": 2, "p": 1}));
        assert_eq!(read["below"], json!({"p": 1, "q": 3}));
        assert_eq!(read["both"], json!({"p": 1, "z": 1, "q": 2}));
        assert_eq!(read["quoted"], json!({"<<": {"p": 1, "q": 2}}));
    }

    #[test]
    fn keys_become_text_as_in_kubectl() {
        assert_eq!(
            one("{8080: a, yes: b, 1.5: c, 0644: d, '08': e, ? f : g}"),
            json!({"8080": "a", "true": "b", "1.5": "c", "420": "d", "08": "e", "f": "g"})
        );
    }

    #[test]
    fn documents_are_told_apart_and_keep_their_text() {
        let text = "\u{feff}# of nobody\n\n--- # first\r\na: 1\r\n---\n---\n\n\n  b: |\n    ---x\n   \n---";
        let read = documents(text).unwrap();
        let parts: Vec<_> = read
            .iter()
            .map(|document| (document.text, &document.value, document.has_comments))
            .collect();
        assert_eq!(
            parts,
            [
                ("# of nobody\n\n", &json!(null), true),
                (" # first\r\na: 1\r\n", &json!({"a": 1}), true),
                ("", &json!(null), false),
                ("  b: |\n    ---x\n   \n", &json!({"b": "---x\n"}), false),
                ("", &json!(null), false),
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_placed() {
        let cases = [
            ("a: [1, 2\n", 1, 4, ""),
            ("a: 1\n---\nb: 1\n c: 2\n", 4, 3, ""),
            ("a:\n\t- 1\n", 2, 2, "tab"),
            ("--- {a: 1, a: 2}\n", 1, 9, "duplicate mapping key: a"),
            ("yes: 1\ntrue: 2\n", 2, 1, "duplicate mapping key: true"),
            (
                "a: .nan\n",
                1,
                4,
                "\".nan\" is a number that JSON does not have",
            ),
            ("a: *nowhere\n", 1, 4, ""),
            (
                "a: &a [*a]\n",
                1,
                8,
                "an alias inside of what it stands for",
            ),
            (
                "a: 1\n...\nb: 2\n",
                3,
                1,
                "a document without a --- before it",
            ),
            ("{a: {<<: 1}}\n", 1, 10, "<< takes a mapping"),
            ("~: 1\n", 1, 1, "null is no key"),
            ("? [a]\n: 1\n", 1, 3, "a list or mapping is no key"),
            ("a: !!int x\n", 1, 10, "\"x\" is not an integer"),
        ];
        for (text, line, column, problem) in cases {
            match documents(text) {
                Err(Error::Syntax {
                    line: at_line,
                    column: at_column,
                    problem: said,
                }) => {
                    assert_eq!((at_line, at_column), (line, column), "{text:?}: {said}");
                    assert!(said.contains(problem) && !said.contains('\n'), "{said}");
                }
                other => panic!("{text:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn depth_and_aliases_are_bounded_and_size_is_not() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(documents(&deep(100)).is_ok());
        assert!(documents(&deep(200)).is_err());
        assert!(documents(&deep(100_000)).is_err());
        let nested = format!(
            "a: &a {}\nb: &b [*a]\nc: {}*b{}\n",
            deep(60),
            "[".repeat(60),
            "]".repeat(60)
        );
        assert!(documents(&nested).is_ok());
        assert!(documents(&nested.replace("&b [*a]", &format!("&b {}", deep(70)))).is_err());

        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..10 {
            let alias = format!("*a{}, ", level - 1).repeat(10);
            bomb.push_str(&format!("a{level}: &a{level} [{alias}]\n"));
        }
        assert!(documents(&bomb).is_err());

        assert!(documents(&format!("[{}]", "1,".repeat(260_000))).is_ok());
        assert!(documents(&"# comment\n".repeat(10_000)).is_ok());
    }
}
