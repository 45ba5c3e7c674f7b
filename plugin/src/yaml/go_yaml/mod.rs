//! go-yaml's dialect, for manifests and kubeconfigs, as kubectl reads them with sigs.k8s.io/yaml: a
//! manifest that was read and written again means the same to `kubectl apply -f`.

mod number;
mod scalar;

use serde_json::Value;

use super::Error;
use super::reader::{Reader, Unreadable};
use scalar::Kubectl;

pub(super) use scalar::plain;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// One document of a file.
#[derive(Debug, PartialEq)]
pub struct Document<'a> {
    /// Null if the document has only comments.
    pub value: Value,
    /// The document's text without the separators around it.
    pub text: &'a str,
    /// Number of lines before the text, and of characters before it on its first line.
    pub start: (u64, u64),
    pub has_comments: bool,
}

pub fn documents(text: &str) -> Result<Vec<Document<'_>>, Error> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut documents = Vec::new();
    for part in split(text) {
        let (value, has_comments) = Reader::<Kubectl>::new(part.text)
            .document()
            .map_err(|error| part.place(error))?;
        documents.push(Document {
            value,
            text: without_start(part.text),
            start: part.start_of(without_start(part.text)),
            has_comments,
        });
    }
    Ok(documents)
}

/// A value read as JSON, with numbers as kubectl reads them; none if kubectl cannot.
pub fn of_json(value: Value) -> Option<Value> {
    Some(match value {
        Value::Number(number) => number::of_json(&number)?.into(),
        Value::Array(items) => {
            let items = items.into_iter().map(of_json);
            items.collect::<Option<Vec<_>>>()?.into()
        }
        Value::Object(fields) => {
            let fields = fields
                .into_iter()
                .map(|(key, value)| Some((key, of_json(value)?)));
            Value::Object(fields.collect::<Option<_>>()?)
        }
        other => other,
    })
}

/// The first document that is not empty, which is all kubectl reads of a kubeconfig.
pub fn first_document(text: &str) -> Result<Value, Error> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    for part in split(text) {
        let (value, _) = Reader::<Kubectl>::new(part.text)
            .forgiving()
            .document()
            .map_err(|error| part.place(error))?;
        if !value.is_null() {
            return Ok(value);
        }
    }
    Ok(Value::Null)
}

/// The text between two separators, and where it starts.
struct Part<'a> {
    text: &'a str,
    line: u64,
    column: u64,
}

impl Part<'_> {
    /// The start of `end`, a suffix of this part.
    fn start_of(&self, end: &str) -> (u64, u64) {
        let before = &self.text[..self.text.len() - end.len()];
        let lines = before.matches('\n').count() as u64;
        let last = before.rsplit('\n').next().unwrap_or_default();
        let column = if lines == 0 { self.column } else { 0 };
        (self.line + lines, column + last.chars().count() as u64)
    }

    fn place(&self, error: Unreadable) -> Error {
        let mut error = Error::new(self.text, error);
        if let Error::Syntax { line, column, .. } = &mut error {
            *column += if *line == 1 { self.column } else { 0 };
            *line += self.line;
        }
        error
    }
}

/// Splits as kubectl does, before it reads YAML: no document sees another's directives or anchors.
fn split(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut start, mut line, mut column) = (0, 0, 0);
    let mut offset = 0;
    for (number, whole) in (0..).zip(text.split_inclusive('\n')) {
        if let Some(rest) = after_separator(whole) {
            let text = &text[start..offset];
            parts.push(Part { text, line, column });
            let separator = whole.len() - rest.trim_start_matches([' ', '\t']).len();
            (start, line, column) = (offset + separator, number, separator as u64);
        }
        offset += whole.len();
    }
    let text = &text[start..];
    parts.push(Part { text, line, column });
    parts
}

/// `text` without leading blank lines, byte order marks and separators, which mean nothing at the
/// start of a file or after a separator.
fn without_start(text: &str) -> &str {
    let mut text = text.trim_start_matches(BYTE_ORDER_MARK);
    loop {
        text = match (after_separator(text), text.split_once('\n')) {
            (Some(rest), _) => rest.trim_start_matches([' ', '\t']),
            (None, Some((line, rest))) if line.trim().is_empty() => rest,
            _ => return text,
        }
        .trim_start_matches(BYTE_ORDER_MARK);
    }
}

/// What follows a separator at the start of the text.
fn after_separator(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("---")?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::yaml::tests::assert_placed;

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
            one("{8080: a, yes: b, 1.5: c, 0644: d, 8.0: e, ? f : g}"),
            json!({"8080": "a", "true": "b", "1.5": "c", "420": "d", "8": "e", "f": "g"})
        );
    }

    #[test]
    fn documents_know_where_they_start() {
        let text = "\u{feff}# a\n--- # b\nb: 1\n---\n\n--- \nc: 1\n--- d: 1\n";
        let starts: Vec<_> = documents(text)
            .unwrap()
            .iter()
            .map(|one| one.start)
            .collect();
        assert_eq!(starts, [(0, 0), (1, 4), (5, 0), (6, 0), (7, 4)]);
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
                ("# first\r\na: 1\r\n", &json!({"a": 1}), true),
                ("", &json!(null), false),
                ("  b: |\n    ---x\n   \n", &json!({"b": "---x\n"}), false),
                ("", &json!(null), false),
            ]
        );
    }

    #[test]
    fn a_byte_order_mark_is_none_of_the_text() {
        let text = "\u{feff}\u{feff}#c\na: 1\n---\n\u{feff}\n\u{feff}#d\nb: 2\n";
        let texts: Vec<_> = documents(text).unwrap().iter().map(|d| d.text).collect();
        assert_eq!(texts, ["#c\na: 1\n", "#d\nb: 2\n"]);
    }

    #[test]
    fn a_last_line_is_a_line_also_without_its_break() {
        for text in [
            "a: |\n  x",
            "a: |\n  x\n",
            "a: >\n  x",
            "a: |+\n  x",
            "a: |\n  x\n---",
        ] {
            assert_eq!(
                documents(text).unwrap()[0].value,
                json!({"a": "x\n"}),
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_placed() {
        let cases = [
            ("a: [1, 2\n", 1, 4, ""),
            ("a: 1\n---\nb: 1\n c: 2\n", 4, 3, ""),
            ("a:\n\t- 1\n", 2, 2, "tab"),
            ("--- {a: 1, a: 2}\n", 1, 12, "duplicate mapping key: a"),
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
            ("~: 1\n", 1, 1, "null is found where a key is expected"),
            (
                "? [a]\n: 1\n",
                1,
                3,
                "a list is found where a key is expected",
            ),
            ("a: !!int x\n", 1, 10, "\"x\" is not an integer"),
        ];
        for (text, line, column, problem) in cases {
            assert_placed(text, documents(text), (line, column), problem);
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
